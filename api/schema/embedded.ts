/**
 * x-kubernetes-embedded-resource: whole objects inside an object.
 * Source: apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go.
 */
import { childPath, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { invalidValue, required } from "./field-errors.ts";
import { commonMetadataCauses } from "./metadata.ts";
import { dns1035Label } from "./names.ts";
import type { SchemaNode } from "./schema-node.ts";

/** Adds what is wrong with the apiVersion, kind and metadata of embedded objects to `causes`. */
export function validateEmbedded(value: unknown, node: SchemaNode, path: string, causes: StatusCause[]): void {
  if (Array.isArray(value)) {
    if (node.items !== undefined)
      for (const [index, item] of value.entries()) validateEmbedded(item, node.items, `${path}[${index}]`, causes);
  } else if (isJsonObject(value)) {
    if (node.embedded) validateResource(value, path, causes);
    for (const key of Object.keys(value)) {
      const property = node.properties.get(key);
      if (property !== undefined) validateEmbedded(value[key], property, childPath(path, key), causes);
      else if (node.additional instanceof Object)
        validateEmbedded(value[key], node.additional, `${path}[${key}]`, causes);
    }
  }
}

function validateResource(object: JsonObject, path: string, causes: StatusCause[]): void {
  for (const key of ["apiVersion", "kind"]) {
    const field = childPath(path, key);
    const value = getOwn(object, key);
    if (value === undefined || value === "") causes.push(required(field));
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
