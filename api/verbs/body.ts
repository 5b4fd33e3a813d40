/** What a client sent, and what must hold of it whatever the verb. */
import { apiVersionOf } from "../../crds/meta.ts";
import { reportFields } from "../admission/field-validation.ts";
import type { WritableObject } from "../codec.ts";
import { isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { invalidValue } from "../schema/field-errors.ts";
import { checkMetadataTypes } from "../schema/metadata.ts";
import type { ApiError } from "../status.ts";
import { badRequest, invalid } from "../status.ts";
import type { ObjectName, WriteOptions } from "./environment.ts";

export interface Body {
  /** The verb's own, to change as it likes. */
  readonly object: JsonObject;
  /** Findings about fields that were given twice, as decodeBody words them. */
  readonly duplicates: readonly string[];
}

/**
 * The object, known to be of the right kind, without what the kind does not know and with its defaults.
 * Source: k8s.io/apiserver/pkg/endpoints/handlers/create.go. Throws BadRequest.
 */
export function acceptBody(definition: ResourceDefinition, body: Body, options: WriteOptions): WritableObject {
  const object = withTypeMeta(definition, body.object);
  const unknown = definition.schema.prune(object);
  // What the server decides itself has to be readable as well.
  checkMetadataTypes(object);
  reportFields(definition, unknown, body.duplicates, options);
  definition.schema.applyDefaults(object);
  return object;
}

function withTypeMeta(definition: ResourceDefinition, object: JsonObject): WritableObject {
  const apiVersion = apiVersionOf(definition);
  // A typed decoder knows what to expect; for custom resources the body has to say it.
  if (definition.mergeKeys !== undefined) {
    object["apiVersion"] ??= apiVersion;
    object["kind"] ??= definition.kind;
  }
  const { apiVersion: givenVersion, kind } = object;
  const unrecognized = (why: string): Error =>
    badRequest(`the object provided is unrecognized (must be of type ${definition.kind}): ${why}`);
  if (typeof kind !== "string" || kind === "") throw unrecognized("Object 'Kind' is missing");
  if (typeof givenVersion !== "string" || givenVersion === "") throw unrecognized("Object 'apiVersion' is missing");
  if (givenVersion !== apiVersion)
    throw badRequest(
      `the API version in the data (${givenVersion}) does not match the expected API version (${apiVersion})`,
    );
  if (kind !== definition.kind && definition.versions !== undefined) throw otherKind(definition, kind, object);
  if (kind !== definition.kind)
    throw badRequest(
      `${kind} in version "${definition.version}" cannot be handled as a ${definition.kind}: the kind in the data does not match the expected kind`,
    );
  const metadata = object["metadata"] ?? {};
  if (!isJsonObject(metadata)) throw badRequest(`the metadata of the object provided must be an object`);
  // Go writes creationTimestamp: null for an object that was not created yet, and leaves out what is empty.
  for (const [field, value] of Object.entries(metadata))
    if (value === null || isBare(field, value)) Reflect.deleteProperty(metadata, field);
  for (const field of ["labels", "annotations"]) {
    const values = metadata[field];
    if (isJsonObject(values) && Object.values(values).includes(null)) metadata[field] = withoutNull(values);
  }
  return { ...object, metadata };
}

/** What encoding/json reads null in a map of strings as. */
function withoutNull(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value ?? ""]));
}

function isBare(field: string, value: unknown): boolean {
  if (field === "labels" || field === "annotations") return isJsonObject(value) && Object.keys(value).length === 0;
  if (field === "ownerReferences" || field === "finalizers") return Array.isArray(value) && value.length === 0;
  return value === "";
}

/** The namespace of a new object is the one in the URL. Source: rest.EnsureObjectNamespaceMatchesRequestNamespace. */
export function matchNamespace(object: WritableObject, namespace: string | undefined): void {
  const { metadata } = object;
  const given = metadata["namespace"];
  if (namespace === undefined) delete metadata["namespace"];
  else if (given === undefined || given === "") metadata["namespace"] = namespace;
  else if (given !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** Source: checkName in k8s.io/apiserver/pkg/endpoints/handlers/rest.go. */
export function matchName({ metadata }: WritableObject, { namespace, name }: ObjectName): void {
  const given = metadata["name"];
  if (given === undefined || given === "")
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (given !== name)
    throw badRequest(`the name of the object (${text(given)}) does not match the name on the URL (${name})`);
  const givenNamespace = metadata["namespace"] ?? "";
  if (namespace !== undefined && givenNamespace !== "" && givenNamespace !== namespace)
    throw badRequest(
      `the namespace of the object (${text(givenNamespace)}) does not match the namespace on the request (${namespace})`,
    );
}

/** Source: ValidateTypeMeta in apiextensions-apiserver/pkg/registry/customresource/validator.go. */
function otherKind(definition: ResourceDefinition, kind: string, { metadata }: JsonObject): ApiError {
  const name = isJsonObject(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
  const { group } = definition;
  return invalid({ group, kind }, name, [invalidValue("kind", kind, `must be ${definition.kind}`)]);
}

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
