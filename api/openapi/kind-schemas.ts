/** Schemas of kinds as OpenAPI documents carry them. Source: apiextensions-apiserver/pkg/controller/openapi/builder. */
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject, MergeKeys, ResourceDefinition } from "../resources/definition.ts";
import type { Refer } from "./meta-schemas.ts";
import { subresourcesOf } from "../discovery/versions.ts";
import { apiVersionSchema, kindSchema, metaName, subresourceSchema } from "./meta-schemas.ts";
import { listSchemaName, schemaName } from "./operations.ts";

/** The schemas of a kind, of its list and of what is below it, by name. */
export function kindSchemas(definition: ResourceDefinition, refer: Refer): JsonObject {
  return { ...ownSchemas(definition, refer), ...schemasBelow(definition, refer) };
}

/** Those of subresources that are of another kind. */
function schemasBelow(definition: ResourceDefinition, refer: Refer): JsonObject {
  const kinds = subresourcesOf(definition).flatMap(([, { kind }]) => (kind === undefined ? [] : [kind]));
  return Object.fromEntries(
    kinds.map((kind) => [
      schemaName(kind),
      { ...subresourceSchema(kind.kind, refer), "x-kubernetes-group-version-kind": [kind] },
    ]),
  );
}

function ownSchemas(definition: ResourceDefinition, refer: Refer): JsonObject {
  const { group, version, kind, openAPISchema, mergeKeys, verbs } = definition;
  const schema = withMergeKeys(openAPISchema, mergeKeys ?? {});
  addEmbedded(schema, refer);
  const properties = getOwn(schema, "properties");
  return {
    [schemaName(definition)]: {
      ...schema,
      type: "object",
      properties: { ...(isJsonObject(properties) ? properties : {}), ...typeMeta, metadata: metadataSchema(refer) },
      "x-kubernetes-group-version-kind": [{ group, version, kind }],
    },
    ...(verbs.includes("list") ? { [listSchemaName(definition)]: listSchema(definition, refer) } : {}),
  };
}

const typeMeta: JsonObject = { apiVersion: apiVersionSchema, kind: kindSchema };

const metadataSchema = (refer: Refer): JsonObject => ({
  ...refer(metaName("ObjectMeta")),
  description: "Standard object's metadata.",
});

function listSchema(definition: ResourceDefinition, refer: Refer): JsonObject {
  const { group, version, kind, listKind, plural } = definition;
  return {
    type: "object",
    description: `${listKind} is a list of ${kind}`,
    required: ["items"],
    properties: {
      ...typeMeta,
      metadata: { ...refer(metaName("ListMeta")), description: "Standard list metadata." },
      items: { type: "array", description: `List of ${plural}.`, items: refer(schemaName(definition)) },
    },
    "x-kubernetes-group-version-kind": [{ group, version, kind: listKind }],
  };
}

/** Gives, in place, whole objects within the object what all objects have. Source: addEmbeddedProperties in builder.go. */
function addEmbedded(schema: unknown, refer: Refer): void {
  if (!isJsonObject(schema)) return;
  const properties = getOwn(schema, "properties");
  for (const child of [
    ...(isJsonObject(properties) ? Object.values(properties) : []),
    getOwn(schema, "items"),
    getOwn(schema, "additionalProperties"),
  ])
    addEmbedded(child, refer);
  // Where version 2 names no fields there is none to add to: kubectl would refuse the others.
  if (schema["x-kubernetes-embedded-resource"] !== true || properties === undefined) return;
  schema["properties"] = { ...(properties as JsonObject), ...typeMeta, metadata: metadataSchema(refer) };
}

/** A copy in which the lists that strategic merge patch merges say so: kubectl apply computes patches by it. */
function withMergeKeys(schema: JsonObject, mergeKeys: MergeKeys): JsonObject {
  const copy = structuredClone(schema);
  for (const [path, key] of Object.entries(mergeKeys)) {
    const list = path.split(".").reduce<unknown>((node, field) => propertyOf(node, field), copy);
    if (!isJsonObject(list)) continue;
    list["x-kubernetes-patch-strategy"] = "merge";
    if (key !== "") list["x-kubernetes-patch-merge-key"] = key;
  }
  return copy;
}

/** The schema of a field, stepping into items of lists. */
function propertyOf(schema: unknown, field: string): unknown {
  if (!isJsonObject(schema)) return undefined;
  const items = getOwn(schema, "items");
  if (items !== undefined) return propertyOf(items, field);
  const properties = getOwn(schema, "properties");
  return isJsonObject(properties) ? getOwn(properties, field) : undefined;
}
