/** OpenAPI 2 (Swagger): one document for everything. Older clients read it. */
import { asList, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { kindSchemas } from "./kind-schemas.ts";
import type { Refer } from "./meta-schemas.ts";
import { metaSchemas } from "./meta-schemas.ts";
import type { Operation } from "./operations.ts";
import { extensions, operationsOf, pathsOf } from "./operations.ts";

const refer: Refer = (name) => ({ $ref: `#/definitions/${name}` });

/** The document of all kinds. */
export function openApiV2(definitions: readonly ResourceDefinition[]): JsonObject {
  const kinds = definitions.map((definition) => kindSchemas(withSchema(definition), refer));
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "v1.32.0" },
    paths: pathsOf(definitions.flatMap(operationsOf), operationObject),
    definitions: Object.assign({}, metaSchemas(refer), ...kinds) as JsonObject,
  };
}

/** With a schema that version 2 has words for. A root that may have unknown fields is any object. */
function withSchema(definition: ResourceDefinition): ResourceDefinition {
  const { openAPISchema } = definition;
  const open = openAPISchema["x-kubernetes-preserve-unknown-fields"] === true;
  return { ...definition, openAPISchema: open ? {} : schemaAsVersion2(openAPISchema) };
}

/** Keywords of schemas that version 2 does not have, or that kubectl does not take there. */
const newer: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "not", "nullable"]);

/**
 * What may be of several types says no type, and what may have unknown fields names none: kubectl would refuse the
 * others. Source: ToStructuralOpenAPIV2 in apiextensions-apiserver/pkg/controller/openapi/v2/conversion.go.
 */
function schemaAsVersion2(schema: JsonObject): JsonObject {
  const { nullable, type, properties, items, additionalProperties, required, ...rest } = schema;
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const untyped = nullable === true || schema["x-kubernetes-int-or-string"] === true;
  const fields = !open && !untyped && isJsonObject(properties) ? properties : undefined;
  const list = !open && !untyped && isJsonObject(items) ? items : undefined;
  const typed = !untyped && !(open && type === "object") && !(type === "array" && list === undefined);
  const needed = asList(required).filter((name) => !isNullable(properties, String(name)));
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => !newer.has(key))),
    ...(typed && type !== undefined ? { type } : {}),
    ...(needed.length > 0 && !isNullable({ additionalProperties }, "additionalProperties") ? { required: needed } : {}),
    ...(fields === undefined ? {} : { properties: eachAsVersion2(fields) }),
    ...(list === undefined ? {} : { items: schemaAsVersion2(list) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties: isJsonObject(additionalProperties)
            ? schemaAsVersion2(additionalProperties)
            : additionalProperties,
        }),
  };
}

function eachAsVersion2(schemas: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, isJsonObject(schema) ? schemaAsVersion2(schema) : schema]),
  );
}

function isNullable(schemas: unknown, name: string): boolean {
  const schema = isJsonObject(schemas) ? getOwn(schemas, name) : undefined;
  return isJsonObject(schema) && schema["nullable"] === true;
}

function operationObject(operation: Operation): JsonObject {
  const { id, description, parameters, body, answer, kind } = operation;
  const bodyParameter = body === undefined ? [] : [{ name: "body", in: "body", schema: refer(body.schema) }];
  return {
    operationId: id,
    description,
    tags: [`${kind.group === "" ? "core" : kind.group.replaceAll(".", "")}_${kind.version}`],
    consumes: body?.consumes ?? ["*/*"],
    produces: ["application/json", "application/yaml"],
    schemes: ["https"],
    parameters: [
      ...bodyParameter.map((one) => ({ ...one, required: operation.method !== "delete" })),
      ...parameters.map((one) => ({ ...one, uniqueItems: true, ...(one.in === "path" ? { required: true } : {}) })),
    ],
    responses: {
      [operation.method === "post" ? "201" : "200"]: { description: "OK", schema: refer(answer) },
      "401": { description: "Unauthorized" },
    },
    ...extensions(operation),
  };
}
