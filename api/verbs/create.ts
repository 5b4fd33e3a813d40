import type { AdmissionRequest } from "../admission/admission.ts";
import { admissionRequest } from "../admission/admission.ts";
import { formatTime } from "../../crds/meta.ts";
import type { Entry, WritableObject } from "../codec.ts";
import type { ResourceDefinition } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { trackCreate } from "../managed-fields/field-manager.ts";
import { validateMetadata } from "../schema/metadata.ts";
import type { StatusCause } from "../status.ts";
import { ApiError, alreadyExists, badRequest, invalid, isAlreadyExists } from "../status.ts";
import type { Revision } from "../storage/store.ts";
import type { Body } from "./body.ts";
import { acceptBody, matchNamespace } from "./body.ts";
import type { Environment, Random, WriteOptions } from "./environment.ts";
import { withOwnersOnce } from "./owners.ts";
import { keepManagedFields, withManagedFields } from "./tracking.ts";

/** Source: maxNameGenerationCreateAttempts in k8s.io/apiserver/pkg/registry/generic/registry/store.go. */
const maxNameAttempts = 8;

/** Throws AlreadyExists, Invalid, BadRequest, and what admission says about the namespace. */
export async function create(
  environment: Environment,
  endpoint: Endpoint,
  namespace: string | undefined,
  body: Body,
  options: WriteOptions,
): Promise<Entry> {
  const { definition } = endpoint;
  const { fieldManager } = options;
  const object = withOwnersOnce(acceptBody(definition, body, options), options);
  if ((object.metadata["resourceVersion"] ?? "") !== "")
    throw badRequest("resourceVersion should not be set on objects to be created");
  matchNamespace(object, namespace);
  const now = environment.clock.now();
  const managedFields = await trackCreate({ definition, subresource: undefined, fieldManager, now }, object);
  return createTracked(environment, endpoint, namespace, withManagedFields(object, managedFields), options);
}

/** Creates an object whose owners are known. Throws what {@link create} throws. */
export async function createTracked(
  environment: Environment,
  endpoint: Endpoint,
  namespace: string | undefined,
  submitted: WritableObject,
  options: WriteOptions,
): Promise<Entry> {
  const { definition } = endpoint;
  const asked = { namespace, name: textOf(submitted.metadata["name"]) };
  if (namespace !== undefined) await environment.lifecycle.admitCreate(definition, namespace, asked.name);
  const request = admissionRequest("CREATE", definition, asked, options);
  const admitted = await environment.admission.mutate({ ...request, object: submitted });
  const object = withOwnersOnce(
    keepManagedFields(submitted, admitted, options),
    options,
    " after mutating admission happens",
  );
  const { metadata } = object;
  if (definition.namesItself === true && (metadata["name"] ?? "") === "") metadata["name"] = environment.random.uuid();
  const { name = "", generateName = "" } = metadata;
  if (name !== "" || typeof generateName !== "string" || generateName === "")
    return write(environment, endpoint, request, object, options);
  for (let attempt = 1; ; attempt++) {
    const named = generateNameFor(generateName, environment.random);
    const candidate = { ...object, metadata: { ...metadata, name: named } };
    try {
      return await write(environment, endpoint, { ...request, nameIsGenerated: true }, candidate, options);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      if (attempt === maxNameAttempts) throw generateNameConflict(definition, named);
    }
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

async function write(
  environment: Environment,
  endpoint: Endpoint,
  request: AdmissionRequest,
  object: WritableObject,
  options: WriteOptions,
): Promise<Entry> {
  const { definition, codec, store } = endpoint;
  const causes = prepare(environment, definition, object);
  const name = textOf(object.metadata["name"]);
  if (causes.length > 0) throw invalid(definition.invalidAs ?? definition, name, causes);
  await environment.admission.validate({ ...request, name: { ...request.name, name }, object });
  const key = codec.key(object.metadata["namespace"] as string | undefined, name);
  if (options.dryRun) {
    if ((await endpoint.attempt(name, store.get(key))) !== undefined) throw alreadyExists(definition, name);
    return codec.entryOf(key, object, 0 as Revision);
  }
  const { ttlSeconds } = definition;
  const value = codec.encode(object);
  const creation = endpoint.attempt(name, store.create(key, value, ttlSeconds === undefined ? {} : { ttlSeconds }));
  const stored = await creation.catch((error: unknown) => explained(error, endpoint, request.name.namespace, name));
  await endpoint.written(stored.revision);
  return codec.decode(key, value, stored.revision);
}

/** Says of a name that is taken whether it is about to be free. Source: Create in registry/generic/registry/store.go. */
async function explained(
  error: unknown,
  endpoint: Endpoint,
  namespace: string | undefined,
  name: string,
): Promise<never> {
  if (!(error instanceof ApiError) || !isAlreadyExists(error)) throw error;
  const there = await endpoint.read(namespace, name).catch(() => undefined);
  if (there?.object.metadata.deletionTimestamp === undefined) throw error;
  throw new ApiError("AlreadyExists", `object is being deleted: ${error.message}`, error.details);
}

/** Source: BeforeCreate in k8s.io/apiserver/pkg/registry/rest/create.go. */
function prepare(
  { clock, random }: Environment,
  definition: ResourceDefinition,
  object: WritableObject,
): readonly StatusCause[] {
  const now = clock.now();
  const { metadata } = object;
  for (const field of ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"])
    Reflect.deleteProperty(metadata, field);
  metadata["uid"] = random.uuid();
  metadata["creationTimestamp"] = formatTime(now);
  if (definition.hasGeneration) metadata["generation"] = 1;
  if (definition.subresources.has("status")) delete object["status"];
  const metadataCauses = validateMetadata(object, definition);
  const causes = definition.schema.validate(object);
  // What prepares relies on the right types.
  const more = causes.length > 0 ? [] : (definition.prepareForCreate?.(object, now) ?? []);
  return [...metadataCauses, ...causes, ...more];
}

/** Letters and digits that spell no words. Source: k8s.io/apimachinery/pkg/util/rand/rand.go, storage/names. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const maxGeneratedLength = 63;

function generateNameFor(base: string, random: Random): string {
  const suffix = Array.from({ length: suffixLength }, () => alphabet[Math.floor(random.fraction() * alphabet.length)]);
  return base.slice(0, maxGeneratedLength - suffixLength) + suffix.join("");
}

/** Source: NewGenerateNameConflict in k8s.io/apimachinery/pkg/api/errors/errors.go. */
function generateNameConflict(definition: ResourceDefinition, name: string): ApiError {
  const { message, details } = alreadyExists(definition, name);
  return new ApiError("AlreadyExists", `${message}, the server was not able to generate a unique name for the object`, {
    ...details,
    retryAfterSeconds: 1,
  });
}
