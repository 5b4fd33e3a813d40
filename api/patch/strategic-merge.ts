/**
 * Strategic merge patch. Source of the rules: apimachinery/pkg/util/strategicpatch/patch.go and
 * community/contributors/devel/sig-api-machinery/strategic-merge-patch.md.
 */
import { asList, asText, childPath, getOwn, isJsonObject, setOwn } from "../../formats/json-object.ts";
import type { JsonObject, MergeKeys } from "../resources/definition.ts";
import { badRequest } from "../status.ts";
import { cannotApply } from "./refusals.ts";

const directiveKey = "$patch";
const retainKeysKey = "$retainKeys";
const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

type List = readonly unknown[];

/**
 * The patched object; `object` and `patch` stay as they are, and what the patch does not touch is shared with the
 * result. `keys` names the lists that are merged, by their path without indices (`spec.containers.ports`). Throws
 * BadRequest for a malformed directive and Invalid (422) for items without their merge key.
 */
export function applyStrategicMergePatch(object: JsonObject, patch: unknown, keys: MergeKeys): JsonObject {
  // A map that Go decoded null into is empty.
  if (patch === null) return object;
  if (!isJsonObject(patch)) throw badRequest("invalid JSON document: a strategic merge patch is an object");
  return mergeObjects(object, patch, keys, "");
}

function mergeObjects(original: JsonObject, patch: JsonObject, keys: MergeKeys, path: string): JsonObject {
  if (Object.hasOwn(patch, directiveKey)) return replaceByDirective(patch);
  const result = retained(original, patch);
  for (const key of Object.keys(patch)) {
    const field = fieldOf(key);
    if (field === undefined) continue;
    const merged = mergeField(getOwn(result, field), patch, key, field, keys, childPath(path, field));
    if (merged === undefined) Reflect.deleteProperty(result, field);
    else setOwn(result, field, merged);
  }
  return result;
}

/** The field that a key of a patch speaks of; undefined for $retainKeys, which speaks of all. */
function fieldOf(key: string): string | undefined {
  if (key === retainKeysKey) return undefined;
  if (key.startsWith(orderPrefix)) return key.slice(orderPrefix.length);
  if (key.startsWith(deletePrefix)) return key.slice(deletePrefix.length);
  if (key.startsWith("$setElementOrder")) throw badRequest("invalid patch format of setElementOrder list");
  if (key.startsWith("$deleteFromPrimitiveList")) throw badRequest("invalid patch format of primitive list");
  return key;
}

/** The new value of one field, undefined when it goes away. */
function mergeField(
  original: unknown,
  patch: JsonObject,
  key: string,
  field: string,
  keys: MergeKeys,
  path: string,
): unknown {
  const value = patch[key];
  if (key.startsWith(deletePrefix)) {
    if (!Array.isArray(value)) throw badRequest("invalid patch format of primitive list");
    const deleted = new Set<unknown>(value);
    return Array.isArray(original) ? original.filter((item) => !deleted.has(item)) : original;
  }
  if (key.startsWith(orderPrefix)) {
    if (!Array.isArray(value)) throw badRequest("invalid patch format of setElementOrder list");
    return mergeOrdered(original, getOwn(patch, field), value, keys, path);
  }
  // The key with the order merges this list too.
  if (Object.hasOwn(patch, orderPrefix + field)) return original;
  if (value === null) return undefined;
  if (isJsonObject(value) && isJsonObject(original)) return mergeObjects(original, value, keys, path);
  if (Array.isArray(value) && Array.isArray(original) && Object.hasOwn(keys, path))
    return mergeLists(original, value, value.filter(isChange), keys, path);
  return withoutDirectives(value);
}

function mergeOrdered(original: unknown, patch: unknown, order: List, keys: MergeKeys, path: string): unknown {
  if (patch === null) return undefined;
  if (!Object.hasOwn(keys, path)) return patch === undefined ? original : withoutDirectives(patch);
  if (patch !== undefined && !Array.isArray(patch)) throw badRequest("invalid patch format of setElementOrder list");
  if (original === undefined && patch === undefined) return undefined;
  checkOrder(asList(patch), order, keys[path] ?? "", path);
  return mergeLists(asList(original), asList(patch), order, keys, path);
}

/** Throws where an order leaves out what the patch adds, or has it the other way round. Source: validatePatchWithSetOrderList. */
function checkOrder(patch: List, order: List, mergeKey: string, path: string): void {
  const keyOf = (item: unknown): unknown => (mergeKey === "" ? item : mergeKeyOf(item, mergeKey));
  const added = patch.filter(isChange);
  let next = 0;
  for (const item of order) if (next < added.length && keyOf(item) === keyOf(added[next])) next += 1;
  if (next === added.length) return;
  const [list, wanted] = [JSON.stringify(patch), JSON.stringify(order)];
  throw badRequest(`The order in patch list:\n${list}\n doesn't match ${orderPrefix}${path} list:\n${wanted}\n`);
}

/** Merges by key, or as a set when the key is "", then sorts by `order`; items that only the server has keep their places. */
function mergeLists(original: List, patch: List, order: List, keys: MergeKeys, path: string): List {
  const mergeKey = keys[path] ?? "";
  const keyOf = (item: unknown): unknown => (mergeKey === "" ? item : mergeKeyOf(item, mergeKey));
  const merged =
    mergeKey === "" ? [...new Set([...original, ...patch])] : mergeByKey(original, patch, mergeKey, keys, path);
  const place = placeIn(order, keyOf);
  const patched = merged.filter((item) => place(item) >= 0).sort((a, b) => place(a) - place(b));
  const serverOnly = merged.filter((item) => place(item) < 0);
  return interleave(serverOnly, patched, placeIn(original, keyOf));
}

/** Looks up where an item first is in a list, -1 when it is not there. */
function placeIn(list: List, keyOf: (item: unknown) => unknown): (item: unknown) => number {
  const places = new Map<unknown, number>();
  for (const [index, item] of list.entries()) if (!places.has(keyOf(item))) places.set(keyOf(item), index);
  return (item) => places.get(keyOf(item)) ?? -1;
}

function mergeKeyOf(item: unknown, mergeKey: string): unknown {
  if (!isJsonObject(item))
    throw cannotApply(`expected an object with the merge key ${mergeKey}, got ${JSON.stringify(item)}`);
  if (!Object.hasOwn(item, mergeKey))
    throw cannotApply(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
  return item[mergeKey];
}

function mergeByKey(original: List, patch: List, mergeKey: string, keys: MergeKeys, path: string): unknown[] {
  const changes = patch.filter(isChange);
  const directives = patch.filter((item) => !isChange(item)) as JsonObject[];
  const deletes = directives.filter((item) => listDirective(item) === "delete");
  const deleted = new Set(deletes.map((item) => mergeKeyOf(item, mergeKey)));
  const replaces = directives.length > deletes.length;
  // A Map keeps the order in which keys first came.
  const result = new Map<unknown, unknown>();
  for (const item of replaces ? [] : original) {
    const key = mergeKeyOf(item, mergeKey);
    if (!deleted.has(key)) result.set(key, item);
  }
  for (const change of changes) {
    const key = mergeKeyOf(change, mergeKey);
    const present = result.get(key);
    result.set(
      key,
      isJsonObject(present) ? mergeObjects(present, change as JsonObject, keys, path) : withoutDirectives(change),
    );
  }
  return [...result.values()];
}

/** Whether an item of a patch is one of the list, and no directive about it. */
function isChange(item: unknown): boolean {
  return !isJsonObject(item) || !Object.hasOwn(item, directiveKey);
}

function listDirective(item: JsonObject): "delete" | "replace" {
  const directive = item[directiveKey];
  if (directive === "delete" || directive === "replace") return directive;
  if (directive === "merge") throw badRequest("merging lists cannot yet be specified in the patch");
  throw unknownDirective(item);
}

/** Merges two sorted lists; an item of the server goes first only where the server had it before the other one. */
function interleave(serverOnly: List, patched: List, place: (item: unknown) => number): List {
  const result: unknown[] = [];
  let next = 0;
  for (const item of patched) {
    while (next < serverOnly.length && place(item) >= 0 && place(serverOnly[next]) < place(item)) {
      result.push(serverOnly[next]);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...serverOnly.slice(next)];
}

/** A copy of `original` with only the fields that $retainKeys names, if it is there. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, retainKeysKey)) return { ...original };
  const retain = patch[retainKeysKey];
  if (!Array.isArray(retain)) throw badRequest("invalid patch format of retainKeys");
  const strays = Object.keys(patch).filter(
    (key) => !key.startsWith("$") && patch[key] !== null && !retain.includes(key),
  );
  if (strays.length > 0) throw badRequest("invalid patch format of retainKeys");
  return Object.fromEntries(Object.entries(original).filter(([key]) => retain.includes(key)));
}

function replaceByDirective(patch: JsonObject): JsonObject {
  const { [directiveKey]: directive, ...rest } = patch;
  if (directive === "delete") return {};
  if (directive === "replace") return rest;
  throw unknownDirective(patch);
}

function unknownDirective(patch: JsonObject): Error {
  return badRequest(`unknown patch type '${asText(patch[directiveKey])}' in map: ${JSON.stringify(patch)}`);
}

/** A value that is new: nulls in it delete nothing and directives have nothing to direct. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(isChange).map(withoutDirectives);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(
    ([key, item]) => item !== null && fieldOf(key) === key && key !== directiveKey,
  );
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutDirectives(item)]));
}
