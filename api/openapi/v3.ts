/**
 * OpenAPI 3: an index of documents, one for each group and version. What `kubectl explain`, `apply` and `diff` read.
 * Source of the shapes: kube-openapi/pkg/{handler3,spec3}.
 */
import { createHash } from "node:crypto";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { kindSchemas } from "./kind-schemas.ts";
import type { Refer } from "./meta-schemas.ts";
import { metaSchemas } from "./meta-schemas.ts";
import type { Operation, Parameter } from "./operations.ts";
import { extensions, groupVersionPath, operationsOf } from "./operations.ts";

type Definitions = readonly ResourceDefinition[];

interface Documents {
  readonly index: JsonObject;
  readonly byPath: ReadonlyMap<string, () => JsonObject>;
}

/** Kinds change seldom and are asked for often: everything is built once per list of definitions, when asked for. */
const built = new WeakMap<Definitions, Documents>();

/** GET /openapi/v3. */
export function openApiV3Index(definitions: Definitions): JsonObject {
  return documentsOf(definitions).index;
}

/** GET /openapi/v3/PATH, a key of the index (`api/v1`, `apis/stowage.dev/v1alpha1`); undefined when nothing is there. */
export function openApiV3Document(definitions: Definitions, path: string): JsonObject | undefined {
  return documentsOf(definitions).byPath.get(path)?.();
}

function documentsOf(definitions: Definitions): Documents {
  const present = built.get(definitions);
  if (present !== undefined) return present;
  const byPath = [...Map.groupBy(definitions, groupVersionPath)];
  const documents: Documents = {
    index: {
      paths: Object.fromEntries(
        byPath.map(([path, members]) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(members)}` }]),
      ),
    },
    byPath: new Map(byPath.map(([path, members]) => [path, lazily(() => documentOf(members))])),
  };
  built.set(definitions, documents);
  return documents;
}

function lazily(make: () => JsonObject): () => JsonObject {
  let made: JsonObject | undefined;
  return () => (made ??= make());
}

/** Changes when the document does: clients keep a document for as long as its hash. */
function hashOf(members: Definitions): string {
  const hash = createHash("sha512");
  for (const { kind, plural, namespaced, verbs, subresources, openAPISchema, mergeKeys } of members)
    hash.update(JSON.stringify([kind, plural, namespaced, verbs, [...subresources], openAPISchema, mergeKeys]));
  return hash.digest("hex").toUpperCase();
}

/** Nothing may stand beside $ref in OpenAPI 3.0, so it goes into an allOf. */
const refer: Refer = (name) => ({ allOf: [{ $ref: `#/components/schemas/${name}` }] });

function documentOf(members: Definitions): JsonObject {
  return {
    openapi: "3.0.0",
    info: { title: "Stowage", version: "v1" },
    paths: pathsOf(members.flatMap(operationsOf)),
    components: {
      schemas: Object.assign({}, metaSchemas(refer), ...members.map((one) => kindSchemas(one, refer))) as JsonObject,
    },
  };
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
  return {
    operationId: id,
    description,
    tags: [`${kind.group === "" ? "core" : kind.group.replaceAll(".", "")}_${kind.version}`],
    parameters: parameters.map(parameterObject),
    ...(body === undefined
      ? {}
      : { requestBody: { content: content(body.consumes, body.schema), required: operation.method !== "delete" } }),
    responses: {
      [operation.method === "post" ? "201" : "200"]: {
        description: "OK",
        content: content(["application/json", "application/yaml"], answer),
      },
      "401": { description: "Unauthorized" },
    },
    ...extensions(operation),
  };
}

function content(types: readonly string[], schema: string): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema: { $ref: `#/components/schemas/${schema}` } }]));
}

function parameterObject({ name, in: place, type, description }: Parameter): JsonObject {
  return {
    name,
    in: place,
    description,
    schema: { type, uniqueItems: true },
    ...(place === "path" ? { required: true } : {}),
  };
}
