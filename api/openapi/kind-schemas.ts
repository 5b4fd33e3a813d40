/** Schemas of kinds as OpenAPI documents carry them. Source: apiextensions-apiserver/pkg/controller/openapi/builder. */
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject, MergeKeys, ResourceDefinition } from "../resources/definition.ts";
import type { Refer } from "./meta-schemas.ts";
import { apiVersionSchema, kindSchema, metaName } from "./meta-schemas.ts";
import { listSchemaName, schemaName } from "./operations.ts";

/** The schemas of a kind and of its list, by name. */
export function kindSchemas(definition: ResourceDefinition, refer: Refer): JsonObject {
  const { group, version, kind, listKind, openAPISchema, mergeKeys } = definition;
  const schema = withMergeKeys(openAPISchema, mergeKeys ?? {});
  const properties = getOwn(schema, "properties");
  const described = (type: string, description: string): JsonObject => ({ ...refer(metaName(type)), description });
  return {
    [schemaName(definition)]: {
      ...schema,
      type: "object",
      properties: {
        ...(isJsonObject(properties) ? properties : {}),
        apiVersion: apiVersionSchema,
        kind: kindSchema,
        metadata: described("ObjectMeta", "Standard object's metadata."),
      },
      "x-kubernetes-group-version-kind": [{ group, version, kind }],
    },
    [listSchemaName(definition)]: {
      type: "object",
      description: `${listKind} is a list of ${kind}`,
      required: ["items"],
      properties: {
        apiVersion: apiVersionSchema,
        kind: kindSchema,
        metadata: described("ListMeta", "Standard list metadata."),
        items: { type: "array", description: `List of ${definition.plural}.`, items: refer(schemaName(definition)) },
      },
      "x-kubernetes-group-version-kind": [{ group, version, kind: listKind }],
    },
  };
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
