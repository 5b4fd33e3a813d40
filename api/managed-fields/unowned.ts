import { fieldSetOf } from "./field-set.ts";

/** What nobody owns: the server's own. Source: managedfields/internal/stripmeta.go. */
export const unowned = fieldSetOf(
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((field) => ["metadata", field]),
);
