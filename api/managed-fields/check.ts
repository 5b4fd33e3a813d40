/**
 * Whether a configuration is of its type: nothing is pruned from what is applied. Source of rules and words:
 * structured-merge-diff/v4/typed/{validate,helpers}.go.
 */
import { asText, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { FieldType, ListType, MapType, ScalarType } from "./field-type.ts";
import { itemElement, listTypeOf, mapTypeOf, typeAt } from "./field-type.ts";
import { elementText, fieldElement } from "./path-element.ts";

export interface CheckOptions {
  /** Live objects may have what their schema has come to refuse. */
  readonly allowDuplicates?: boolean;
}

/** What is wrong, each with its path: `.spec.ports[name="a"].port: expected numeric (int or float), got string`. */
export function checkType(type: FieldType, value: unknown, options: CheckOptions = {}): readonly string[] {
  const errors: string[] = [];
  checkValue(type, value, "", errors, options.allowDuplicates === true);
  return errors;
}

function checkValue(type: FieldType, value: unknown, path: string, errors: string[], duplicates: boolean): void {
  if (value === null || value === undefined) return;
  const [map, list] = [mapTypeOf(type, value), listTypeOf(type, value)];
  if (map !== undefined && isJsonObject(value)) checkMap(map, value, path, errors, duplicates);
  else if (list !== undefined && Array.isArray(value)) checkItems(list, value, path, errors, duplicates);
  else {
    const why = mismatch(type, value);
    if (why !== undefined) errors.push(path === "" ? why : `${path}: ${why}`);
  }
}

function mismatch({ scalar, map, list }: FieldType, value: unknown): string | undefined {
  // The type's first form is the one that an error speaks of: handleAtom in helpers.go.
  if (typeof value === "object" || scalar === undefined) {
    if (map !== undefined) return `expected map, got ${goValue(value)}`;
    if (scalar === undefined && list !== undefined) return `expected list, got ${goValue(value)}`;
  }
  return scalar === undefined ? undefined : scalarMismatch(scalar, value);
}

function scalarMismatch(scalar: ScalarType, value: unknown): string | undefined {
  if (scalar === "numeric" && typeof value !== "number") return `expected numeric (int or float), got ${goKind(value)}`;
  if (scalar === "string" && typeof value !== "string")
    return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  if (scalar === "boolean" && typeof value !== "boolean") return `expected boolean, got ${goValue(value)}`;
  return undefined;
}

function checkMap(
  type: MapType,
  object: Readonly<Record<string, unknown>>,
  path: string,
  errors: string[],
  duplicates: boolean,
): void {
  for (const key of Object.keys(object)) {
    const field = path + elementText(fieldElement(key));
    const of = typeAt(type, key);
    if (of === undefined) errors.push(`${field}: field not declared in schema`);
    else checkValue(of, getOwn(object, key), field, errors, duplicates);
  }
}

function checkItems(
  type: ListType,
  items: readonly unknown[],
  path: string,
  errors: string[],
  duplicates: boolean,
): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const element = type.kind === "atomic" ? `i:${index}` : elementOr(type, item, index, path, errors);
    if (element === undefined) return;
    if (seen.has(element) && !duplicates) errors.push(`${path}: duplicate entries for key ${elementText(element)}`);
    seen.add(element);
    checkValue(type.element, item, path + elementText(element), errors, duplicates);
  }
}

function elementOr(type: ListType, item: unknown, index: number, path: string, errors: string[]): string | undefined {
  try {
    return itemElement(type, item);
  } catch (error) {
    errors.push(`${path}: element ${index}: ${(error as Error).message}`);
    return undefined;
  }
}

/** What Go prints of a value.Value: the struct that wraps it. */
const goValue = (value: unknown): string => `&{${goPlain(value)}}`;

function goPlain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goPlain).join(" ")}]`;
  if (!isJsonObject(value)) return value === null ? "<nil>" : asText(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goPlain(value[key])}`);
  return `map[${entries.join(" ")}]`;
}

function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (!isJsonObject(value)) return value === null ? "interface {}(nil)" : JSON.stringify(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
  return `map[string]interface {}{${entries.join(", ")}}`;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isJsonObject(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : typeof value;
}
