/**
 * No two items of a list of type set are equal; no two items of a list of type map have the same keys.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go.
 */
import { childPath, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, invalidValue } from "./field-errors.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Adds what is wrong to `causes`. Map keys stand in brackets here, as field.Path.Key has it. */
export function validateListTypes(value: unknown, node: SchemaNode, path: string, causes: StatusCause[]): void {
  if (Array.isArray(value)) {
    if (node.listType !== "atomic") findDuplicates(value, node, path, causes);
    if (node.items !== undefined)
      for (const [index, item] of value.entries()) validateListTypes(item, node.items, `${path}[${index}]`, causes);
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      const property = node.properties.get(key);
      if (property !== undefined) validateListTypes(value[key], property, childPath(path, key), causes);
      else if (node.additional instanceof Object)
        validateListTypes(value[key], node.additional, `${path}[${key}]`, causes);
    }
  }
}

function findDuplicates(list: readonly unknown[], node: SchemaNode, path: string, causes: StatusCause[]): void {
  const stray = node.listType === "map" ? list.findIndex((item) => item !== null && !isJsonObject(item)) : -1;
  if (stray >= 0) {
    causes.push(invalidValue(`${path}[${stray}]`, list[stray], "must be an object for an array of list-type map"));
    return;
  }
  const seen = new Map<string, number>();
  for (const [index, item] of list.entries()) {
    const key = node.listType === "map" ? keysOf(item, node.mapKeys) : item;
    const text = JSON.stringify(key);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    // The first repetition is told, further ones of the same are not.
    if (times === 1) causes.push(duplicate(`${path}[${index}]`, key));
  }
}

/** The item reduced to its keys. */
export function keysOf(item: unknown, mapKeys: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isJsonObject(item)) return {};
  const present = mapKeys.filter((key) => Object.hasOwn(item, key));
  return Object.fromEntries(present.map((key) => [key, getOwn(item, key)]));
}
