/** The scale subresource. Source: ScaleREST in apiextensions-apiserver/pkg/registry/customresource/etcd.go. */
import { admissionRequest } from "../admission/admission.ts";
import type { Entry, WritableObject } from "../codec.ts";
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import { trackUpdate } from "../managed-fields/field-manager.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import type { ScalePaths } from "../resources/crd-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { scaleDefinition, scaleOf, setReplicas } from "../resources/scale.ts";
import { goTypeOf } from "../decode.ts";
import { ApiError, badRequest } from "../status.ts";
import type { Body } from "./body.ts";
import { acceptBody, matchName } from "./body.ts";
import type { Change } from "./change.ts";
import { change } from "./change.ts";
import type { Environment, ObjectName, WriteOptions } from "./environment.ts";
import { get } from "./get.ts";
import type { Patch } from "./patch.ts";
import { withManagedFields } from "./tracking.ts";
import { decideUpdate } from "./update.ts";

/** Throws NotFound, and InternalError where the object does not say how many replicas it wants. */
export async function getScale(endpoint: Endpoint, name: ObjectName, resourceVersion: string): Promise<Entry> {
  const entry = await get(endpoint, name, resourceVersion);
  const paths = pathsOf(endpoint);
  const { scale, found } = scaleOf(entry.object as unknown as JsonObject, paths);
  if (!found) {
    const message = `the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`;
    throw new ApiError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
  }
  return endpoint.codec.entryOf(entry.key, scale, entry.revision);
}

/** Throws what {@link update} of the object throws. */
export function updateScale(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  body: Body,
  options: WriteOptions,
): Promise<Entry> {
  const submitted = acceptBody(scaleDefinition, body, options);
  matchName(submitted, name);
  return write(environment, endpoint, name, () => submitted, options);
}

type Apply = (object: JsonObject, patch: unknown) => JsonObject;

const appliers: Readonly<Record<string, Apply>> = {
  "application/json-patch+json": applyJsonPatch,
  "application/merge-patch+json": applyMergePatch,
};

/** Throws UnsupportedMediaType, and what {@link update} of the object throws. */
export function patchScale(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  { type, body, duplicates }: Patch,
  options: WriteOptions,
): Promise<Entry> {
  const apply = Object.hasOwn(appliers, type) ? appliers[type] : undefined;
  if (apply === undefined)
    throw new ApiError(
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: ${Object.keys(appliers).join(", ")}`,
    );
  const patched = (scale: JsonObject): WritableObject => {
    const accepted = acceptBody(scaleDefinition, { object: apply(scale, body), duplicates }, options);
    matchName(accepted, name);
    return accepted;
  };
  return write(environment, endpoint, name, patched, options);
}

async function write(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  make: (scale: JsonObject) => WritableObject,
  options: WriteOptions,
): Promise<Entry> {
  const { definition, codec } = endpoint;
  const paths = pathsOf(endpoint);
  const decide = async (current: Entry): Promise<Change> => {
    const owner = current.copy();
    const { scale: old, found } = scaleOf(owner, paths);
    const request = { ...admissionRequest("UPDATE", definition, name, options, "scale"), old };
    const object = await environment.admission.mutate({ ...request, object: make(structuredClone(old)) });
    const replicas = replicasOf(object);
    if (replicas === undefined && !found)
      throw badRequest(`the spec replicas field ${JSON.stringify(paths.specReplicasPath)} cannot be empty`);
    setReplicas(owner, paths, replicas ?? 0);
    const { resourceVersion = "", uid = "" } = object.metadata;
    if (resourceVersion !== "") owner.metadata["resourceVersion"] = resourceVersion;
    if (uid !== "") owner.metadata["uid"] = uid;
    const scaling = {
      definition,
      subresource: "scale",
      fieldManager: options.fieldManager,
      now: environment.clock.now(),
    };
    const managedFields = await trackUpdate(scaling, current.object as unknown as JsonObject, owner, undefined);
    const tracked = withManagedFields(owner, managedFields);
    const decided = decideUpdate(environment, definition, current, tracked, undefined);
    await environment.admission.validate({ ...request, object });
    return decided;
  };
  const { entry } = await change(endpoint, name, decide, options.dryRun);
  const { scale } = scaleOf(entry.object as unknown as JsonObject, paths);
  return codec.entryOf(entry.key, scale, entry.revision);
}

/** Throws BadRequest, as decoding into an int32 does. */
function replicasOf({ spec }: WritableObject): number | undefined {
  const replicas = isJsonObject(spec) ? getOwn(spec, "replicas") : undefined;
  if (replicas === undefined || replicas === null) return undefined;
  if (typeof replicas === "number" && Number.isInteger(replicas)) return replicas;
  throw badRequest(
    `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${goTypeOf(replicas)} into Go struct field ScaleSpec.spec.replicas of type int32`,
  );
}

/** Throws NotFound where the kind has no scale. */
function pathsOf({ definition }: Endpoint): ScalePaths {
  if (definition.scale === undefined)
    throw new ApiError("NotFound", "the server could not find the requested resource");
  return definition.scale;
}
