/**
 * Schemas of metav1 types that every kind's schema refers to.
 * Source of the fields: apimachinery/pkg/apis/meta/v1/types.go.
 */
import type { JsonObject } from "../resources/definition.ts";

const prefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/** The name of a metav1 type among a document's schemas. */
export const metaName = (type: string): string => `${prefix}${type}`;

/** Writes a reference to a schema by its name: the two versions of OpenAPI keep schemas in different places. */
export type Refer = (name: string) => JsonObject;

const string = (description: string): JsonObject => ({ type: "string", description });
const integer = (description: string): JsonObject => ({ type: "integer", format: "int64", description });
const boolean = (description: string): JsonObject => ({ type: "boolean", description });
const time = (description: string): JsonObject => ({ type: "string", format: "date-time", description });
const strings = (description: string): JsonObject => ({
  type: "object",
  additionalProperties: { type: "string" },
  description,
});
const object = (description: string, properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: "object",
  description,
  properties,
  ...(required.length > 0 ? { required } : {}),
});

export const apiVersionSchema = string(
  "APIVersion defines the versioned schema of this representation of an object: group/version, or v1.",
);
export const kindSchema = string("Kind is a string value representing the REST resource this object represents.");

/** The schema of a kind that is nothing but a subresource. Source: k8s.io/api/{autoscaling,authentication,policy}/v1. */
export function subresourceSchema(kind: string, refer: Refer): JsonObject {
  const metadata = { ...refer(metaName("ObjectMeta")), description: "Standard object metadata." };
  const int32 = (description: string): JsonObject => ({ type: "integer", format: "int32", description });
  const base = { apiVersion: apiVersionSchema, kind: kindSchema, metadata };
  if (kind === "Scale")
    return object("Scale represents a scaling request for a resource.", {
      ...base,
      spec: object("spec defines the behavior of the scale.", {
        replicas: int32("replicas is the desired number of instances for the scaled object."),
      }),
      status: object(
        "status is the current status of the scale. Read-only.",
        {
          replicas: int32("replicas is the actual number of observed instances of the scaled object."),
          selector: string("selector is the label query over instances that should match the replicas count."),
        },
        ["replicas"],
      ),
    });
  if (kind === "Eviction")
    return object("Eviction asks a Container to leave its Host, as far as DisruptionBudgets let it.", {
      ...base,
      deleteOptions: { ...refer(metaName("DeleteOptions")), description: "Of these, dryRun and preconditions count." },
    });
  return object(
    "TokenRequest requests a token for a given service account.",
    {
      ...base,
      spec: object(
        "Spec holds information about the request being evaluated.",
        {
          audiences: {
            type: "array",
            description: "Audiences are the intendend audiences of the token.",
            items: { type: "string" },
            "x-kubernetes-list-type": "atomic",
          },
          expirationSeconds: integer("ExpirationSeconds is the requested duration of validity of the request."),
          boundObjectRef: object("A reference to an object that the token will be bound to.", {
            apiVersion: string("API version of the referent."),
            kind: string("Kind of the referent. Valid kinds are 'Pod' and 'Secret'."),
            name: string("Name of the referent."),
            uid: string("UID of the referent."),
          }),
        },
        ["audiences"],
      ),
      status: object(
        "Status is filled in by the server and indicates whether a token could be issued.",
        {
          token: string("Token is the opaque bearer token."),
          expirationTimestamp: time("ExpirationTimestamp is the time of expiration of the returned token."),
        },
        ["token", "expirationTimestamp"],
      ),
    },
    ["spec"],
  );
}

export function metaSchemas(refer: Refer): JsonObject {
  const meta = (type: string): JsonObject => refer(metaName(type));
  return {
    [metaName("ObjectMeta")]: object("ObjectMeta is metadata that all persisted resources must have.", {
      name: string("Name must be unique within a namespace. Cannot be updated."),
      generateName: string("Prefix that the server makes a unique name from, when name is not given."),
      namespace: string("Namespace defines the space within which each name must be unique. Cannot be updated."),
      uid: string("UID is the unique in time and space value for this object. Populated by the system. Read-only."),
      resourceVersion: string(
        "An opaque value that represents the internal version of this object. Populated by the system. Read-only.",
      ),
      generation: integer("Counts the changes of the desired state. Populated by the system. Read-only."),
      creationTimestamp: time("When the object was created. Populated by the system. Read-only."),
      deletionTimestamp: time("When the object is to be deleted. Set by the server on a delete request. Read-only."),
      deletionGracePeriodSeconds: integer("Seconds allowed to end gracefully before the object is removed. Read-only."),
      selfLink: string("Deprecated: no longer populated by the system."),
      labels: strings("Map of string keys and values that can be used to organize and select objects."),
      annotations: strings("Map of string keys and values that tools store and retrieve arbitrary metadata in."),
      ownerReferences: {
        type: "array",
        description: "Objects that this one depends on. When all of them are gone, this one is deleted.",
        items: meta("OwnerReference"),
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["uid"],
        "x-kubernetes-patch-merge-key": "uid",
        "x-kubernetes-patch-strategy": "merge",
      },
      finalizers: {
        type: "array",
        description: "Must be empty before the object is deleted; each says who has to do something first.",
        items: { type: "string" },
        "x-kubernetes-list-type": "set",
        "x-kubernetes-patch-strategy": "merge",
      },
      managedFields: {
        type: "array",
        description: "Which field manager wrote which fields. Kept by the system.",
        items: meta("ManagedFieldsEntry"),
        "x-kubernetes-list-type": "atomic",
      },
    }),
    [metaName("OwnerReference")]: {
      ...object(
        "OwnerReference contains enough information to let you identify an owning object.",
        {
          apiVersion: string("API version of the referent."),
          kind: string("Kind of the referent."),
          name: string("Name of the referent."),
          uid: string("UID of the referent."),
          controller: boolean("If true, this reference points to the managing controller."),
          blockOwnerDeletion: boolean("If true, the owner is not removed before this object, in foreground deletion."),
        },
        ["apiVersion", "kind", "name", "uid"],
      ),
      "x-kubernetes-map-type": "atomic",
    },
    [metaName("ManagedFieldsEntry")]: object("ManagedFieldsEntry is a workflow-id and its fields.", {
      manager: string("Manager is an identifier of the workflow managing these fields."),
      operation: string("Operation is the type of operation which lead to this entry: Apply or Update."),
      apiVersion: string("APIVersion of the resource that this field set applies to."),
      time: time("When the entry was last changed."),
      fieldsType: string("FieldsType is always FieldsV1."),
      fieldsV1: { type: "object", description: "The set of fields.", "x-kubernetes-preserve-unknown-fields": true },
      subresource: string("Subresource that was written, empty for the object itself."),
    }),
    [metaName("ListMeta")]: object("ListMeta describes metadata that lists have.", {
      resourceVersion: string("The state that the list shows. Populated by the system. Read-only."),
      continue: string("Token for the next page; empty on the last one."),
      remainingItemCount: integer("How many items follow this page."),
      selfLink: string("Deprecated: no longer populated by the system."),
    }),
    [metaName("Patch")]: { type: "object", description: "Patch is a request to change an object in part." },
    [metaName("DeleteOptions")]: object("DeleteOptions may be provided when deleting an API object.", {
      apiVersion: apiVersionSchema,
      kind: kindSchema,
      dryRun: { type: "array", items: { type: "string" }, description: "All: nothing is persisted." },
      gracePeriodSeconds: integer("Seconds before the object is deleted."),
      orphanDependents: boolean("Deprecated: use propagationPolicy."),
      preconditions: object("Must be fulfilled before a deletion is carried out.", {
        uid: string("Specifies the target UID."),
        resourceVersion: string("Specifies the target resourceVersion."),
      }),
      propagationPolicy: string("What happens to dependents: Orphan, Background or Foreground."),
    }),
    [metaName("Status")]: object("Status is a return value for calls that do not return other objects.", {
      apiVersion: apiVersionSchema,
      kind: kindSchema,
      metadata: meta("ListMeta"),
      status: string("Success or Failure."),
      message: string("A human-readable description of the status of this operation."),
      reason: string("A machine-readable description of why this operation is in the Failure status."),
      details: {
        type: "object",
        description: "What the status is about.",
        "x-kubernetes-preserve-unknown-fields": true,
      },
      code: { type: "integer", format: "int32", description: "HTTP status code." },
    }),
  };
}
