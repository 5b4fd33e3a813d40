/** Removes what a schema does not know. Source: apiextensions-apiserver/pkg/apiserver/schema/{pruning,objectmeta}. */
import { asList, childPath, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Every field of metav1.ObjectMeta; true where its own fields are looked at too. */
const metadataFields: ReadonlySet<string> = new Set([
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
]);
const ownerFields: ReadonlySet<string> = new Set([
  "apiVersion",
  "kind",
  "name",
  "uid",
  "controller",
  "blockOwnerDeletion",
]);

/** Prunes an object in place; `root` says that it has apiVersion, kind and metadata, which are never pruned. */
export function prune(object: JsonObject, node: SchemaNode, root: boolean): readonly string[] {
  const removed: string[] = [];
  pruneObject(object, node, root || node.embedded, "", removed);
  return removed;
}

function pruneValue(value: unknown, node: SchemaNode, path: string, removed: string[]): void {
  if (Array.isArray(value)) {
    if (node.items === undefined) return;
    for (const [index, item] of value.entries()) pruneValue(item, node.items, `${path}[${index}]`, removed);
  } else if (isJsonObject(value)) pruneObject(value, node, node.embedded, path, removed);
}

function pruneObject(object: JsonObject, node: SchemaNode, resource: boolean, path: string, removed: string[]): void {
  for (const key of Object.keys(object)) {
    const field = childPath(path, key);
    if (resource && key === "metadata") pruneMetadata(object[key], field, removed);
    if (resource && (key === "apiVersion" || key === "kind" || key === "metadata")) continue;
    const property = node.properties.get(key) ?? node.additional;
    if (property instanceof Object) pruneValue(object[key], property, field, removed);
    else if (property === undefined && !node.preserveUnknown) remove(object, key, field, removed);
  }
}

function pruneMetadata(metadata: unknown, path: string, removed: string[]): void {
  keepOnly(metadata, metadataFields, path, removed);
  if (!isJsonObject(metadata)) return;
  for (const [index, owner] of asList(metadata["ownerReferences"]).entries())
    keepOnly(owner, ownerFields, `${path}.ownerReferences[${index}]`, removed);
}

function keepOnly(object: unknown, fields: ReadonlySet<string>, path: string, removed: string[]): void {
  if (!isJsonObject(object)) return;
  for (const key of Object.keys(object)) if (!fields.has(key)) remove(object, key, childPath(path, key), removed);
}

function remove(object: JsonObject, key: string, path: string, removed: string[]): void {
  Reflect.deleteProperty(object, key);
  removed.push(path);
}
