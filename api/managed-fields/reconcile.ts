/**
 * Fields that were written while a list or map consisted of fields, which is one field now; the other way round owners
 * keep what they had. Source: structured-merge-diff/v6/typed/reconcile_schema.go.
 */
import type { FieldSet, FieldSetBuilder } from "./field-set.ts";
import { isEmpty, self } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { deduced, typeAt } from "./field-type.ts";
import type { PathElement } from "./path-element.ts";
import { fieldNameOf } from "./path-element.ts";

/** `set` itself where it fits the type. */
export function reconcile(type: FieldType, set: FieldSet): FieldSet {
  let result: FieldSetBuilder | undefined;
  for (const element in set) {
    const node = set[element];
    const below = typeBelow(type, element);
    if (node === undefined || below === undefined || isEmpty(node)) continue;
    const reconciled = isOneField(below) ? {} : reconcile(below, node);
    if (reconciled === node) continue;
    result ??= { ...set };
    result[element] = reconciled;
  }
  return result ?? set;
}

function isOneField({ map, list, scalar }: FieldType): boolean {
  if (map !== undefined) return map.atomic;
  return scalar === undefined && list?.kind === "atomic";
}

function typeBelow(type: FieldType, element: PathElement): FieldType | undefined {
  if (element === self || type === deduced) return undefined;
  const name = fieldNameOf(element);
  return name === undefined ? type.list?.element : type.map && typeAt(type.map, name);
}
