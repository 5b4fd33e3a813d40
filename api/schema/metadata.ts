/**
 * Validates metadata. Source of the rules and the wording: apimachinery/pkg/api/validation/objectmeta.go; of the types:
 * metav1.ObjectMeta as encoding/json reads it.
 */
import { isDeepStrictEqual } from "node:util";
import { goTypeOf } from "../decode.ts";
import { asList, asText, childPath, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { badRequest } from "../status.ts";
import { forbiddenField, invalidValue, required, tooLong } from "./field-errors.ts";
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, pathSegment, qualified } from "./names.ts";

const maxAnnotationBytes = 256 * 1024;

type NameCheck = (name: string) => readonly string[];

/** Kinds whose names are not DNS subdomains: `plural.group` -> rule. */
const nameRules: Readonly<Record<string, NameCheck>> = {
  "namespaces.": dns1123Label,
  "services.": dns1035Label,
  "roles.rbac.authorization.k8s.io": pathSegment,
  "rolebindings.rbac.authorization.k8s.io": pathSegment,
  "events.": pathSegment,
  "clusterroles.rbac.authorization.k8s.io": pathSegment,
  "clusterrolebindings.rbac.authorization.k8s.io": pathSegment,
};

/**
 * What is wrong with the metadata of an object that is about to be created; its name must have been generated.
 * Throws BadRequest when a field has the wrong type, as decoding into metav1.ObjectMeta would.
 */
export function validateMetadata(object: JsonObject, definition: ResourceDefinition): readonly StatusCause[] {
  const metadata = typedMetadata(object);
  const rule = nameRules[`${definition.plural}.${definition.group}`] ?? dns1123Subdomain;
  return [
    ...nameCauses(metadata, rule),
    ...namespaceCauses(metadata, definition.namespaced),
    ...(Number(metadata["generation"] ?? 0) < 0
      ? [invalidValue("metadata.generation", metadata["generation"], "must be greater than or equal to 0")]
      : []),
    ...commonMetadataCauses(metadata, "metadata"),
    ...kubeFinalizerCauses(metadata, definition),
  ];
}

/**
 * What is wrong with an update: {@link validateMetadata} need not run as well. System fields that the update leaves
 * out keep their value and are not looked at. Throws BadRequest as {@link validateMetadata}.
 */
export function validateMetadataUpdate(
  object: JsonObject,
  old: JsonObject,
  definition: ResourceDefinition,
): readonly StatusCause[] {
  const metadata = typedMetadata(object);
  const before = isJsonObject(old["metadata"]) ? old["metadata"] : {};
  const changed = immutableFields.filter((field) => {
    const value = getOwn(metadata, field);
    return value !== undefined && value !== null && value !== "" && !isDeepStrictEqual(value, getOwn(before, field));
  });
  return [
    ...newFinalizerCauses(metadata, before),
    ...changed.map((field) => invalidValue(`metadata.${field}`, metadata[field], "field is immutable")),
    ...commonMetadataCauses(metadata, "metadata"),
    ...kubeFinalizerCauses(metadata, definition),
  ];
}

const immutableFields = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

function nameCauses(metadata: JsonObject, rule: NameCheck): readonly StatusCause[] {
  const name = stringField(metadata, "name");
  const generateName = stringField(metadata, "generateName");
  // A prefix may end in a dash: the generated part follows. Source: maskTrailingDash in name.go.
  const prefix = generateName.length > 1 ? generateName.replace(/-$/, "a") : generateName;
  return [
    ...(generateName === "" ? [] : rule(prefix).map((why) => invalidValue("metadata.generateName", generateName, why))),
    ...(name === ""
      ? [required("metadata.name", "name or generateName is required")]
      : rule(name).map((why) => invalidValue("metadata.name", name, why))),
  ];
}

function namespaceCauses(metadata: JsonObject, namespaced: boolean): readonly StatusCause[] {
  const namespace = stringField(metadata, "namespace");
  if (!namespaced) return namespace === "" ? [] : [forbiddenField("metadata.namespace", "not allowed on this type")];
  if (namespace === "") return [required("metadata.namespace")];
  return dns1123Label(namespace).map((why) => invalidValue("metadata.namespace", namespace, why));
}

/** Labels, annotations, finalizers and owners: what creation, update and embedded objects have in common. */
export function commonMetadataCauses(metadata: JsonObject, path: string): readonly StatusCause[] {
  return [
    ...labelCauses(mapField(metadata, "labels"), childPath(path, "labels")),
    ...annotationCauses(mapField(metadata, "annotations"), childPath(path, "annotations")),
    ...ownerCauses(asList(metadata["ownerReferences"]), childPath(path, "ownerReferences")),
    ...finalizerCauses(strings(metadata["finalizers"]), childPath(path, "finalizers")),
  ];
}

function labelCauses(labels: JsonObject, path: string): readonly StatusCause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualified(key).map((why) => invalidValue(path, key, why)),
    ...labelValue(asText(value)).map((why) => invalidValue(path, value, why)),
  ]);
}

function annotationCauses(annotations: JsonObject, path: string): readonly StatusCause[] {
  const entries = Object.entries(annotations);
  const bytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(asText(value)),
    0,
  );
  return [
    ...entries.flatMap(([key]) => qualified(key.toLowerCase()).map((why) => invalidValue(path, key, why))),
    ...(bytes > maxAnnotationBytes ? [tooLong(path, maxAnnotationBytes)] : []),
  ];
}

function ownerCauses(owners: readonly unknown[], path: string): readonly StatusCause[] {
  const references = owners.filter(isJsonObject);
  const controllers = references.filter((owner) => owner["controller"] === true);
  const causes = references.flatMap((owner) => [
    ...(isGroupVersion(stringField(owner, "apiVersion"))
      ? []
      : [invalidValue(childPath(path, "apiVersion"), owner["apiVersion"] ?? "", "version must not be empty")]),
    ...["kind", "name", "uid"]
      .filter((field) => stringField(owner, field) === "")
      .map((field) => invalidValue(childPath(path, field), "", `${field} must not be empty`)),
    ...(owner["apiVersion"] === "v1" && owner["kind"] === "Event"
      ? [invalidValue(path, owner, "/v1, Kind=Event is disallowed from being an owner")]
      : []),
  ]);
  const [first, second] = controllers.map((owner) => `${stringField(owner, "kind")}/${stringField(owner, "name")}`);
  if (first === undefined || second === undefined) return causes;
  const why = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [...causes, invalidValue(path, references, why)];
}

/** Source: ParseGroupVersion in apimachinery/pkg/runtime/schema/group_version.go. */
const isGroupVersion = (apiVersion: string): boolean => /^([^/]*\/)?[^/]+$/.test(apiVersion);

function finalizerCauses(finalizers: readonly string[], path: string): readonly StatusCause[] {
  const both = ["orphan", "foregroundDeletion"].every((one) => finalizers.includes(one));
  return [
    ...finalizers.flatMap((finalizer) => qualified(finalizer).map((why) => invalidValue(path, finalizer, why))),
    ...(both ? [invalidValue(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set")] : []),
  ];
}

const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);
/** Built-in groups whose validation knows of no standard finalizers. */
const lenientGroups: ReadonlySet<string> = new Set(["apiextensions.k8s.io", "admissionregistration.k8s.io"]);

/** Source: validateKubeFinalizerName in pkg/apis/core/validation/validation.go. */
function kubeFinalizerCauses(
  metadata: JsonObject,
  { group, versions }: Pick<ResourceDefinition, "group" | "versions">,
): readonly StatusCause[] {
  if (versions !== undefined || lenientGroups.has(group)) return [];
  const why = "name is neither a standard finalizer name nor is it fully qualified";
  return strings(metadata["finalizers"]).flatMap((finalizer, i) =>
    finalizer.includes("/") || standardFinalizers.has(finalizer)
      ? []
      : [invalidValue(`metadata.finalizers[${i}]`, finalizer, why)],
  );
}

function newFinalizerCauses(metadata: JsonObject, before: JsonObject): readonly StatusCause[] {
  if (getOwn(before, "deletionTimestamp") === undefined) return [];
  const present = new Set(strings(before["finalizers"]));
  const added = strings(metadata["finalizers"]).filter((finalizer) => !present.has(finalizer));
  if (added.length === 0) return [];
  const list = `[]string{${added
    .toSorted()
    .map((one) => JSON.stringify(one))
    .join(", ")}}`;
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  return [forbiddenField("metadata.finalizers", why)];
}

function stringField(object: JsonObject, key: string): string {
  const value = getOwn(object, key);
  return typeof value === "string" ? value : "";
}

function mapField(object: JsonObject, key: string): JsonObject {
  const value = getOwn(object, key);
  return isJsonObject(value) ? value : {};
}

function strings(value: unknown): readonly string[] {
  return asList(value).filter((item) => typeof item === "string");
}

type FieldType =
  "string" | "int64" | "bool" | "time" | "map[string]string" | "[]string" | "[]OwnerReference" | "[]ManagedFieldsEntry";

/** Types of metav1.ObjectMeta, and of metav1.OwnerReference below. */
const metadataTypes: Readonly<Record<string, FieldType>> = {
  name: "string",
  generateName: "string",
  namespace: "string",
  selfLink: "string",
  uid: "string",
  resourceVersion: "string",
  generation: "int64",
  creationTimestamp: "time",
  deletionTimestamp: "time",
  deletionGracePeriodSeconds: "int64",
  labels: "map[string]string",
  annotations: "map[string]string",
  ownerReferences: "[]OwnerReference",
  finalizers: "[]string",
  managedFields: "[]ManagedFieldsEntry",
};

const ownerTypes: Readonly<Record<string, FieldType>> = {
  apiVersion: "string",
  kind: "string",
  name: "string",
  uid: "string",
  controller: "bool",
  blockOwnerDeletion: "bool",
};

/** Why this is no metav1.ObjectMeta, as decoding it says; undefined when it is, or is not there. */
export function metadataTypeProblem(metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (!isJsonObject(metadata))
    return `json: cannot unmarshal ${goTypeOf(metadata)} into Go value of type v1.ObjectMeta`;
  try {
    checkTypes(metadata, metadataTypes, "", (value, field, type) => {
      throw new TypeError(
        `json: cannot unmarshal ${goTypeOf(value)} into Go struct field ObjectMeta${field} of type ${type}`,
      );
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Throws BadRequest for the first field of metadata that has the wrong type, as decoding into metav1.ObjectMeta would. */
export function checkMetadataTypes(object: JsonObject): void {
  typedMetadata(object);
}

function typedMetadata(object: JsonObject): JsonObject {
  const metadata = getOwn(object, "metadata") ?? {};
  const refuse = (value: unknown, struct: string, field: string, type: string): never => {
    const [version] = stringField(object, "apiVersion").split("/").slice(-1);
    const kind = stringField(object, "kind");
    throw badRequest(
      `${kind} in version "${version ?? ""}" cannot be handled as a ${kind}: json: cannot unmarshal ${goTypeOf(value)} into Go struct field ${struct}.${field} of type ${type}`,
    );
  };
  if (!isJsonObject(metadata)) return refuse(metadata, kindOrObject(object), "metadata", "v1.ObjectMeta");
  checkTypes(metadata, metadataTypes, "metadata", (value, field, type) => refuse(value, "ObjectMeta", field, type));
  return metadata;
}

const kindOrObject = (object: JsonObject): string => stringField(object, "kind") || "Object";

type Refuse = (value: unknown, field: string, type: string) => never;

function checkTypes(
  object: JsonObject,
  types: Readonly<Record<string, FieldType>>,
  path: string,
  refuse: Refuse,
): void {
  for (const [key, type] of Object.entries(types)) {
    const value = getOwn(object, key);
    // encoding/json takes null for every type: it sets nothing.
    if (value !== undefined && value !== null) checkType(value, type, `${path}.${key}`, refuse);
  }
}

function checkType(value: unknown, type: FieldType, field: string, refuse: Refuse): void {
  switch (type) {
    case "string":
    case "bool":
      if (typeof value !== (type === "bool" ? "boolean" : type)) refuse(value, field, type);
      return;
    case "int64":
      if (!Number.isSafeInteger(value)) refuse(value, field, type);
      return;
    case "time":
      if (typeof value !== "string") refuse(value, field, "string");
      else if (Number.isNaN(Date.parse(value))) refuse(value, field, `v1.Time: "${value}" is not an RFC 3339 time`);
      return;
    case "map[string]string":
      if (!isJsonObject(value)) refuse(value, field, type);
      else for (const item of Object.values(value)) if (typeof item !== "string") refuse(item, field, "string");
      return;
    case "[]string":
    case "[]OwnerReference":
    case "[]ManagedFieldsEntry":
      if (!Array.isArray(value)) refuse(value, field, type.replace("[]O", "[]v1.O").replace("[]M", "[]v1.M"));
      for (const item of asList(value)) checkItem(item, type, field, refuse);
  }
}

function checkItem(item: unknown, type: FieldType, field: string, refuse: Refuse): void {
  if (type === "[]string") {
    if (typeof item !== "string") refuse(item, field, "string");
  } else if (!isJsonObject(item)) refuse(item, field, `v1.${type.slice(2)}`);
  else if (type === "[]OwnerReference") checkTypes(item, ownerTypes, field, refuse);
}
