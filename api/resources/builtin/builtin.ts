/** What built-in kinds have in common, and words for writing their schemas. */
import type { KubeObject } from "../../../crds/meta.ts";
import { structuralObjectSchema } from "../../schema/structural.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject, ResourceDefinition } from "../definition.ts";
import { checkGoTypes, describeGo, writeAsGo } from "./go-json.ts";

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
  const schema = structuralObjectSchema(openAPISchema);
  return {
    listKind: `${given.kind}List`,
    shortNames: [],
    categories: [],
    verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    subresources: new Set(),
    columns: [nameColumn, ageColumn],
    schema,
    openAPISchema,
    selectableFields: {},
    hasGeneration: false,
    ...given,
    mergeKeys: { ...metadataMergeKeys, ...given.mergeKeys },
  };
}

/**
 * A kind whose bodies are read and written as Go does it: `properties` say all about the Go types. What upstream checks
 * beyond types is left to `prepareForCreate` and `prepareForUpdate`. `setDefaults` fills in, in place, what upstream's
 * defaulting functions do.
 */
export function typed({
  setDefaults,
  ...given
}: Given & { readonly setDefaults?: (object: JsonObject) => void }): ResourceDefinition {
  const definition = builtin(given);
  const { schema, openAPISchema, kind, version } = definition;
  return {
    ...definition,
    schema: {
      prune(object) {
        checkGoTypes(object, openAPISchema, kind, version);
        return schema.prune(object);
      },
      applyDefaults(object) {
        setDefaults?.(object);
        writeAsGo(object, openAPISchema);
      },
      validate: () => [],
    },
  };
}

export const text = (description?: string): JsonObject => described({ type: "string" }, description);
export const time = (description?: string): JsonObject =>
  described({ type: "string", format: "date-time" }, description);
/** metav1.MicroTime: with six digits of a second. */
export const microTime = (description?: string): JsonObject => describeGo(time(description), { type: "microTime" });
export const flag = (description?: string): JsonObject => described({ type: "boolean" }, description);
export const integer = (description?: string): JsonObject =>
  described({ type: "integer", format: "int32" }, description);
export const int64 = (description?: string): JsonObject =>
  describeGo(described({ type: "integer", format: "int64" }, description), { type: "int64" });
/** In base64. */
export const bytes = (description?: string): JsonObject =>
  describeGo(described({ type: "string", format: "byte" }, description), { type: "bytes" });
/** resource.Quantity: text, or a number. */
export const quantity = (): JsonObject => describeGo({ "x-kubernetes-int-or-string": true }, { type: "quantity" });
export const object = (properties: JsonObject, description?: string): JsonObject =>
  described({ type: "object", properties }, description);
export const list = (items: JsonObject, description?: string): JsonObject =>
  described({ type: "array", items }, description);
export const mapOf = (values: JsonObject, description?: string): JsonObject =>
  described({ type: "object", additionalProperties: values }, description);

/** A pointer in Go: false, 0 and "" are kept. */
export const pointer = (schema: JsonObject): JsonObject => describeGo(schema, { pointer: true });
/** Without omitempty in Go: served even when it is empty. */
export const always = (schema: JsonObject): JsonObject => describeGo(schema, { always: true });
/** A struct that is there even when it is empty; `name` is that of its Go type. */
export const struct = (name: string, properties: JsonObject, description?: string): JsonObject =>
  describeGo(object(properties, description), { struct: name, always: true });
/** A pointer to a struct, or what lists of structs hold. */
export const structPointer = (name: string, properties: JsonObject, description?: string): JsonObject =>
  describeGo(object(properties, description), { struct: name, pointer: true });

/** Server-side apply owns such a list as a whole. */
export const atomic = (schema: JsonObject): JsonObject => annotated(schema, { "x-kubernetes-list-type": "atomic" });
/** Server-side apply owns the items, which are told apart by `keys`. */
export const listMap = (schema: JsonObject, ...keys: readonly string[]): JsonObject =>
  annotated(schema, { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys });
export const atomicMap = (schema: JsonObject): JsonObject => annotated(schema, { "x-kubernetes-map-type": "atomic" });

const annotated = (schema: JsonObject, extensions: JsonObject): JsonObject => Object.assign(schema, extensions);

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
