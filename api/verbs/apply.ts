/** Server-side apply. Source: applyPatcher in k8s.io/apiserver/pkg/endpoints/handlers/patch.go. */
import type { Entry, WritableObject } from "../codec.ts";
import { requireObject } from "../decode.ts";
import { applyConfiguration } from "../managed-fields/field-manager.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { badRequest, conflict, isAlreadyExists, isNotFound } from "../status.ts";
import { acceptBody, matchName, matchNamespace } from "./body.ts";
import type { Change } from "./change.ts";
import { change } from "./change.ts";
import { createTracked } from "./create.ts";
import type { Environment, ObjectName, WriteOptions } from "./environment.ts";
import type { Patch } from "./patch.ts";
import { admitTracked } from "./update.ts";

export const applyType = "application/apply-patch+yaml";

/** How often an object that comes and goes is looked for again. */
const maxAttempts = 5;

export interface Written {
  readonly entry: Entry;
  readonly created: boolean;
}

/**
 * Makes the object what the configuration says, and creates it where it is not there. Throws Conflict for fields of
 * other managers unless forced, BadRequest for what is no configuration, and what create and update throw.
 */
export async function apply(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  subresource: string | undefined,
  patch: Patch,
  options: WriteOptions,
): Promise<Written> {
  const { definition, store, codec } = endpoint;
  const config = requireObject(patch.body);
  reportDuplicates(patch.duplicates, options);
  const applied = async (live: Entry | undefined): Promise<WritableObject> => {
    const write = { definition, subresource, fieldManager: options.fieldManager, now: environment.clock.now() };
    const old = live?.object as unknown as JsonObject | undefined;
    const object = await applyConfiguration(write, old, config, options.force);
    return accept(definition, object, name, options);
  };
  const decide = async (current: Entry): Promise<Change> =>
    admitTracked(environment, definition, name, current, await applied(current), subresource, options);
  for (let attempt = 1; ; attempt++) {
    try {
      return { entry: (await change(endpoint, name, decide, options.dryRun)).entry, created: false };
    } catch (error) {
      // Admission may miss something else.
      if (!isNotFound(error) || subresource !== undefined || (await store.get(codec.key(name.namespace, name.name))))
        throw error;
    }
    try {
      const object = withoutState(definition, await applied(undefined));
      return { entry: await createTracked(environment, endpoint, name.namespace, object, options), created: true };
    } catch (error) {
      if (!isAlreadyExists(error) || attempt === maxAttempts) throw error;
    }
  }
}

function accept(
  definition: ResourceDefinition,
  object: WritableObject,
  name: ObjectName,
  options: WriteOptions,
): WritableObject {
  const { managedFields, ...metadata } = object.metadata;
  const accepted = acceptBody(
    definition,
    { object: { ...object, metadata }, duplicates: [] },
    { ...options, fieldValidation: "Ignore" },
  );
  if (managedFields !== undefined) accepted.metadata["managedFields"] = managedFields;
  matchNamespace(accepted, name.namespace);
  matchName(accepted, name);
  return accepted;
}

/** What is to be created has no state yet; a configuration for a certain object is not for a new one. */
function withoutState(definition: ResourceDefinition, object: WritableObject): WritableObject {
  const { uid = "", name, resourceVersion: _, ...metadata } = object.metadata;
  if (uid !== "")
    throw conflict(
      definition,
      String(name),
      `uid mismatch: the provided object specified uid ${String(uid)}, and no existing object was found`,
    );
  return { ...object, metadata: { ...metadata, name } };
}

function reportDuplicates(duplicates: readonly string[], { fieldValidation, warn }: WriteOptions): void {
  if (fieldValidation === "Ignore" || duplicates.length === 0) return;
  if (fieldValidation === "Strict") throw badRequest(`error strict decoding YAML: ${duplicates.join(", ")}`);
  for (const duplicate of duplicates) warn(duplicate);
}
