/** The scale subresource. Source: ScaleREST in apiextensions-apiserver/pkg/registry/customresource/etcd.go. */
import { apiVersionOf } from "../../crds/meta.ts";
import { admissionRequest } from "../admission/admission.ts";
import type { Entry, WritableObject } from "../codec.ts";
import { asText, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { Write } from "../managed-fields/field-manager.ts";
import { applyConfiguration, trackUpdate } from "../managed-fields/field-manager.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import type { ScalePaths } from "../resources/crd-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import { scaleDefinition, scaleOf, setReplicas } from "../resources/scale.ts";
import { goTypeOf, requireObject } from "../decode.ts";
import { ApiError, badRequest } from "../status.ts";
import { applyType } from "./apply.ts";
import type { Body } from "./body.ts";
import { decodePatched } from "./patch.ts";
import { acceptBody, matchName } from "./body.ts";
import type { Change } from "./change.ts";
import { change } from "./change.ts";
import type { Environment, ObjectName, WriteOptions } from "./environment.ts";
import { get } from "./get.ts";
import type { Patch } from "./patch.ts";
import { withManagedFields } from "./tracking.ts";
import { checkUid, decideUpdate } from "./update.ts";

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
  return write(environment, endpoint, name, () => submitted, options, trackReplicas);
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
  if (type === applyType)
    return write(environment, endpoint, name, configured(name, requireObject(body)), options, applyReplicas);
  const apply = Object.hasOwn(appliers, type) ? appliers[type] : undefined;
  if (apply === undefined)
    throw new ApiError(
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: ${[...Object.keys(appliers), applyType].join(", ")}`,
    );
  const patched = (scale: JsonObject): WritableObject => {
    const object = apply(scale, body);
    const accepted = decodePatched(object, () => {
      const decoded = acceptBody(scaleDefinition, { object, duplicates }, options);
      replicasOf(decoded);
      return decoded;
    });
    matchName(accepted, name);
    return accepted;
  };
  return write(environment, endpoint, name, patched, options, trackReplicas);
}

/** The Scale that a configuration asks for. Throws BadRequest for what is no configuration of this one. */
function configured(name: ObjectName, config: JsonObject): (scale: JsonObject) => WritableObject {
  const { apiVersion, kind } = config;
  if (apiVersion !== apiVersionOf(scaleDefinition) || kind !== scaleDefinition.kind)
    throw badRequest(`invalid object type: ${asText(apiVersion)}, Kind=${asText(kind)}`);
  const metadata = isJsonObject(config["metadata"]) ? config["metadata"] : {};
  if (metadata["managedFields"] !== undefined) throw badRequest("metadata.managedFields must be nil");
  matchName({ metadata: { name: name.name, ...metadata } }, name);
  const spec = isJsonObject(config["spec"]) ? config["spec"] : {};
  // A configuration that says nothing of replicas leaves them as they are.
  return (scale) => ({
    ...scale,
    metadata: { ...(scale["metadata"] as JsonObject), ...metadata },
    spec: { ...(scale["spec"] as JsonObject), ...spec },
  });
}

/** What `owner`, which has its replicas already, is stored as: with the fields of whoever scaled it. */
type Track = (
  scaling: Write,
  current: Entry,
  owner: WritableObject,
  replicas: number,
  force: boolean,
) => Promise<WritableObject>;

const trackReplicas: Track = async (scaling, current, owner) =>
  withManagedFields(owner, await trackUpdate(scaling, current.object as unknown as JsonObject, owner, undefined));

/** Source: ScaleHandler in apimachinery/pkg/util/managedfields/scalehandler.go: who scales owns the field of the object. */
const applyReplicas: Track = async (scaling, current, owner, replicas, force) => {
  const { definition } = scaling;
  const { name, resourceVersion } = owner.metadata;
  const config: JsonObject = {
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
    metadata: { name, resourceVersion },
  };
  if (definition.scale !== undefined) setReplicas(config, definition.scale, replicas);
  return applyConfiguration(scaling, current.object as unknown as JsonObject, config, force);
};

async function write(
  environment: Environment,
  endpoint: Endpoint,
  name: ObjectName,
  make: (scale: JsonObject) => WritableObject,
  options: WriteOptions,
  track: Track,
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
    checkUid(definition, current, object);
    const { resourceVersion = "" } = object.metadata;
    if (resourceVersion !== "") owner.metadata["resourceVersion"] = resourceVersion;
    const scaling = {
      definition,
      subresource: "scale",
      fieldManager: options.fieldManager,
      now: environment.clock.now(),
    };
    const tracked = await track(scaling, current, owner, replicas ?? 0, options.force);
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
