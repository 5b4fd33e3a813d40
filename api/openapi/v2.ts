/** OpenAPI 2 (Swagger): one document for everything. Older clients read it. */
import { isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { kindSchemas } from "./kind-schemas.ts";
import type { Refer } from "./meta-schemas.ts";
import { metaSchemas } from "./meta-schemas.ts";
import type { Operation } from "./operations.ts";
import { extensions, operationsOf } from "./operations.ts";

const built = new WeakMap<readonly ResourceDefinition[], JsonObject>();

/** GET /openapi/v2, as JSON. Built once per list of definitions. */
export function openApiV2(definitions: readonly ResourceDefinition[]): JsonObject {
  const present = built.get(definitions);
  if (present !== undefined) return present;
  const document = documentOf(definitions);
  built.set(definitions, document);
  return document;
}

const refer: Refer = (name) => ({ $ref: `#/definitions/${name}` });

function documentOf(definitions: readonly ResourceDefinition[]): JsonObject {
  const kinds = definitions.map((definition) => asVersion2(kindSchemas(definition, refer)));
  return {
    swagger: "2.0",
    info: { title: "Stowage", version: "v1" },
    paths: pathsOf(definitions.flatMap(operationsOf)),
    definitions: Object.assign({}, metaSchemas(refer), ...kinds) as JsonObject,
  };
}

/** Keywords of schemas that version 2 does not have. */
const newer: ReadonlySet<string> = new Set(["anyOf", "oneOf", "not", "nullable"]);

/**
 * Source: apiextensions-apiserver/pkg/controller/openapi/v2/conversion.go. What may be of several types says no type,
 * and what may have unknown fields names none: old kubectls would refuse the others.
 */
function asVersion2(schemas: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schemaAsVersion2(schema)]));
}

function schemaAsVersion2(schema: unknown): unknown {
  if (!isJsonObject(schema)) return schema;
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const loose = schema["nullable"] === true || schema["x-kubernetes-int-or-string"] === true;
  const kept = Object.entries(schema).filter(
    ([key]) =>
      !newer.has(key) &&
      !(open && (key === "properties" || key === "items")) &&
      !(loose && (key === "type" || key === "items" || key === "properties")),
  );
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (key === "properties" && isJsonObject(value)) return [key, asVersion2(value)];
      return [key, key === "items" || key === "additionalProperties" ? schemaAsVersion2(value) : value];
    }),
  );
}

function pathsOf(operations: readonly Operation[]): JsonObject {
  const byPath = [...Map.groupBy(operations, ({ path }) => path)];
  return Object.fromEntries(
    byPath.map(([path, members]) => [
      path,
      Object.fromEntries(members.map((operation) => [operation.method, operationObject(operation)])),
    ]),
  );
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
