/** Owners that an object names twice. Source: dedupOwnerReferencesAndAddWarning in apiserver/pkg/endpoints/handlers/create.go. */
import { asText, isJsonObject, sameJson } from "../../formats/json-object.ts";
import type { WritableObject } from "../codec.ts";
import type { WriteOptions } from "./environment.ts";

/**
 * The object with each owner once, and a warning to whoever named one twice; `when` follows "duplicate entries" there.
 * `object` itself, which stays as it is, where there is nothing to do.
 */
export function withOwnersOnce(
  object: WritableObject,
  { warn }: Pick<WriteOptions, "warn">,
  when: "" | " after mutating admission happens" = "",
): WritableObject {
  const { ownerReferences } = object.metadata;
  if (!Array.isArray(ownerReferences) || ownerReferences.length < 2) return object;
  const [once, again]: [unknown[], unknown[]] = [[], []];
  for (const owner of ownerReferences as readonly unknown[])
    (once.some((other) => sameJson(other, owner)) ? again : once).push(owner);
  if (again.length === 0) return object;
  const uids = again.map((owner) => asText(isJsonObject(owner) ? owner["uid"] : ""));
  warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids.join(", ")}`,
  );
  return { ...object, metadata: { ...object.metadata, ownerReferences: once } };
}
