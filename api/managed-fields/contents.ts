/** Every field that an object mentions. Source: structured-merge-diff/v4/typed/tofieldset.go. */
import { isJsonObject } from "../../formats/json-object.ts";
import type { FieldSet, FieldSetBuilder } from "./field-set.ts";
import { canonical, isEmpty, self } from "./field-set.ts";
import type { FieldType, ListType, MapType } from "./field-type.ts";
import { deduced, findElement, listTypeOf, mapTypeOf, typeAt } from "./field-type.ts";
import { fieldElement } from "./path-element.ts";

/** What is below `value`, which has been found to be of the type; the value itself is not counted. */
export function fieldsBelow(type: FieldType, value: unknown): FieldSet {
  const set: FieldSetBuilder = {};
  addContents(type, value, set);
  return canonical(set);
}

function addFields(type: MapType, object: Readonly<Record<string, unknown>>, set: FieldSetBuilder): void {
  for (const [key, value] of Object.entries(object)) {
    const bare = value === null || (isJsonObject(value) && Object.keys(value).length === 0);
    // Fields that a schema names are not owned for themselves, but for what is in them.
    add(typeAt(type, key) ?? deduced, value, fieldElement(key), bare || !type.fields.has(key), set);
  }
}

function add(type: FieldType, value: unknown, element: string, member: boolean, set: FieldSetBuilder): void {
  const below: FieldSetBuilder = {};
  const isLeaf = addContents(type, value, below);
  if (isEmpty(below)) {
    if (isLeaf || member) set[element] = {};
    return;
  }
  if (member) below[self] = {};
  set[element] = below;
}

function addContents(type: FieldType, value: unknown, set: FieldSetBuilder): boolean {
  const map = mapTypeOf(type, value);
  if (map !== undefined && isJsonObject(value)) {
    if (!map.atomic) addFields(map, value, set);
    return map.atomic;
  }
  const list = listTypeOf(type, value);
  if (list === undefined) return true;
  if (list.kind !== "atomic") addItems(list, value as readonly unknown[], set);
  return list.kind === "atomic";
}

function addItems(type: ListType, items: readonly unknown[], set: FieldSetBuilder): void {
  const seen = new Set<string>();
  for (const item of items) {
    const element = findElement(type, item);
    if (element === undefined) continue;
    // Duplicates are one field.
    if (seen.has(element)) set[element] = {};
    else add(type.element, item, element, true, set);
    seen.add(element);
  }
}
