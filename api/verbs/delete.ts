import { formatTime } from "../../crds/meta.ts";
import { admissionRequest } from "../admission/admission.ts";
import type { Entry, WritableObject } from "../codec.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { conflict } from "../status.ts";
import type { Change, Changed } from "./change.ts";
import { change } from "./change.ts";
import type { Caller, Environment, ObjectName } from "./environment.ts";
import { isFinished } from "./update.ts";

export interface DeleteOptions extends Caller {
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined };
  readonly propagationPolicy?: "Foreground" | "Background" | "Orphan" | undefined;
  /** What old clients say instead: Orphan or Background. */
  readonly orphanDependents?: boolean | undefined;
}

/**
 * Removes an object, or marks it for deletion while finalizers keep it: then `removed` is false.
 * Throws NotFound, Conflict when a precondition does not hold, Forbidden.
 */
export async function deleteObject(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  options: DeleteOptions,
): Promise<Changed> {
  const { definition } = endpoint;
  environment.lifecycle.admitDelete(definition, name.name);
  const decide = async (current: Entry): Promise<Change> => {
    const change = decideDelete(environment, definition, current, options);
    await environment.admission.validate({
      ...admissionRequest("DELETE", definition, name, options),
      old: current.object as unknown as JsonObject,
    });
    return change;
  };
  return change(endpoint, name, decide, options.dryRun);
}

/** Source: BeforeDelete in registry/rest/delete.go and Delete in registry/generic/registry/store.go. */
function decideDelete(
  { clock }: Environment,
  definition: ResourceDefinition,
  current: Entry,
  { preconditions, propagationPolicy, orphanDependents }: DeleteOptions,
): Change {
  const old = current.object as unknown as WritableObject;
  checkPreconditions(definition, current, preconditions);
  const next: WritableObject = { ...old, metadata: { ...old.metadata } };
  const marked = old.metadata["deletionTimestamp"] !== undefined;
  const inTwoSteps = definition.deletedInTwoSteps === true;
  if (marked && inTwoSteps && definition.holdsDeletion?.(old) === true) return { do: "keep" };
  if (!marked) mark(definition, next, clock.now());
  const before = (next.metadata["finalizers"] ?? []) as readonly string[];
  const after = finalizersFor(before, propagationPolicy ?? legacyPolicy(orphanDependents));
  if (after.length > 0) next.metadata["finalizers"] = after;
  else delete next.metadata["finalizers"];
  if ((marked || !inTwoSteps) && isFinished(definition, next)) return { do: "remove", object: undefined };
  const same = marked && after.length === before.length && after.every((finalizer, i) => finalizer === before[i]);
  return same ? { do: "keep" } : { do: "write", object: next };
}

function mark(definition: ResourceDefinition, next: WritableObject, now: Date): void {
  next.metadata["deletionTimestamp"] = formatTime(now);
  if (definition.deletedInTwoSteps !== true) next.metadata["deletionGracePeriodSeconds"] = 0;
  if (definition.hasGeneration && definition.deletedInTwoSteps !== true)
    next.metadata["generation"] = Number(next.metadata["generation"] ?? 0) + 1;
  definition.prepareForDelete?.(next, now);
}

const legacyPolicy = (orphanDependents: boolean | undefined): DeleteOptions["propagationPolicy"] =>
  orphanDependents === undefined ? undefined : orphanDependents ? "Orphan" : "Background";

/** The kind stands where the resource would. Source: BeforeDelete in apiserver/pkg/registry/rest/delete.go. */
function checkPreconditions(
  { group, kind }: ResourceDefinition,
  { object: { metadata } }: Entry,
  { uid, resourceVersion }: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } = {},
): void {
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict({ group, plural: kind }, metadata.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict({ group, plural: kind }, metadata.name, why);
  }
}

/** What the garbage collector goes by. Source: deletionFinalizersForGarbageCollection in registry/store.go. */
function finalizersFor(finalizers: readonly string[], policy: DeleteOptions["propagationPolicy"]): readonly string[] {
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((finalizer) => finalizer !== "orphan" && finalizer !== "foregroundDeletion");
  if (policy === "Orphan") return [...others, "orphan"];
  return policy === "Foreground" ? [...others, "foregroundDeletion"] : others;
}
