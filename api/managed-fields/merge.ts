/** A configuration put over an object. Source: structured-merge-diff/v4/typed/merge.go. */
import { asList, getOwn, isJsonObject, setOwn } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { FieldType, ListType, MapType } from "./field-type.ts";
import { deduced, findElement, listTypeOf, mapTypeOf, typeAt } from "./field-type.ts";
import type { PathElement } from "./path-element.ts";

/**
 * The live value with what the applied one says: fields of maps and items of lists are added, everything else is
 * replaced. Both stay as they are; parts of them are in the result. `undefined` is what is not there.
 */
export function merge(type: FieldType, live: unknown, applied: unknown): unknown {
  if (applied === undefined) return live;
  const map = mapTypeOf(type, applied) ?? (applied === null ? mapTypeOf(type, live) : undefined);
  if (map !== undefined && !map.atomic) return mergeMaps(map, isJsonObject(live) ? live : {}, applied);
  const list = listTypeOf(type, applied) ?? (applied === null ? listTypeOf(type, live) : undefined);
  if (list !== undefined && list.kind !== "atomic" && asList(live).length + asList(applied).length > 0)
    return mergeLists(list, asList(live), asList(applied));
  return applied;
}

function mergeMaps(type: MapType, live: JsonObject, applied: unknown): unknown {
  if (!isJsonObject(applied)) return Object.keys(live).length === 0 ? applied : live;
  const merged = { ...live };
  for (const [key, value] of Object.entries(applied))
    setOwn(merged, key, merge(typeAt(type, key) ?? deduced, getOwn(live, key), value));
  return merged;
}

/** The applied order where items are in both, live items that were not applied keep their place as far as that goes. */
function mergeLists(type: ListType, live: readonly unknown[], applied: readonly unknown[]): readonly unknown[] {
  // What cannot be found is found nowhere else, and stays.
  const elementsOf = (list: readonly unknown[]) => list.map((item, i) => findElement(type, item) ?? `i:${i}`);
  const [left, right] = [elementsOf(live), elementsOf(applied)];
  const liveItems = itemsByElement(left, live);
  const appliedItems = new Map(right.map((element, index) => [element, applied[index]]));
  const shared = right.filter((element) => liveItems.has(element)).values();
  const merged = new Set<PathElement>();
  const result: unknown[] = [];
  let nextShared = shared.next().value;
  const take = (element: PathElement): void => {
    merged.add(element);
    result.push(merge(type.element, liveItems.get(element), appliedItems.get(element)));
  };
  for (let l = 0, r = 0; l < left.length || r < right.length;) {
    const [mine, theirs] = [left[l], right[r]];
    if (mine !== undefined && mine === theirs) {
      take(mine);
      l += 1;
      r += 1;
      nextShared = shared.next().value;
    } else if (mine !== undefined && !appliedItems.has(mine)) {
      result.push(live[l]);
      l += 1;
    } else if (mine !== undefined && (merged.has(mine) || (theirs !== undefined && skips(mine, nextShared)))) {
      l += 1;
    } else if (theirs !== undefined) {
      take(theirs);
      r += 1;
      if (nextShared === theirs) nextShared = shared.next().value;
    }
  }
  return result;
}

/** A shared item that is not the next one in the applied order is taken when its turn comes. */
const skips = (mine: PathElement, nextShared: PathElement | undefined): boolean =>
  nextShared !== undefined && nextShared !== mine;

/** Duplicates are not merged: the applied item replaces them. */
function itemsByElement(
  elements: readonly PathElement[],
  items: readonly unknown[],
): ReadonlyMap<PathElement, unknown> {
  const byElement = new Map<PathElement, unknown>();
  for (const [index, element] of elements.entries())
    byElement.set(element, byElement.has(element) ? undefined : items[index]);
  return byElement;
}
