/** JSON Merge Patch, RFC 7386. */
import { getOwn, isJsonObject, setOwn } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import { badRequest } from "../status.ts";

/**
 * The patched object; `object` stays as it is, and what the patch does not touch is shared with the result.
 * Throws BadRequest when the patch is not an object.
 */
export function applyMergePatch(object: JsonObject, patch: unknown): JsonObject {
  if (!isJsonObject(patch)) throw badRequest("error decoding patch: a merge patch is an object");
  return merge(object, patch);
}

function merge(target: unknown, patch: JsonObject): JsonObject {
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else setOwn(result, key, isJsonObject(value) ? merge(getOwn(result, key), value) : value);
  }
  return result;
}
