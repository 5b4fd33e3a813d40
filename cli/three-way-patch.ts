/**
 * What `apply` sends: the merge patch (RFC 7386) that adds and changes what the manifest says, and removes what the
 * last applied manifest said and this one does not. What others wrote stays.
 * Source: k8s.io/apimachinery/pkg/util/jsonmergepatch/patch.go and kubectl/pkg/util/apply.go.
 */
import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../formats/json-object.ts";
import { isJsonObject } from "../formats/json-object.ts";

export const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

/** Lists are values: they are replaced as a whole. An empty result changes nothing. */
export function threeWayPatch(lastApplied: JsonObject, manifest: JsonObject, current: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const [key, wanted] of Object.entries(manifest)) {
    const present = current[key];
    if (isJsonObject(wanted) && isJsonObject(present)) {
      const before = lastApplied[key];
      const inner = threeWayPatch(isJsonObject(before) ? before : {}, wanted, present);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (wanted !== null && !isDeepStrictEqual(wanted, present)) patch[key] = wanted;
  }
  for (const key of Object.keys(lastApplied)) {
    const wanted = manifest[key];
    if ((wanted === undefined || wanted === null) && current[key] !== undefined) patch[key] = null;
  }
  return patch;
}

/** The manifest with itself in its annotation, byte for byte as kubectl writes it: the two may take turns. */
export function withLastApplied<T extends JsonObject>(object: T): T {
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  const annotations = isJsonObject(metadata["annotations"]) ? metadata["annotations"] : {};
  const others = Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== lastAppliedAnnotation));
  const plain = { ...object, metadata: { ...metadata, annotations: others } };
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...others, [lastAppliedAnnotation]: `${goJson(plain)}\n` } },
  };
}

/** What the object's annotation says; undefined when it has none that can be read. */
export function lastAppliedOf(object: JsonObject): JsonObject | undefined {
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  const annotations = isJsonObject(metadata["annotations"]) ? metadata["annotations"] : {};
  const text = annotations[lastAppliedAnnotation];
  if (typeof text !== "string") return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Go's encoding/json: keys in order, and what HTML gives a meaning escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isJsonObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  ).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
