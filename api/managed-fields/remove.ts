/** An object without some of its fields. Source: structured-merge-diff/v4/typed/remove.go, fieldpath/set.go. */
import { isJsonObject, setOwn } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { FieldSet, FieldSetBuilder } from "./field-set.ts";
import { isEmpty, isMember, self } from "./field-set.ts";
import type { FieldType, ListType, MapType } from "./field-type.ts";
import { findElement, listTypeOf, mapTypeOf, typeAt } from "./field-type.ts";
import { fieldElement, fieldNameOf } from "./path-element.ts";

/** A map or list of which nothing is left becomes null: what no schema says to be nullable goes away by that. */
export function removeFields(type: FieldType, value: unknown, fields: FieldSet): unknown {
  if (isEmpty(fields)) return value;
  const map = mapTypeOf(type, value);
  if (map !== undefined && isJsonObject(value)) return map.atomic ? null : removeFromMap(map, value, fields);
  const list = listTypeOf(type, value);
  if (list !== undefined) return list.kind === "atomic" ? null : removeItems(list, value as readonly unknown[], fields);
  return value;
}

function removeFromMap(type: MapType, object: JsonObject, fields: FieldSet): JsonObject | null {
  const kept: JsonObject = {};
  for (const [key, value] of Object.entries(object)) {
    const node = fields[fieldElement(key)];
    const of = typeAt(type, key);
    if (node === undefined) setOwn(kept, key, value);
    else if (!isMember(node)) setOwn(kept, key, of === undefined ? value : removeFields(of, value, node));
  }
  return Object.keys(kept).length === 0 ? null : kept;
}

function removeItems(type: ListType, items: readonly unknown[], fields: FieldSet): readonly unknown[] | null {
  const kept = items.flatMap((item) => {
    const element = findElement(type, item);
    const node = element === undefined ? undefined : fields[element];
    if (node === undefined) return [item];
    return isMember(node) ? [] : [removeFields(type.element, item, node)];
  });
  return kept.length === 0 ? null : kept;
}

/** The set with those fields that schemas name, of which something below is a member. Not in canonical order. */
export function withNamedFields(type: FieldType | undefined, set: FieldSet): FieldSet {
  const result: FieldSetBuilder = {};
  for (const [element, node] of Object.entries(set)) {
    if (element === self || isEmpty(node)) {
      result[element] = {};
      continue;
    }
    const name = fieldNameOf(element);
    const below = name === undefined ? type?.list?.element : type?.map && typeAt(type.map, name);
    const extended: FieldSetBuilder = withNamedFields(below, node);
    if (name !== undefined && type?.map?.fields.has(name) === true) extended[self] = {};
    result[element] = extended;
  }
  return result;
}
