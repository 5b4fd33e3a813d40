/** Source: kubernetes/pkg/registry/core/namespace/{strategy,storage/storage}.go. */
import { namespaceType } from "../../../crds/core.ts";
import { isJsonObject } from "../../../formats/json-object.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { builtin, list, object, text, textAt, time } from "./builtin.ts";

const nameLabel = "kubernetes.io/metadata.name";

export const namespaces = builtin({
  ...namespaceType,
  singular: "namespace",
  shortNames: ["ns"],
  description: "Namespace provides a scope for Names. Use of multiple namespaces is optional.",
  // A collection of namespaces cannot be deleted at once.
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: new Set(["status", "finalize"]),
  properties: {
    spec: object({ finalizers: list(text(), "Opaque values that must be gone before the namespace is removed.") }),
    status: object({
      phase: text("Active or Terminating."),
      conditions: list(
        object({
          type: text(),
          status: text(),
          reason: text(),
          message: text(),
          lastTransitionTime: time(),
        }),
      ),
    }),
  },
  mergeKeys: { "status.conditions": "type" },
  columns: [
    nameColumn,
    {
      name: "Status",
      type: "string",
      description: "The status of the namespace",
      priority: 0,
      value: textAt("status", "phase"),
    },
    ageColumn,
  ],
  selectableFields: { "status.phase": textAt("status", "phase") },
  unconditionalUpdate: true,
  prepareForCreate(namespace) {
    namespace["spec"] = { finalizers: ["kubernetes"] };
    namespace["status"] = { phase: "Active" };
    label(namespace);
    return [];
  },
  prepareForUpdate(namespace, old) {
    namespace["spec"] = old["spec"];
    label(namespace);
    return [];
  },
  prepareForDelete(namespace) {
    const { status } = namespace;
    namespace["status"] = { ...(isJsonObject(status) ? status : {}), phase: "Terminating" };
  },
  holdsDeletion: ({ spec }) => isJsonObject(spec) && Array.isArray(spec["finalizers"]) && spec["finalizers"].length > 0,
  subresourceWriters: {
    finalize(namespace, submitted) {
      namespace["spec"] = submitted["spec"];
    },
  },
});

/** So that selectors can name a namespace. Source: Canonicalize in strategy.go. */
function label(namespace: JsonObject): void {
  const metadata = namespace["metadata"] as JsonObject;
  metadata["labels"] = { ...(metadata["labels"] as JsonObject | undefined), [nameLabel]: metadata["name"] };
}
