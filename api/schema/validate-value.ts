/**
 * Validates a value against a schema. Order and wording are those of kube-openapi/pkg/validation (go-openapi/validate),
 * the reasons those of apiextensions-apiserver/pkg/apiserver/validation/validation.go.
 */
import { isDeepStrictEqual } from "node:util";
import { childPath, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { correlatedItems } from "./correlation.ts";
import { invalidValue, notSupported, required, tooLong, tooMany, typeInvalid } from "./field-errors.ts";
import type { SchemaNode } from "./schema-node.ts";

/**
 * Adds what is wrong to `causes`. What was wrong before an update and has not changed may stay: `old` is what `value`
 * replaces, undefined where nobody knows. Source: apiextensions-apiserver/pkg/apiserver/validation/ratcheting.go.
 */
export function validateValue(
  value: unknown,
  node: SchemaNode,
  path: string,
  causes: StatusCause[],
  old?: unknown,
): void {
  const before = causes.length;
  validateAll(value, node, path, causes, old);
  if (causes.length > before && old !== undefined && isDeepStrictEqual(value, old)) causes.length = before;
}

function validateAll(value: unknown, node: SchemaNode, path: string, causes: StatusCause[], old: unknown): void {
  if (value === null || value === undefined) {
    if (!node.nullable && node.types.length > 0) causes.push(wrongType(path, node, "null"));
    return;
  }
  const type = typeOf(value);
  if (node.types.length > 0 && !accepts(node.types, type)) causes.push(wrongType(path, node, type));
  validateCombinations(value, node, path, causes);
  if (typeof value === "string") validateString(value, node, path, causes);
  else if (typeof value === "number") validateNumber(value, node, path, causes);
  else if (Array.isArray(value)) validateList(value, node, path, causes, old);
  if (node.enum !== undefined && !node.enum.some((one) => one === value || isDeepStrictEqual(one, value)))
    causes.push(notSupported(path, value, node.enum));
  if (isJsonObject(value)) validateObject(value, node, path, causes, old);
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "number";
  return typeof value;
}

function accepts(types: readonly string[], type: string): boolean {
  return types.includes(type) || (type === "integer" && types.includes("number"));
}

function wrongType(path: string, { types }: SchemaNode, actual: string): StatusCause {
  return typeInvalid(path, actual, `${path} in body must be of type ${types.join(",")}: "${actual}"`);
}

function validateString(value: string, node: SchemaNode, path: string, causes: StatusCause[]): void {
  const cause = stringProblem(value, node, path);
  if (cause !== undefined) causes.push(cause);
  const { format } = node;
  if (format !== undefined && !format.accepts(value))
    causes.push(typeInvalid(path, value, `${path} in body must be of type ${format.name}: ${JSON.stringify(value)}`));
}

/** Only the first thing that is wrong with a string is told. */
function stringProblem(value: string, { limits, pattern }: SchemaNode, path: string): StatusCause | undefined {
  const { minLength, maxLength } = limits;
  if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength)
    return tooLong(path, maxLength);
  if (minLength !== undefined && characters(value) < minLength)
    return invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`);
  if (pattern !== undefined && !pattern.matches(value))
    return invalidValue(path, value, `${path} in body should match '${pattern.source}'`);
  return undefined;
}

/** Code points, not UTF-16 units. */
function characters(value: string): number {
  let count = 0;
  for (const character of value) count += character.length > 0 ? 1 : 0;
  return count;
}

function validateNumber(value: number, { limits }: SchemaNode, path: string, causes: StatusCause[]): void {
  const { multipleOf, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = limits;
  const wrong = (what: string): void => {
    causes.push(invalidValue(path, value, `${path} in body should be ${what}`));
  };
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) wrong(`a multiple of ${multipleOf}`);
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
    wrong(`less than ${exclusiveMaximum ? "" : "or equal to "}${maximum}`);
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
    wrong(`greater than ${exclusiveMinimum ? "" : "or equal to "}${minimum}`);
}

function validateList(
  value: readonly unknown[],
  node: SchemaNode,
  path: string,
  causes: StatusCause[],
  old: unknown,
): void {
  const { minItems, maxItems, uniqueItems } = node.limits;
  // Upstream looks at each item all the same; a list that is far too long would cost far too much.
  if (maxItems !== undefined && value.length > maxItems) {
    causes.push(tooMany(path, value.length, maxItems));
    return;
  }
  if (node.items !== undefined) {
    const before = correlatedItems(old, node);
    for (const [index, item] of value.entries())
      validateValue(item, node.items, `${path}[${index}]`, causes, before(item));
  }
  if (minItems !== undefined && value.length < minItems)
    causes.push(invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`));
  if (uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length)
    causes.push(invalidValue(path, "", `${path} in body shouldn't contain duplicates`));
}

function validateObject(value: JsonObject, node: SchemaNode, path: string, causes: StatusCause[], old: unknown): void {
  const keys = Object.keys(value);
  const { minProperties, maxProperties } = node.limits;
  if (minProperties !== undefined && keys.length < minProperties) {
    causes.push(invalidValue(path, keys.length, `${path} in body should have at least ${minProperties} properties`));
    return;
  }
  if (maxProperties !== undefined && keys.length > maxProperties) {
    causes.push(tooMany(path, keys.length, maxProperties));
    return;
  }
  const before = isJsonObject(old) && !node.atomicMap ? old : {};
  for (const key of keys) {
    const property = node.properties.get(key) ?? node.additional;
    if (property instanceof Object)
      validateValue(value[key], property, childPath(path, key), causes, getOwn(before, key));
  }
  for (const name of node.required) if (getOwn(value, name) === undefined) causes.push(required(childPath(path, name)));
}

function validateCombinations(value: unknown, node: SchemaNode, path: string, causes: StatusCause[]): void {
  const say = (what: string): void => {
    // go-openapi gives no name for what it says of several schemas at once.
    causes.push(invalidValue("<nil>", "", `"${path}" ${what}`));
  };
  if (node.anyOf.length > 0 && !node.anyOf.some((one) => fits(value, one, path))) {
    say("must validate at least one schema (anyOf)");
    causes.push(...closest(value, node.anyOf, path));
  }
  if (node.oneOf.length > 0) {
    const fitting = node.oneOf.filter((one) => fits(value, one, path)).length;
    if (fitting !== 1)
      say(
        `must validate one and only one schema (oneOf). Found ${fitting === 0 ? "none valid" : `${fitting} valid alternatives`}`,
      );
    if (fitting === 0) causes.push(...closest(value, node.oneOf, path));
  }
  const before = causes.length;
  for (const one of node.allOf) validateValue(value, one, path, causes);
  if (causes.length > before) {
    const none = node.allOf.every((one) => !fits(value, one, path));
    say(`must validate all the schemas (allOf)${none ? ". None validated" : ""}`);
  }
  if (node.not !== undefined && fits(value, node.not, path)) say("must not validate the schema (not)");
}

function problems(value: unknown, node: SchemaNode, path: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  validateValue(value, node, path, causes);
  return causes;
}

const fits = (value: unknown, node: SchemaNode, path: string): boolean => problems(value, node, path).length === 0;

/** What is wrong by the alternative that is wrong in the fewest ways: the one that was likely meant. */
function closest(value: unknown, nodes: readonly SchemaNode[], path: string): readonly StatusCause[] {
  const all = nodes.map((node) => problems(value, node, path)).sort((a, b) => a.length - b.length);
  return all[0] ?? [];
}
