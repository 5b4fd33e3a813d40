/**
 * x-kubernetes-embedded-resource: whole objects inside an object.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go.
 */
import { asText, childPath, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { invalidValue, required } from "./field-errors.ts";
import { badRequest } from "../status.ts";
import { commonMetadataCauses, metadataTypeProblem } from "./metadata.ts";
import { dns1035Label } from "./names.ts";
import type { SchemaNode } from "./schema-node.ts";

/**
 * Throws BadRequest where the apiVersion, kind or metadata of an embedded object has the wrong type, as decoding it
 * would. Source: Coerce in apiextensions-apiserver/pkg/apiserver/schema/objectmeta/coerce.go.
 */
export function coerceEmbedded(object: JsonObject, node: SchemaNode): void {
  visitEmbedded(object, node, "", (embedded, path) => {
    const problem = typeProblem(embedded, path);
    if (problem === undefined) return;
    const [kind, version] = [asText(object["kind"]), asText(object["apiVersion"]).split("/").at(-1) ?? ""];
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${problem}`);
  });
}

function typeProblem(embedded: JsonObject, path: string): string | undefined {
  for (const key of ["apiVersion", "kind"]) {
    const value = getOwn(embedded, key);
    if (value !== undefined && typeof value !== "string")
      return `${childPath(path, key)}: Invalid value: ${JSON.stringify(value)}: must be a string`;
  }
  const metadata = getOwn(embedded, "metadata");
  const why = metadataTypeProblem(metadata);
  return why === undefined
    ? undefined
    : `${childPath(path, "metadata")}: Invalid value: ${JSON.stringify(metadata)}: ${why}`;
}

/** Calls `visit` with every embedded object, and its path. */
function visitEmbedded(
  value: unknown,
  node: SchemaNode,
  path: string,
  visit: (object: JsonObject, path: string) => void,
): void {
  if (!node.hasEmbedded) return;
  if (Array.isArray(value)) {
    if (node.items !== undefined)
      for (const [index, item] of value.entries()) visitEmbedded(item, node.items, `${path}[${index}]`, visit);
  } else if (isJsonObject(value)) {
    if (node.embedded) visit(value, path);
    for (const key of Object.keys(value)) {
      const property = node.properties.get(key);
      if (property !== undefined) visitEmbedded(value[key], property, childPath(path, key), visit);
      else if (node.additional instanceof Object) visitEmbedded(value[key], node.additional, `${path}[${key}]`, visit);
    }
  }
}

/** Adds what is wrong with the apiVersion, kind and metadata of embedded objects to `causes`. */
export function validateEmbedded(value: unknown, node: SchemaNode, path: string, causes: StatusCause[]): void {
  visitEmbedded(value, node, path, (object, at) => {
    validateResource(object, at, causes);
  });
}

function validateResource(object: JsonObject, path: string, causes: StatusCause[]): void {
  for (const key of ["apiVersion", "kind"]) {
    const field = childPath(path, key);
    const value = getOwn(object, key);
    if (value === undefined || value === "") causes.push(required(field, "must not be empty"));
    else if (typeof value !== "string") causes.push(invalidValue(field, value, "must be a string"));
    else if (key === "kind" && dns1035Label(value.toLowerCase()).length > 0)
      causes.push(
        invalidValue(
          field,
          value,
          `may have mixed case, but should otherwise match: ${dns1035Label(value.toLowerCase()).join(",")}`,
        ),
      );
    else if (key === "apiVersion" && value.split("/").length > 2)
      causes.push(invalidValue(field, value, `unexpected GroupVersion string: ${value}`));
  }
  const metadata = getOwn(object, "metadata");
  if (metadata === undefined) return;
  const field = childPath(path, "metadata");
  if (isJsonObject(metadata)) causes.push(...commonMetadataCauses(metadata, field));
  else causes.push(invalidValue(field, metadata, "must be an object"));
}
