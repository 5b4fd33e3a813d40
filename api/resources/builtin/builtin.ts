/** What built-in kinds have in common, and words for writing their schemas. */
import type { KubeObject } from "../../../crds/meta.ts";
import { structuralObjectSchema } from "../../schema/structural.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject, ResourceDefinition } from "../definition.ts";

type Given = Pick<ResourceDefinition, "group" | "version" | "plural" | "kind" | "namespaced" | "singular"> &
  Partial<ResourceDefinition> & {
    readonly description: string;
    /** Of the fields besides apiVersion, kind and metadata. */
    readonly properties: JsonObject;
    readonly required?: readonly string[];
  };

/** Source: metav1.ObjectMeta's patch tags. */
const metadataMergeKeys = { "metadata.ownerReferences": "uid", "metadata.finalizers": "" };

export function builtin({ description, properties, required, ...given }: Given): ResourceDefinition {
  const openAPISchema: JsonObject = {
    type: "object",
    description,
    properties: { apiVersion: text(), kind: text(), metadata: { type: "object" }, ...properties },
    ...(required === undefined ? {} : { required }),
  };
  return {
    listKind: `${given.kind}List`,
    shortNames: [],
    categories: [],
    verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    subresources: new Set(),
    columns: [nameColumn, ageColumn],
    schema: structuralObjectSchema(openAPISchema),
    openAPISchema,
    selectableFields: {},
    hasGeneration: false,
    ...given,
    mergeKeys: { ...metadataMergeKeys, ...given.mergeKeys },
  };
}

export const text = (description?: string): JsonObject => described({ type: "string" }, description);
export const time = (description?: string): JsonObject =>
  described({ type: "string", format: "date-time" }, description);
export const flag = (description?: string): JsonObject => described({ type: "boolean" }, description);
export const integer = (description?: string): JsonObject =>
  described({ type: "integer", format: "int32" }, description);
export const object = (properties: JsonObject, description?: string): JsonObject =>
  described({ type: "object", properties }, description);
export const list = (items: JsonObject, description?: string): JsonObject =>
  described({ type: "array", items }, description);
export const mapOf = (values: JsonObject, description?: string): JsonObject =>
  described({ type: "object", additionalProperties: values }, description);

function described(schema: JsonObject, description: string | undefined): JsonObject {
  return description === undefined ? schema : { ...schema, description };
}

/** A string of an object, by its path; empty when it is not there: what field selectors compare. */
export function textAt(...path: readonly string[]): (object: KubeObject) => string {
  return (object) => {
    let value: unknown = object;
    for (const key of path)
      value =
        typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as JsonObject)[key] : "";
    return typeof value === "string" ? value : "";
  };
}
