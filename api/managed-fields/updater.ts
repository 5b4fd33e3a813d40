/**
 * Who owns what after a write, and what an applied configuration makes of an object.
 * Source: structured-merge-diff/v4/merge/update.go.
 */
import { sameJson } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Comparison } from "./compare.ts";
import { compareObjects } from "./compare.ts";
import type { Conflict } from "./conflicts.ts";
import { fieldsBelow } from "./contents.ts";
import type { FieldSet } from "./field-set.ts";
import { canonical, difference, intersection, isEmpty, noFields, union } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import type { Manager, Owners } from "./managed.ts";
import { compareByAge, identityOf } from "./managed.ts";
import { merge } from "./merge.ts";
import { reconcile } from "./reconcile.ts";
import { removeFields, withNamedFields } from "./remove.ts";
import { unowned } from "./unowned.ts";

/** The versions that a kind's objects can be looked at in. */
export interface Versions {
  /** Undefined where there is no such version any more. */
  typeIn(apiVersion: string): FieldType | undefined;
  /** The object itself where it is in that version. */
  convert(object: JsonObject, apiVersion: string): Promise<JsonObject>;
}

/** Source: DefaultMaxUpdateManagers in managedfields/internal/fieldmanager.go. */
const maxUpdateManagers = 10;
const oldManagers = "ancient-changes";

/** As the schema of today has it, without owners of versions that there are no more. `owners` itself where it fits. */
function reconciled(versions: Versions, owners: Owners): Owners {
  let result: Owners | undefined;
  for (const [id, owner] of owners) {
    const type = versions.typeIn(owner.apiVersion);
    const fields = type && reconcile(type, owner.fields);
    if (fields === owner.fields) continue;
    result ??= new Map(owners);
    if (fields === undefined) result.delete(id);
    else result.set(id, { ...owner, fields });
  }
  return result ?? owners;
}

/**
 * Owners after `writer` made `next` out of `live`: it owns what it changed, nobody owns what is gone. `owners` itself
 * when nothing changed.
 */
export async function ownersAfterUpdate(
  versions: Versions,
  live: JsonObject,
  next: JsonObject,
  owners: Owners,
  writer: Manager,
  time: string,
): Promise<Owners> {
  const before = reconciled(versions, owners);
  const { changed, removed } = compare(versions, live, next, writer.apiVersion);
  if (isEmpty(changed) && isEmpty(removed)) return before;
  const comparison = { changed, removed };
  const { left } = await release(versions, live, next, before, { apiVersion: writer.apiVersion, comparison });
  if (!isEmpty(changed)) {
    const id = identityOf(writer);
    left.set(id, { ...writer, time, fields: union(left.get(id)?.fields ?? noFields, changed) });
  }
  return capped(left);
}

export interface Applied {
  /** `live` itself when the configuration changes nothing. */
  readonly object: JsonObject;
  readonly owners: Owners;
  /** What the writer took from others; who does not force, stops here. */
  readonly conflicts: readonly Conflict[];
}

/**
 * Puts `config` over `live` for `writer`. `visible` is what of an object the writer's endpoint writes: fields of
 * objects and configurations that it takes away do not count.
 */
export async function apply(
  versions: Versions,
  live: JsonObject,
  config: JsonObject,
  owners: Owners,
  writer: Manager,
  time: string,
  visible: { readonly object: (merged: JsonObject) => JsonObject; readonly fields: (set: FieldSet) => FieldSet },
): Promise<Applied> {
  const type = typeIn(versions, writer.apiVersion);
  const before = new Map(reconciled(versions, owners));
  const id = identityOf(writer);
  const last = before.get(id);
  const fields = visible.fields(fieldsBelow(type, config));
  before.set(id, { ...writer, time: last?.time, fields });
  const merged = merge(type, live, config) as JsonObject;
  const object = visible.object(last === undefined ? merged : await prune(versions, merged, before, last, writer));
  const comparison = compare(versions, live, object, writer.apiVersion);
  const { left, conflicts } = await release(versions, live, object, before, {
    apiVersion: writer.apiVersion,
    comparison,
    writer: id,
  });
  const same = sameJson(live, object);
  const owned = difference(fields, unowned);
  if (isEmpty(owned)) left.delete(id);
  else left.set(id, { ...writer, time: same ? last?.time : time, fields: owned });
  return { object: same ? live : object, owners: left, conflicts };
}

function typeIn(versions: Versions, apiVersion: string): FieldType {
  const type = versions.typeIn(apiVersion);
  if (type === undefined) throw new Error(`Cannot track fields: ${apiVersion} is not a version of this kind`);
  return type;
}

function compare(versions: Versions, live: JsonObject, next: JsonObject, apiVersion: string): Comparison {
  const { changed, removed } = compareObjects(typeIn(versions, apiVersion), live, next);
  return { changed: difference(changed, unowned), removed: difference(removed, unowned) };
}

interface Writing {
  readonly apiVersion: string;
  readonly comparison: Comparison;
  /** Whose fields stay. */
  readonly writer?: string;
}

/** Takes from all but the writer what changed and what is gone. */
async function release(
  versions: Versions,
  live: JsonObject,
  next: JsonObject,
  owners: Owners,
  { apiVersion, comparison, writer }: Writing,
): Promise<{ readonly left: Owners; readonly conflicts: readonly Conflict[] }> {
  const comparisons = new Map([[apiVersion, comparison]]);
  const left: Owners = new Map();
  const conflicts: Conflict[] = [];
  for (const [id, owner] of owners) {
    if (id === writer) {
      left.set(id, owner);
      continue;
    }
    const version = owner.apiVersion;
    const { changed, removed } =
      comparisons.get(version) ??
      compare(versions, await versions.convert(live, version), await versions.convert(next, version), version);
    comparisons.set(version, { changed, removed });
    const taken = intersection(owner.fields, changed);
    if (!isEmpty(taken)) conflicts.push({ owner, fields: taken });
    const fields = difference(difference(owner.fields, taken), removed);
    if (!isEmpty(fields)) left.set(id, fields === owner.fields ? owner : { ...owner, fields });
  }
  return { left, conflicts };
}

/** Removes what the writer applied the last time and does not apply now, unless another one owns it. */
async function prune(
  versions: Versions,
  merged: JsonObject,
  owners: Owners,
  last: { readonly apiVersion: string; readonly fields: FieldSet },
  writer: Manager,
): Promise<JsonObject> {
  const { apiVersion, fields } = last;
  const now = owners.get(identityOf(writer));
  if (isEmpty(difference(fields, apiVersion === now?.apiVersion ? now.fields : noFields))) return merged;
  const type = typeIn(versions, apiVersion);
  const before = await versions.convert(merged, apiVersion);
  const applied = withNamedFields(type, fields);
  const pruned = (removeFields(type, before, applied) ?? {}) as JsonObject;
  const kept = await versions.convert(await addBackOwned(versions, before, pruned, apiVersion, owners), apiVersion);
  const gone = intersection(difference(named(type, before), named(type, kept)), applied);
  return versions.convert((removeFields(type, before, gone) ?? {}) as JsonObject, writer.apiVersion);
}

const named = (type: FieldType, object: JsonObject): FieldSet => withNamedFields(type, fieldsBelow(type, object));

/** Whatever was pruned that someone owns is there again: first in the version at hand, which may need it to convert. */
async function addBackOwned(
  versions: Versions,
  merged: JsonObject,
  pruned: JsonObject,
  apiVersion: string,
  owners: Owners,
): Promise<JsonObject> {
  const owned = new Map<string, FieldSet>([[apiVersion, noFields]]);
  for (const owner of owners.values())
    owned.set(owner.apiVersion, union(owned.get(owner.apiVersion) ?? noFields, owner.fields));
  let kept = pruned;
  for (const [version, fields] of owned) {
    const type = typeIn(versions, version);
    const before = await versions.convert(merged, version);
    const present = named(type, await versions.convert(kept, version));
    const stay = union(canonical(present), withNamedFields(type, fields));
    kept = (removeFields(type, before, difference(named(type, before), stay)) ?? {}) as JsonObject;
  }
  return kept;
}

/** Joins the oldest updaters of each version until there are few enough. Source: managedfields/internal/capmanagers.go. */
function capped(owners: Owners): Owners {
  const updaters = [...owners].filter(([, { operation }]) => operation === "Update");
  let excess = updaters.length - maxUpdateManagers;
  if (excess <= 0) return owners;
  const firsts = new Map<string, string>();
  for (const [id, owner] of updaters.sort(compareByAge)) {
    if (excess <= 0) break;
    const { apiVersion, fields, time } = owner;
    const first = firsts.get(apiVersion);
    if (first === undefined) {
      firsts.set(apiVersion, id);
      continue;
    }
    const joined: Manager = { manager: oldManagers, operation: "Update", apiVersion, subresource: "" };
    const bucket = identityOf(joined);
    const earlier = owners.get(bucket) ?? owners.get(first);
    if (!owners.has(bucket)) owners.delete(first);
    owners.set(bucket, { ...joined, time, fields: union(earlier?.fields ?? noFields, fields) });
    owners.delete(id);
    excess -= 1;
  }
  return owners;
}
