import { sameJson } from "../../formats/json-object.ts";
import { admissionRequest } from "../admission/admission.ts";
import type { Entry, WritableObject } from "../codec.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { invalidValue } from "../schema/field-errors.ts";
import { trackUpdate } from "../managed-fields/field-manager.ts";
import { sameButForTimes } from "../managed-fields/managed.ts";
import { validateMetadataUpdate } from "../schema/metadata.ts";
import type { ApiError } from "../status.ts";
import { conflict, invalid, isNotFound, staleObject } from "../status.ts";
import type { Body } from "./body.ts";
import { acceptBody, matchName } from "./body.ts";
import type { Change } from "./change.ts";
import { change } from "./change.ts";
import type { Environment, ObjectName, WriteOptions } from "./environment.ts";
import { withOwnersOnce } from "./owners.ts";
import { keepManagedFields, withManagedFields } from "./tracking.ts";

/**
 * Replaces an object, or what a subresource stands for. An update that changes nothing writes nothing; one that takes
 * the last finalizer off an object marked for deletion removes it. Throws NotFound, Conflict, Invalid, BadRequest.
 */
export async function update(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  subresource: string | undefined,
  body: Body,
  options: WriteOptions,
): Promise<Entry> {
  const { definition } = endpoint;
  const submitted = withOwnersOnce(acceptBody(definition, body, options), options);
  matchName(submitted, name);
  const decide = (current: Entry): Promise<Change> => {
    checkUid(definition, current, submitted);
    return admitUpdate(environment, definition, name, current, submitted, subresource, options);
  };
  try {
    return (await change(endpoint, name, decide, options.dryRun)).entry;
  } catch (error) {
    const { uid = "" } = submitted.metadata;
    if (uid === "" || subresource !== undefined || !isNotFound(error)) throw error;
    throw (await endpoint.store.get(endpoint.codec.key(name.namespace, name.name))) === undefined
      ? otherUid(definition, name.name, uid, "")
      : error;
  }
}

/**
 * Whoever replaces an object means that very one; a patch has nothing to do with it.
 * Source: Preconditions of defaultUpdatedObjectInfo in registry/rest/update.go.
 */
export function checkUid(definition: ResourceDefinition, current: Entry, { metadata }: WritableObject): void {
  const { name, uid } = current.object.metadata;
  const { uid: given = "" } = metadata;
  if (given !== "" && given !== uid) throw otherUid(definition, name, given, uid);
}

function otherUid(definition: ResourceDefinition, name: string, given: unknown, uid: string): ApiError {
  const why = `Precondition failed: UID in precondition: ${String(given)}, UID in object meta: ${uid}`;
  return conflict(definition, name, why);
}

/** {@link decideUpdate} with what admission makes of `submitted`, and with the owners of what it changes. */
export async function admitUpdate(
  environment: Environment,
  definition: ResourceDefinition,
  name: ObjectName,
  current: Entry,
  submitted: WritableObject,
  subresource: string | undefined,
  options: WriteOptions,
): Promise<Change> {
  const { fieldManager } = options;
  const old = current.object as unknown as WritableObject;
  // A subresource does not write managedFields.
  const sent = subresource === undefined ? submitted.metadata["managedFields"] : undefined;
  const write = { definition, subresource, fieldManager, now: environment.clock.now() };
  const managedFields = await trackUpdate(write, old, written(definition, old, submitted, subresource), sent);
  const tracked = withManagedFields(submitted, managedFields);
  return admitTracked(environment, definition, name, current, tracked, subresource, options);
}

/** The same where `submitted` says already who owns what. */
export async function admitTracked(
  environment: Environment,
  definition: ResourceDefinition,
  name: ObjectName,
  current: Entry,
  submitted: WritableObject,
  subresource: string | undefined,
  options: WriteOptions,
): Promise<Change> {
  const { admission } = environment;
  const old = current.object as unknown as JsonObject;
  const request = { ...admissionRequest("UPDATE", definition, name, options, subresource), old };
  const mutated = keepManagedFields(submitted, await admission.mutate({ ...request, object: submitted }), options);
  const admitted = withOwnersOnce(mutated, options, " after mutating admission happens");
  const change = decideUpdate(environment, definition, current, admitted, subresource);
  const object = change.do === "keep" ? (old as WritableObject) : change.object;
  await admission.validate({ ...request, object });
  return change;
}

/** What a submitted object means for the current one. `submitted` is left as it is, so that this can be done again. */
export function decideUpdate(
  { clock }: Environment,
  definition: ResourceDefinition,
  current: Entry,
  submitted: WritableObject,
  subresource: string | undefined,
): Change {
  const old = current.object as unknown as WritableObject;
  checkPreconditions(definition, current, submitted);
  const next =
    subresource === undefined
      ? replacement(definition, old, submitted)
      : withManagedFields(written(definition, old, submitted, subresource), submitted.metadata["managedFields"]);
  const causes = [...validateMetadataUpdate(next, old, definition), ...definition.schema.validate(next, old)];
  // What prepares relies on the right types.
  if (causes.length === 0)
    causes.push(
      ...((subresource === undefined
        ? definition.prepareForUpdate?.(next, old, clock.now())
        : definition.prepareForSubresourceUpdate?.(next, subresource)) ?? []),
    );
  if (causes.length > 0) throw invalid(definition.invalidAs ?? definition, String(old.metadata["name"]), causes);
  next.metadata["resourceVersion"] = String(current.revision);
  if (isUnchanged(next, old) && !current.stale && !isFinished(definition, next)) return { do: "keep" };
  if (definition.hasGeneration && !sameJson(desired(definition, next), desired(definition, old)))
    next.metadata["generation"] = Number(old.metadata["generation"] ?? 0) + 1;
  return isFinished(definition, next) ? { do: "remove", object: next } : { do: "write", object: next };
}

/** Whether nothing keeps it any more after it was marked for deletion. */
export function isFinished(definition: ResourceDefinition, object: WritableObject): boolean {
  const { deletionTimestamp, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (Array.isArray(finalizers) && finalizers.length > 0)) return false;
  return definition.holdsDeletion?.(object) !== true;
}

/** Source: Update in k8s.io/apiserver/pkg/registry/generic/registry/store.go. */
function checkPreconditions(definition: ResourceDefinition, current: Entry, { metadata }: WritableObject): void {
  const { name } = current.object.metadata;
  const { resourceVersion = "" } = metadata;
  if (resourceVersion === "" || resourceVersion === "0") {
    if (definition.unconditionalUpdate === true) return;
    const message = "Invalid value: 0x0: must be specified for an update";
    // Upstream has the resource at hand there and not the kind.
    const { group, plural } = definition;
    const cause = { reason: "FieldValueInvalid", message, field: "metadata.resourceVersion" };
    throw invalid({ group, kind: plural }, name, [cause]);
  }
  if (resourceVersion === String(current.revision)) return;
  if (typeof resourceVersion !== "string" || !/^[0-9]+$/.test(resourceVersion))
    throw invalid(definition, name, [invalidValue("metadata.resourceVersion", resourceVersion, "must be a number")]);
  throw conflict(definition, name, staleObject);
}

/** The submitted object with what only the server decides. Source: BeforeUpdate in registry/rest/update.go. */
function replacement(definition: ResourceDefinition, old: WritableObject, submitted: WritableObject): WritableObject {
  const next = { ...submitted, metadata: { ...submitted.metadata } };
  Reflect.deleteProperty(next.metadata, "selfLink");
  for (const field of kept) take(next.metadata, old.metadata, field);
  // Whoever has not seen yet that it is being deleted need not know; nobody else can say that it is.
  if (old.metadata["deletionTimestamp"] !== undefined) take(next.metadata, old.metadata, "deletionTimestamp");
  for (const field of keptWhenAbsent) if ((next.metadata[field] ?? "") === "") take(next.metadata, old.metadata, field);
  if (definition.subresources.has("status")) take(next, old, "status");
  return next;
}

/** An object can neither lose nor change these by an update; that it wanted to is no error. */
const kept = ["creationTimestamp", "generation"];
/** That it wanted to change these is one. */
const keptWhenAbsent = ["uid", "namespace", "deletionGracePeriodSeconds"];

function take(to: JsonObject, from: JsonObject, field: string): void {
  if (from[field] === undefined) Reflect.deleteProperty(to, field);
  else to[field] = from[field];
}

/** What of `submitted` a request writes; what it leaves as it is, is shared with `old`. */
function written(
  definition: ResourceDefinition,
  old: WritableObject,
  submitted: WritableObject,
  subresource: string | undefined,
): WritableObject {
  const next = { ...(subresource === undefined ? submitted : old) };
  if (subresource === "status") take(next, submitted, "status");
  else if (subresource !== undefined) definition.subresourceWriters?.[subresource]?.(next, submitted);
  else if (definition.subresources.has("status")) take(next, old, "status");
  return next;
}

/**
 * Whether nothing differs but the times of managedFields.
 * Source: IgnoreManagedFieldsTimestampsTransformer in apiserver/pkg/endpoints/handlers/fieldmanager/equality.go.
 */
function isUnchanged(next: WritableObject, old: WritableObject): boolean {
  const { managedFields } = old.metadata;
  const same = sameJson(withManagedFields(next, managedFields), old);
  return same && sameButForTimes(next.metadata["managedFields"], managedFields);
}

/** All but metadata, and status where that is a subresource: what generation counts changes of. */
function desired(definition: ResourceDefinition, object: WritableObject): JsonObject {
  const counted: JsonObject = { ...object };
  delete counted["metadata"];
  if (definition.subresources.has("status")) delete counted["status"];
  return counted;
}
