/**
 * What Go's encoding/json makes of a body on its way into the types of k8s.io/api and out again: values of the wrong
 * type are refused, times and quantities get their one form, and what Go leaves out is left out.
 * Source: sigs.k8s.io/json; apimachinery/pkg/apis/meta/v1/{time,micro_time}.go; the json tags of k8s.io/api.
 */
import { canonicalQuantity, quantityFormatError } from "../../../crds/amount.ts";
import { formatTime } from "../../../crds/meta.ts";
import { asList, asText, childPath, getOwn, isJsonObject, setOwn } from "../../../formats/json-object.ts";
import { goTypeOf } from "../../decode.ts";
import { badRequest } from "../../status.ts";
import type { JsonObject } from "../definition.ts";

/** What a schema does not say of a field's Go type. */
export interface GoField {
  /** Name of the struct: PolicyRule. */
  readonly struct?: string;
  /** Where the schema's type and format leave it open. */
  readonly type?: "bytes" | "int64" | "microTime" | "quantity";
  /** A pointer: its zero value is kept. */
  readonly pointer?: true;
  /** Has no omitempty, or is a struct: there even when it is empty. */
  readonly always?: true;
}

/** Keyed by the schema of the field; beside it, for OpenAPI documents have no place for this. */
const goFields = new WeakMap<JsonObject, GoField>();

/** Says more about a field's Go type. Returns `schema`. */
export function describeGo(schema: JsonObject, field: GoField): JsonObject {
  goFields.set(schema, { ...goFields.get(schema), ...field });
  return schema;
}

const goField = (schema: JsonObject): GoField => goFields.get(schema) ?? {};

const childrenOf = (schema: JsonObject): JsonObject => {
  const properties = getOwn(schema, "properties");
  return isJsonObject(properties) ? properties : {};
};

const child = (schema: JsonObject, key: string): JsonObject | undefined => {
  const found = getOwn(schema, key);
  return isJsonObject(found) ? found : undefined;
};

/** Whether anything may be there. */
const isOpen = (schema: JsonObject): boolean => schema["x-kubernetes-preserve-unknown-fields"] === true;

/**
 * Refuses, in `object`, the first value that Go could not take. `kind` is that of the object. Throws BadRequest.
 * metadata is looked at elsewhere (schema/metadata.ts).
 */
export function checkGoTypes(object: JsonObject, schema: JsonObject, kind: string, version: string): void {
  const refuse = (why: string): never => {
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
  };
  for (const [key, property] of Object.entries(childrenOf(schema)))
    if (key !== "metadata" && isJsonObject(property)) checkValue(getOwn(object, key), property, kind, key, refuse);
}

type Refuse = (why: string) => never;

function checkValue(value: unknown, schema: JsonObject, struct: string, path: string, refuse: Refuse): void {
  if (value === undefined || value === null || isOpen(schema)) return;
  if (goField(schema).type === "quantity") {
    checkQuantity(value, refuse);
    return;
  }
  const wrong = (what = goTypeOf(value)): never =>
    refuse(`json: cannot unmarshal ${what} into Go struct field ${struct}.${path} of type ${goTypeName(schema)}`);
  switch (schema["type"]) {
    case "string":
      if (typeof value !== "string") wrong();
      else checkText(value, schema, refuse);
      return;
    case "boolean":
      if (typeof value !== "boolean") wrong();
      return;
    case "integer":
      if (typeof value !== "number") wrong();
      else if (!Number.isSafeInteger(value) || (goField(schema).type !== "int64" && Math.abs(value) > 2 ** 31))
        wrong(`number ${value}`);
      return;
    case "array":
      if (!Array.isArray(value)) wrong();
      checkItems(asList(value), schema, struct, path, refuse);
      return;
    case "object":
      if (isJsonObject(value)) checkObject(value, schema, struct, path, refuse);
      else wrong();
  }
}

function checkItems(items: readonly unknown[], schema: JsonObject, struct: string, path: string, refuse: Refuse): void {
  const item = child(schema, "items");
  if (item !== undefined) for (const value of items) checkValue(value, item, struct, path, refuse);
}

function checkObject(value: JsonObject, schema: JsonObject, struct: string, path: string, refuse: Refuse): void {
  const values = child(schema, "additionalProperties");
  if (values !== undefined) {
    for (const entry of Object.values(value)) checkValue(entry, values, struct, path, refuse);
    return;
  }
  const within = goField(schema).struct ?? structNameOf(struct, path);
  for (const [key, property] of Object.entries(childrenOf(schema)))
    if (isJsonObject(property)) checkValue(getOwn(value, key), property, within, childPath(path, key), refuse);
}

/** Most structs are called so: LeaseSpec is the spec of Lease. */
function structNameOf(parent: string, path: string): string {
  const field = path.slice(path.lastIndexOf(".") + 1);
  return `${parent}${field.slice(0, 1).toUpperCase()}${field.slice(1)}`;
}

function goTypeName(schema: JsonObject): string {
  const { type, struct } = goField(schema);
  const items = child(schema, "items");
  const values = child(schema, "additionalProperties");
  switch (schema["type"]) {
    case "boolean":
      return "bool";
    case "integer":
      return type === "int64" ? "int64" : "int32";
    case "array":
      return `[]${items === undefined ? "string" : goTypeName(items)}`;
    case "object":
      return values === undefined ? `v1.${struct ?? "Object"}` : `map[string]${goTypeName(values)}`;
    default:
      return type === "bytes" ? "[]uint8" : "string";
  }
}

function checkQuantity(value: unknown, refuse: Refuse): void {
  try {
    canonicalQuantity(typeof value === "number" ? value : asText(value));
  } catch {
    refuse(quantityFormatError);
  }
}

const timeLayouts = { time: "2006-01-02T15:04:05Z07:00", microTime: "2006-01-02T15:04:05.000000Z07:00" } as const;
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([.,]\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Where text stops being base64; Go's decoder skips the ends of lines. */
function base64Problem(value: string): number | undefined {
  const text = value.replace(/[\r\n]/g, "");
  const stray = /[^A-Za-z0-9+/]/.exec(text.replace(/={0,2}$/, ""))?.index;
  return stray ?? (text.length % 4 === 0 ? undefined : text.length);
}

function checkText(value: string, schema: JsonObject, refuse: Refuse): void {
  const { type } = goField(schema);
  const problem = type === "bytes" ? base64Problem(value) : undefined;
  if (problem !== undefined) refuse(`illegal base64 data at input byte ${problem}`);
  if (schema["format"] === "date-time") {
    const layout = timeLayouts[type === "microTime" ? type : "time"];
    const [, fraction] = timePattern.exec(value) ?? [];
    const parsed = timePattern.test(value) && !Number.isNaN(Date.parse(value));
    if (!parsed)
      refuse(`parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`);
    // Go's layout asks for exactly these digits.
    if (type === "microTime" && fraction?.length !== 7)
      refuse(
        `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value.slice(19))} as ".000000"`,
      );
  }
}

/** Gives `object`, in place, the form that Go would write. Its types have been checked. metadata is left alone. */
export function writeAsGo(object: JsonObject, schema: JsonObject): void {
  for (const [key, property] of Object.entries(childrenOf(schema))) {
    if (key === "metadata" || !isJsonObject(property) || isOpen(property)) continue;
    const value = canonical(getOwn(object, key), property);
    const { pointer, always } = goField(property);
    // A list in protobuf, as objects are stored, is not there when it is empty.
    const absent = value === undefined || (Array.isArray(value) && value.length === 0);
    if (always === true && absent) setOwn(object, key, pointer === true ? null : zeroOf(property));
    else if (value === undefined || (pointer !== true && always !== true && isZero(value)))
      Reflect.deleteProperty(object, key);
    else setOwn(object, key, value);
  }
}

/** Undefined for null. */
function canonical(value: unknown, schema: JsonObject): unknown {
  if (value === undefined || value === null) return undefined;
  if (isOpen(schema)) return value;
  const items = child(schema, "items");
  const values = child(schema, "additionalProperties");
  if (Array.isArray(value))
    return items === undefined ? value : value.map((item) => canonical(item, items) ?? zeroOf(items));
  if (isJsonObject(value)) {
    if (values === undefined) writeAsGo(value, schema);
    else for (const key of Object.keys(value)) setOwn(value, key, canonical(value[key], values) ?? zeroOf(values));
    return value;
  }
  const { type } = goField(schema);
  if (type === "quantity") return canonicalQuantity(value as string | number);
  if (type === "bytes") return (value as string).replace(/[\r\n]/g, "");
  if (schema["format"] !== "date-time" || typeof value !== "string") return value;
  const time = new Date(value);
  return type === "microTime"
    ? `${time.toISOString().slice(0, 19)}${/\.\d{6}/.exec(value)?.[0] ?? ".000000"}Z`
    : formatTime(time);
}

function isZero(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === "" || value === 0 || value === false;
}

function zeroOf(schema: JsonObject): unknown {
  if (goField(schema).type === "quantity") return "0";
  switch (schema["type"]) {
    case "string":
      return schema["format"] === "date-time" ? null : "";
    case "integer":
      return 0;
    case "boolean":
      return false;
    case "object": {
      if (child(schema, "additionalProperties") !== undefined) return null;
      const empty: JsonObject = {};
      writeAsGo(empty, schema);
      return empty;
    }
    default:
      return null;
  }
}
