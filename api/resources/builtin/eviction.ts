/** What a Container is evicted with: containers/NAME/eviction takes it. Source: k8s.io/api/policy/v1/types.go. */
import { int64, list, pointer, structPointer, text, typed } from "./builtin.ts";

export const evictions = typed({
  group: "policy",
  version: "v1",
  plural: "evictions",
  kind: "Eviction",
  namespaced: true,
  singular: "eviction",
  verbs: ["create"],
  isAnswered: true,
  description: "Eviction asks a Container to leave its Host, as far as DisruptionBudgets let it.",
  properties: {
    deleteOptions: structPointer(
      "DeleteOptions",
      {
        kind: text(),
        apiVersion: text(),
        gracePeriodSeconds: pointer(int64()),
        preconditions: structPointer("Preconditions", {
          uid: pointer(text("The Container's uid.")),
          resourceVersion: pointer(text("The Container's resourceVersion.")),
        }),
        propagationPolicy: pointer(text()),
        dryRun: list(text(), "All: decide, and do nothing."),
      },
      "Of these, dryRun and preconditions count.",
    ),
  },
});
