/**
 * What server-side apply has to know of a schema: what of an object is one field, and what consists of fields.
 * Source: k8s.io/kube-openapi/pkg/schemaconv/{openapi,smd}.go, structured-merge-diff/v4/typed/helpers.go.
 */
import { asList, getOwn, isJsonObject } from "../../formats/json-object.ts";
import { metaName, metaSchemas } from "../openapi/meta-schemas.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { PathElement } from "./path-element.ts";
import { keyElement, valueElement } from "./path-element.ts";

/** A value of a type is what it looks like, as far as the type allows that. */
export interface FieldType {
  readonly scalar: ScalarType | undefined;
  readonly map: MapType | undefined;
  readonly list: ListType | undefined;
}

/** "untyped" may be anything, a list or a map too. */
export type ScalarType = "string" | "numeric" | "boolean" | "untyped";

export interface MapType {
  /** One field as a whole. */
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Of what is not in `fields`; undefined where nothing else is allowed. */
  readonly element: FieldType | undefined;
}

export interface ListType {
  readonly kind: "atomic" | "set" | "map";
  readonly element: FieldType;
  /** What tells the items of a list of kind map apart, with what an item means that does not say. */
  readonly keys: readonly { readonly name: string; readonly defaultValue: unknown }[];
}

const noFields: ReadonlyMap<string, FieldType> = new Map();

/** A value of which no schema says anything: lists are one field, the keys of maps are fields. */
export const deduced: FieldType = {
  scalar: "untyped",
  list: {
    kind: "atomic",
    get element() {
      return deduced;
    },
    keys: [],
  },
  map: {
    atomic: false,
    fields: noFields,
    get element() {
      return deduced;
    },
  },
};

export function typeAt({ fields, element }: MapType, key: string): FieldType | undefined {
  return fields.get(key) ?? element;
}

/** The one form that the value has; undefined where the type allows no such value, or the value is null. */
export function mapTypeOf(type: FieldType, value: unknown): MapType | undefined {
  return isJsonObject(value) ? type.map : undefined;
}

export function listTypeOf(type: FieldType, value: unknown): ListType | undefined {
  return Array.isArray(value) ? type.list : undefined;
}

/** How the item of a list is found. Throws Error in upstream's words where it cannot be. */
export function itemElement({ kind, keys }: ListType, item: unknown): PathElement {
  if (kind === "set") {
    if (isJsonObject(item)) throw new Error("associative list without keys has an element that's a map type");
    if (Array.isArray(item)) throw new Error("not supported: associative list with lists as elements");
    if (item === null) throw new Error("associative list without keys has an element that's an explicit null");
    return valueElement(item);
  }
  if (item === null) throw new Error("associative list with keys may not have a null element");
  if (!isJsonObject(item)) throw new Error("associative list with keys may not have non-map elements");
  return keyElement(
    keys.map(({ name, defaultValue }) => {
      const value = getOwn(item, name) ?? defaultValue;
      if (value !== undefined && value !== null) return [name, value];
      throw new Error(
        `associative list with keys has an element that omits key field ${JSON.stringify(name)} (and doesn't have default value)`,
      );
    }),
  );
}

/** The same where lists may hold what cannot be found: that belongs to nobody. */
export function findElement(type: ListType, item: unknown): PathElement | undefined {
  try {
    return itemElement(type, item);
  } catch {
    return undefined;
  }
}

const types = new WeakMap<JsonObject, FieldType>();

/** The type of a kind's objects. Made once for each schema. */
export function fieldTypeOf({ openAPISchema }: Pick<ResourceDefinition, "openAPISchema">): FieldType {
  const known = types.get(openAPISchema);
  if (known !== undefined) return known;
  const { map } = typeOf(openAPISchema, { preserve: false });
  const fields = new Map([...(map?.fields ?? noFields), ...objectFields()]);
  const type: FieldType = {
    scalar: undefined,
    list: undefined,
    map: {
      atomic: false,
      fields,
      element: map === undefined ? deduced : elementOf(openAPISchema, { preserve: false }),
    },
  };
  types.set(openAPISchema, type);
  return type;
}

interface Context {
  /** Whether a schema above this one keeps fields that are not in any schema. */
  readonly preserve: boolean;
}

function typeOf(schema: JsonObject, above: Context): FieldType {
  const context = { preserve: above.preserve || getOwn(schema, "x-kubernetes-preserve-unknown-fields") === true };
  switch (getOwn(schema, "type") ?? "") {
    case "":
      return referred(schema) ?? { scalar: "untyped", list: listOf(schema, context), map: mapOf(schema, context) };
    case "object":
      return { scalar: undefined, list: undefined, map: mapOf(schema, context) };
    case "array":
      return { scalar: undefined, list: listOf(schema, context), map: undefined };
    case "integer":
    case "number":
      return { scalar: "numeric", list: undefined, map: undefined };
    case "boolean":
      return { scalar: "boolean", list: undefined, map: undefined };
    default: {
      const format = getOwn(schema, "format") ?? "";
      return { scalar: format === "" || format === "byte" ? "string" : "untyped", list: undefined, map: undefined };
    }
  }
}

function mapOf(schema: JsonObject, context: Context): MapType {
  const fields = new Map<string, FieldType>();
  const properties = getOwn(schema, "properties");
  if (isJsonObject(properties))
    for (const [name, property] of Object.entries(properties))
      if (isJsonObject(property)) fields.set(name, typeOf(property, context));
  if (getOwn(schema, "x-kubernetes-embedded-resource") === true)
    for (const [name, type] of objectFields()) fields.set(name, type);
  return {
    atomic: getOwn(schema, "x-kubernetes-map-type") === "atomic",
    fields,
    element: elementOf(schema, context, fields.size === 0),
  };
}

function elementOf(schema: JsonObject, context: Context, bare = false): FieldType | undefined {
  const additional = getOwn(schema, "additionalProperties");
  if (isJsonObject(additional)) return typeOf(additional, context);
  if (additional === true) return deduced;
  if (additional === false) return undefined;
  const preserve = context.preserve || getOwn(schema, "x-kubernetes-preserve-unknown-fields") === true;
  return preserve || bare ? deduced : undefined;
}

function listOf(schema: JsonObject, context: Context): ListType {
  const items = getOwn(schema, "items");
  const element = isJsonObject(items) ? typeOf(items, context) : deduced;
  const kind = getOwn(schema, "x-kubernetes-list-type");
  if (kind === "set") return { kind, element, keys: [] };
  if (kind !== "map") return { kind: "atomic", element, keys: [] };
  const names = asList(getOwn(schema, "x-kubernetes-list-map-keys")).filter((name) => typeof name === "string");
  const properties = isJsonObject(items) ? getOwn(items, "properties") : undefined;
  const defaultOf = (name: string): unknown => {
    const property = isJsonObject(properties) ? getOwn(properties, name) : undefined;
    return isJsonObject(property) ? getOwn(property, "default") : undefined;
  };
  return { kind, element, keys: names.map((name) => ({ name, defaultValue: defaultOf(name) })) };
}

let meta: JsonObject | undefined;

/** A type of metav1 that a schema of metav1 refers to. */
function referred(schema: JsonObject): FieldType | undefined {
  const name = getOwn(schema, "$ref");
  if (typeof name !== "string") return undefined;
  meta ??= metaSchemas((referredName) => ({ $ref: referredName }));
  const target = getOwn(meta, name);
  return isJsonObject(target) ? typeOf(target, { preserve: false }) : undefined;
}

const text: FieldType = { scalar: "string", list: undefined, map: undefined };
let shared: readonly (readonly [string, FieldType])[] | undefined;

/** What every object has. */
function objectFields(): readonly (readonly [string, FieldType])[] {
  shared ??= [
    ["apiVersion", text],
    ["kind", text],
    ["metadata", referred({ $ref: metaName("ObjectMeta") }) ?? deduced],
  ];
  return shared;
}
