/**
 * What differs between two objects, field by field. Source: structured-merge-diff/v4/typed/compare.go.
 */
import { asList, isJsonObject, sameJson } from "../../formats/json-object.ts";
import type { FieldSet, FieldSetBuilder } from "./field-set.ts";
import { isEmpty, self } from "./field-set.ts";
import type { FieldType, ListType, MapType } from "./field-type.ts";
import { deduced, findElement, listTypeOf, mapTypeOf, typeAt } from "./field-type.ts";
import type { PathElement } from "./path-element.ts";
import { fieldElement } from "./path-element.ts";

export interface Comparison {
  /** Fields that are new or have another value. In no particular order. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** Two sets in the making. */
interface Findings {
  readonly changed: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
}

/** Objects of one type. What both share is not looked at. */
export function compareObjects(type: FieldType, before: unknown, after: unknown): Comparison {
  const found: Findings = { changed: {}, removed: {} };
  if (before !== after && type.map !== undefined) compareMaps(type.map, before, after, found);
  return found;
}

/** The two differ, or one of them is not there: then it is `undefined`. */
function compareField(type: FieldType, before: unknown, after: unknown, element: PathElement, found: Findings): void {
  const below: Findings = { changed: {}, removed: {} };
  const isLeaf = compareContents(type, before, after, below);
  put(found.changed, element, below.changed, after !== undefined && (isLeaf || before === undefined));
  put(found.removed, element, below.removed, after === undefined);
}

function put(set: FieldSetBuilder, element: PathElement, below: FieldSetBuilder, member: boolean): void {
  if (isEmpty(below)) {
    if (member) set[element] = {};
  } else {
    if (member) below[self] = {};
    set[element] = below;
  }
}

/** Whether the two are compared as a whole, after what is below them. */
function compareContents(type: FieldType, before: unknown, after: unknown, below: Findings): boolean {
  const [map, list] = [
    mapTypeOf(type, before) ?? mapTypeOf(type, after),
    listTypeOf(type, before) ?? listTypeOf(type, after),
  ];
  // A map where a list was, or a scalar: all that was below is gone, all that is below is new.
  const mixed = (map !== undefined && list !== undefined) || isScalar(before) || isScalar(after);
  const mapIsLeaf = map === undefined || map.atomic || (isBare(before) && isBare(after));
  const listIsLeaf = list === undefined || list.kind === "atomic" || (isBare(before) && isBare(after));
  if (map !== undefined && !mapIsLeaf) compareMaps(map, before, after, below);
  if (list !== undefined && !listIsLeaf) compareLists(list, before, after, below);
  return mixed || (mapIsLeaf && listIsLeaf);
}

const isScalar = (value: unknown): boolean => value !== undefined && value !== null && typeof value !== "object";

/** Nothing is in it, if it is there at all. */
function isBare(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return !isJsonObject(value) || Object.keys(value).length === 0;
}

function compareMaps(type: MapType, before: unknown, after: unknown, found: Findings): void {
  const [left, right] = [isJsonObject(before) ? before : {}, isJsonObject(after) ? after : {}];
  const compare = (key: string, mine: unknown, other: unknown): void => {
    if (!sameJson(mine, other)) compareField(typeAt(type, key) ?? deduced, mine, other, fieldElement(key), found);
  };
  for (const key of Object.keys(left)) compare(key, left[key], Object.hasOwn(right, key) ? right[key] : undefined);
  for (const key of Object.keys(right)) if (!Object.hasOwn(left, key)) compare(key, undefined, right[key]);
}

function compareLists(type: ListType, before: unknown, after: unknown, found: Findings): void {
  const [left, right] = [itemsOf(type, asList(before)), itemsOf(type, asList(after))];
  for (const [element, items] of left) compareItems(type, items, right.get(element) ?? [], element, found);
  for (const [element, items] of right) if (!left.has(element)) compareItems(type, [], items, element, found);
}

/** Items by their elements. */
function itemsOf(type: ListType, list: readonly unknown[]): ReadonlyMap<PathElement, readonly unknown[]> {
  const items = new Map<PathElement, unknown[]>();
  for (const item of list) {
    const element = findElement(type, item);
    if (element === undefined) continue;
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  }
  return items;
}

/** Duplicates of one element are one field. */
function compareItems(
  type: ListType,
  before: readonly unknown[],
  after: readonly unknown[],
  element: PathElement,
  found: Findings,
): void {
  if (sameJson(before, after)) return;
  if (before.length <= 1 && after.length <= 1) compareField(type.element, before[0], after[0], element, found);
  else if (before.length >= 2 && after.length >= 2) put(found.changed, element, {}, true);
  else if (before.length >= 2) {
    compareField(type.element, undefined, after[0], element, found);
    put(found.removed, element, {}, true);
  } else {
    compareField(type.element, before[0], undefined, element, found);
    put(found.changed, element, {}, true);
  }
}
