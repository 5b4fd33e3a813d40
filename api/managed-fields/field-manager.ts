/**
 * Keeps metadata.managedFields, and makes applied configurations part of objects.
 * Source: apimachinery/pkg/util/managedfields/internal/{fieldmanager,managedfieldsupdater,skipnonapplied,structuredmerge,
 * versioncheck}.go.
 */
import { apiVersionOf, formatTime } from "../../crds/meta.ts";
import { copyJson, isJsonObject, sameJson } from "../../formats/json-object.ts";
import type { WritableObject } from "../codec.ts";
import { writeAsGo } from "../resources/builtin/go-json.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { ApiError, badRequest } from "../status.ts";
import { checkType } from "./check.ts";
import { applyConflict } from "./conflicts.ts";
import { fieldTypeOf } from "./field-type.ts";
import type { Manager, Owners } from "./managed.ts";
import { entriesOf, isReset, sentOwners, storedOwners } from "./managed.ts";
import { conflictsBesidesLastApplied, kubectlManager, updateLastApplied } from "./last-applied.ts";
import type { Applied, Versions } from "./updater.ts";
import { apply, ownersAfterUpdate } from "./updater.ts";

/** Who writes what of an object, and when. */
export interface Write {
  readonly definition: ResourceDefinition;
  readonly subresource: string | undefined;
  readonly fieldManager: string;
  readonly now: Date;
}

/** The name of who owns what was there before fields were tracked. Source: skipnonapplied.go. */
const beforeFirstApply = "before-first-apply";

const nobody: Owners = new Map<never, never>();

/** The managedFields of an object that is created; undefined where nobody owns anything. */
export async function trackCreate(write: Write, object: WritableObject): Promise<unknown> {
  const sent = object.metadata["managedFields"];
  const owners = (isReset(sent) ? undefined : understood(sent)) ?? nobody;
  return entriesOf(await updated(write, emptyObject(write.definition), object, owners));
}

/**
 * The managedFields of `next`, which is about to take the place of `old`. `sent` are those that the client gave: they
 * count where they can be understood. Objects that nobody owns anything of stay so until something is applied. When
 * conversion fails, owners stay as they were: that must not keep anyone from writing (UpdateNoErrors).
 */
export async function trackUpdate(write: Write, old: JsonObject, next: JsonObject, sent: unknown): Promise<unknown> {
  const live = metadataOf(old)["managedFields"];
  const given = sent === undefined || sent === live || sameJson(sent, live) ? undefined : sent;
  if (isReset(given)) return undefined;
  const asked = understood(given);
  const owners = asked === undefined || asked.size === 0 ? storedOwners(live) : asked;
  if (owners.size === 0) return undefined;
  // Nobody owns managedFields: they are not worth a look.
  const seen = { ...next, metadata: { ...metadataOf(next), managedFields: live } };
  try {
    const after = await updated(write, old, metadataOf(next) === metadataOf(old) ? next : seen, owners);
    return after === owners && asked === undefined ? live : entriesOf(after);
  } catch (error) {
    if (error instanceof ApiError) return live;
    throw error;
  }
}

function updated(write: Write, old: JsonObject, next: JsonObject, owners: Owners): Promise<Owners> {
  const writer = managerOf(write, "Update", write.fieldManager);
  return ownersAfterUpdate(versionsOf(write.definition), old, next, owners, writer, formatTime(write.now));
}

/** What a client sent, undefined where that cannot be understood: then the client does not know what it is. */
function understood(sent: unknown): Owners | undefined {
  if (sent === undefined) return undefined;
  try {
    return sentOwners(sent);
  } catch {
    return undefined;
  }
}

/**
 * Why managedFields that came from elsewhere cannot be stored; undefined when they can.
 * Source: apiserver/pkg/endpoints/handlers/fieldmanager/admission.go.
 */
export function managedFieldsProblem(entries: unknown): string | undefined {
  try {
    if (entries !== undefined) sentOwners(entries);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * The object that `live`, or nothing, becomes when `config` is applied: with managedFields, without defaults, and the
 * caller's to change. Throws BadRequest for what is no configuration of the kind, Conflict for fields of others where
 * the client does not force.
 */
export async function applyConfiguration(
  write: Write,
  live: JsonObject | undefined,
  config: JsonObject,
  force: boolean,
): Promise<WritableObject> {
  const { definition, fieldManager, now } = write;
  checkConfiguration(definition, config);
  const before = live === undefined ? emptyObject(definition) : withoutManagedFields(live);
  const owners = live === undefined ? nobody : await ownersBeforeApply(write, live, before);
  const writer = managerOf(write, "Apply", fieldManager);
  const visible = visibleOf(write, before, config);
  const applied = await apply(versionsOf(definition), before, config, owners, writer, formatTime(now), visible);
  if (!force) refuseConflicts(write, before, applied);
  const { metadata, ...rest } = copyJson(applied.object) as WritableObject;
  const object: WritableObject = { ...rest, metadata };
  if (fieldManager === kubectlManager) updateLastApplied(object, config);
  const entries = entriesOf(applied.owners);
  if (entries !== undefined) object.metadata["managedFields"] = entries;
  return object;
}

function refuseConflicts({ definition, fieldManager }: Write, live: JsonObject, { conflicts }: Applied): void {
  if (conflicts.length === 0) return;
  const left =
    fieldManager === kubectlManager ? conflictsBesidesLastApplied(fieldTypeOf(definition), live, conflicts) : conflicts;
  if (left.length > 0) throw applyConflict(left);
}

async function ownersBeforeApply(write: Write, live: JsonObject, before: JsonObject): Promise<Owners> {
  const owners = storedOwners(metadataOf(live)["managedFields"]);
  if (owners.size > 0) return owners;
  const empty = emptyObject(write.definition);
  const writer = managerOf(write, "Update", beforeFirstApply);
  const seen = visibleOf(write, empty, {}).object(before);
  return ownersAfterUpdate(versionsOf(write.definition), empty, seen, owners, writer, formatTime(write.now));
}

function checkConfiguration(definition: ResourceDefinition, config: JsonObject): void {
  const { group, version, kind } = definition;
  const metadata = metadataOf(config);
  const apiVersion = typeof config["apiVersion"] === "string" ? config["apiVersion"] : "";
  const given = typeof config["kind"] === "string" ? config["kind"] : "";
  if (apiVersion !== apiVersionOf(definition) || given !== kind)
    throw badRequest(`invalid object type: ${gvk(apiVersion, given)}`);
  if (metadata["managedFields"] !== undefined && metadata["managedFields"] !== null)
    throw badRequest("metadata.managedFields must be nil");
  const errors = checkType(fieldTypeOf(definition), config);
  if (errors.length === 0) return;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const what = `${text(metadata["namespace"])}/${text(metadata["name"])}; ${group}/${version}, Kind=${kind}`;
  const why = errors.length === 1 ? errors[0] : ["errors:", ...errors.map((error) => `  ${error}`)].join("\n");
  // kube-apiserver answers 500 here.
  throw badRequest(`failed to create typed patch object (${what}): ${why ?? ""}`);
}

/** As Go prints a GroupVersionKind. */
function gvk(apiVersion: string, kind: string): string {
  return `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

/** What of an object is not written where the request went. Source: GetResetFields of the kinds' strategies. */
function visibleOf(
  { definition, subresource }: Write,
  live: JsonObject,
  config: JsonObject,
): Parameters<typeof apply>[6] {
  if (subresource === "status")
    return {
      object: ({ status }) => ({
        ...live,
        metadata: { ...metadataOf(live), ...identityIn(config) },
        ...(status === undefined ? {} : { status }),
      }),
      fields: (set) => (set["f:status"] === undefined ? {} : { "f:status": set["f:status"] }),
    };
  if (!definition.subresources.has("status")) return { object: (merged) => merged, fields: (set) => set };
  return {
    object: ({ status: _, ...merged }) => ("status" in live ? { ...merged, status: live["status"] } : merged),
    fields: ({ "f:status": _, ...set }) => set,
  };
}

/** What tells which object, in which state, a configuration is for. */
function identityIn(config: JsonObject): JsonObject {
  const fields = Object.entries(metadataOf(config));
  return Object.fromEntries(fields.filter(([key]) => ["name", "namespace", "uid", "resourceVersion"].includes(key)));
}

function managerOf({ definition, subresource }: Write, operation: Manager["operation"], manager: string): Manager {
  return { manager, operation, apiVersion: apiVersionOf(definition), subresource: subresource ?? "" };
}

function versionsOf(definition: ResourceDefinition): Versions {
  const own = apiVersionOf(definition);
  const type = fieldTypeOf(definition);
  return {
    typeIn(apiVersion) {
      if (apiVersion === own) return type;
      const other = definition.versions?.find(apiVersion);
      return other && fieldTypeOf(other);
    },
    async convert(object, apiVersion) {
      if (object["apiVersion"] === apiVersion) return object;
      const [converted = object] = (await definition.versions?.convert([object], apiVersion)) ?? [];
      return converted;
    },
  };
}

/** What Go has of an object before anything is read into it: structs are there, and are nobody's. */
function emptyObject({ openAPISchema, kind, ...type }: ResourceDefinition): JsonObject {
  const object: JsonObject = { apiVersion: apiVersionOf(type), kind, metadata: {} };
  writeAsGo(object, openAPISchema);
  return object;
}

function metadataOf({ metadata }: JsonObject): JsonObject {
  return isJsonObject(metadata) ? metadata : {};
}

function withoutManagedFields(object: JsonObject): JsonObject {
  const { managedFields: _, ...metadata } = metadataOf(object);
  return { ...object, metadata };
}
