/** Fills in what a schema says by default. Source: apiextensions-apiserver/pkg/apiserver/schema/defaulting. */
import { isJsonObject, setOwn } from "../../formats/json-object.ts";
import type { SchemaNode } from "./schema-node.ts";

/**
 * Works in place. A null where the schema allows none counts as absent: it takes the default, or goes away where there
 * is none.
 */
export function applyDefaults(value: unknown, node: SchemaNode): void {
  if (Array.isArray(value)) applyToItems(value, node);
  else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) dropNull(value, key, node);
    for (const [key, property] of node.properties)
      if (property.defaultValue !== undefined && !Object.hasOwn(value, key)) setOwn(value, key, copyOf(property));
    for (const key of Object.keys(value)) {
      const property = propertyOf(node, key);
      if (property !== undefined) applyDefaults(value[key], property);
    }
  }
}

function applyToItems(list: unknown[], node: SchemaNode): void {
  const { items } = node;
  if (items === undefined) return;
  for (const [index, item] of list.entries()) {
    if (item === null && !items.nullable && items.defaultValue !== undefined) list[index] = copyOf(items);
    applyDefaults(list[index], items);
  }
}

function dropNull(object: Record<string, unknown>, key: string, node: SchemaNode): void {
  const property = propertyOf(node, key);
  if (object[key] !== null || property === undefined || property.nullable) return;
  if (property.defaultValue === undefined) Reflect.deleteProperty(object, key);
  else setOwn(object, key, copyOf(property));
}

function propertyOf(node: SchemaNode, key: string): SchemaNode | undefined {
  const property = node.properties.get(key) ?? node.additional;
  return property === true ? undefined : property;
}

function copyOf({ defaultValue }: SchemaNode): unknown {
  return typeof defaultValue === "object" ? structuredClone(defaultValue) : defaultValue;
}
