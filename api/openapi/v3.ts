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
import { extensions, groupVersionPath, operationsOf, pathsOf } from "./operations.ts";

type Definitions = readonly ResourceDefinition[];

/** GET /openapi/v3. */
export function openApiV3Index(definitions: Definitions): JsonObject {
  const byPath = [...Map.groupBy(definitions, groupVersionPath)];
  const entries = byPath.map(([path, members]) => {
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(members)}` }] as const;
  });
  return { paths: Object.fromEntries(entries) };
}

/** A document, and what names this state of it. */
export interface HashedDocument {
  readonly document: JsonObject;
  readonly hash: string;
}

/** GET /openapi/v3/PATH, a key of the index (`api/v1`, `apis/stowage.dev/v1alpha1`); undefined when nothing is there. */
export function openApiV3Document(definitions: Definitions, path: string): HashedDocument | undefined {
  const members = definitions.filter((definition) => groupVersionPath(definition) === path);
  return members.length === 0 ? undefined : { document: documentOf(members), hash: hashOf(members) };
}

/** Changes when the document does: clients keep a document for as long as its hash. */
function hashOf(members: Definitions): string {
  const hash = createHash("sha512");
  for (const member of members) hash.update(digestOf(member));
  return hash.digest("hex").toUpperCase();
}

/** Other definitions stay the same objects when one changes. */
const digests = new WeakMap<ResourceDefinition, Buffer>();

function digestOf(definition: ResourceDefinition): Buffer {
  const known = digests.get(definition);
  if (known !== undefined) return known;
  const { kind, listKind, plural, namespaced, verbs, subresources, openAPISchema, mergeKeys } = definition;
  const parts = [kind, listKind, plural, namespaced, verbs, [...subresources], openAPISchema, mergeKeys];
  const digest = createHash("sha512").update(JSON.stringify(parts)).digest();
  digests.set(definition, digest);
  return digest;
}

/** Nothing may stand beside $ref in OpenAPI 3.0, so it goes into an allOf. */
const refer: Refer = (name) => ({ allOf: [{ $ref: `#/components/schemas/${name}` }] });

function documentOf(members: Definitions): JsonObject {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.32.0" },
    paths: pathsOf(members.flatMap(operationsOf), operationObject),
    components: {
      schemas: Object.assign({}, metaSchemas(refer), ...members.map((one) => kindSchemas(one, refer))) as JsonObject,
    },
  };
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
