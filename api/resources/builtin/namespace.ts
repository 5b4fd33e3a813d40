/** Source: kubernetes/pkg/registry/core/namespace/{strategy,storage/storage}.go. */
import { namespaceType } from "../../../crds/core.ts";
import { asList, asText, isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import { qualified } from "../../schema/names.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { always, atomic, list, listMap, struct, structPointer, text, textAt, time, typed } from "./builtin.ts";

const nameLabel = "kubernetes.io/metadata.name";

export const namespaces = typed({
  ...namespaceType,
  singular: "namespace",
  shortNames: ["ns"],
  description: "Namespace provides a scope for Names. Use of multiple namespaces is optional.",
  // A collection of namespaces cannot be deleted at once.
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: new Set(["status", "finalize"]),
  properties: {
    spec: struct("NamespaceSpec", {
      finalizers: atomic(list(text(), "Opaque values that must be gone before the namespace is removed.")),
    }),
    status: struct("NamespaceStatus", {
      phase: text("Active or Terminating."),
      conditions: listMap(
        list(
          structPointer("NamespaceCondition", {
            type: always(text()),
            status: always(text()),
            lastTransitionTime: always(time()),
            reason: text(),
            message: text(),
          }),
        ),
        "type",
      ),
    }),
  },
  mergeKeys: { "status.conditions": "type" },
  setDefaults: (namespace) => {
    if (asText((namespace["metadata"] as JsonObject)["name"]) !== "") label(namespace);
  },
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
  deletedInTwoSteps: true,
  prepareForCreate(namespace) {
    namespace["spec"] = { finalizers: withOurs(finalizersOf(namespace)) };
    namespace["status"] = { phase: "Active" };
    label(namespace);
    return finalizerCauses(namespace, () => "spec.finalizers");
  },
  prepareForUpdate(namespace, old) {
    namespace["spec"] = old["spec"];
    label(namespace);
    return [];
  },
  prepareForSubresourceUpdate: (namespace, subresource) => {
    if (subresource === "status") return phaseCauses(namespace);
    label(namespace);
    return finalizerCauses(namespace, (index) => `spec.finalizers[${index}]`);
  },
  prepareForDelete(namespace) {
    const { status } = namespace;
    namespace["status"] = { ...(isJsonObject(status) ? status : {}), phase: "Terminating" };
  },
  holdsDeletion: ({ spec }) => isJsonObject(spec) && Array.isArray(spec["finalizers"]) && spec["finalizers"].length > 0,
  subresourceWriters: {
    finalize(namespace, submitted) {
      namespace["spec"] = submitted["spec"];
      const metadata = { ...(namespace["metadata"] as JsonObject) };
      for (const field of writtenMetadata) {
        const value = (submitted["metadata"] as JsonObject)[field];
        if (value === undefined) Reflect.deleteProperty(metadata, field);
        else metadata[field] = value;
      }
      namespace["metadata"] = metadata;
    },
  },
});

/** What of the submitted metadata counts below finalize too. */
const writtenMetadata = ["labels", "annotations", "finalizers", "ownerReferences"] as const;

const finalizersOf = ({ spec }: JsonObject): readonly string[] =>
  isJsonObject(spec) ? asList(spec["finalizers"]).map(String) : [];

/** Whoever makes a namespace cannot do without the finalizer that empties it. */
const withOurs = (finalizers: readonly string[]): readonly string[] =>
  finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"];

const standardFinalizers: readonly string[] = ["kubernetes", "orphan", "foregroundDeletion"];

/** Source: validateFinalizerName. */
function finalizerCauses(namespace: JsonObject, pathOf: (index: number) => string): readonly StatusCause[] {
  return finalizersOf(namespace).flatMap((finalizer, index) => {
    const wrong = qualified(finalizer).map((why) => invalidValue(pathOf(index), finalizer, why));
    if (finalizer.includes("/") || standardFinalizers.includes(finalizer)) return wrong;
    const why = "name is neither a standard finalizer name nor is it fully qualified";
    return [...wrong, invalidValue(pathOf(index), finalizer, why)];
  });
}

/** Source: ValidateNamespaceStatusUpdate. */
function phaseCauses({ metadata, status }: JsonObject): readonly StatusCause[] {
  const phase = isJsonObject(status) ? (status["phase"] ?? "") : "";
  const going = (metadata as JsonObject)["deletionTimestamp"] !== undefined;
  if (phase === (going ? "Terminating" : "Active")) return [];
  const why = going
    ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
    : "may only be 'Active' if `deletionTimestamp` is empty";
  // Upstream writes the field so.
  return [invalidValue("status.Phase", phase, why)];
}

/** So that selectors can name a namespace. Source: Canonicalize in strategy.go. */
function label(namespace: JsonObject): void {
  const metadata = namespace["metadata"] as JsonObject;
  metadata["labels"] = { ...(metadata["labels"] as JsonObject | undefined), [nameLabel]: metadata["name"] };
}
