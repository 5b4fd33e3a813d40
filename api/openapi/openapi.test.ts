import { describe, expect, test } from "vitest";
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { openApiV2 } from "./v2.ts";
import { openApiV3Document, openApiV3Index } from "./v3.ts";

const define = (more: Partial<ResourceDefinition>): ResourceDefinition => ({
  group: "stowage.dev",
  version: "v1alpha1",
  plural: "containers",
  kind: "Container",
  namespaced: true,
  singular: "container",
  listKind: "ContainerList",
  shortNames: [],
  categories: [],
  verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
  subresources: new Set(["status"]),
  columns: [],
  schema: { prune: () => [], applyDefaults: () => undefined, validate: () => [] },
  openAPISchema: {
    type: "object",
    description: "One container.",
    properties: {
      spec: { type: "object", properties: { n: { type: "integer", nullable: true }, image: { type: "string" } } },
    },
  },
  selectableFields: {},
  hasGeneration: true,
  ...more,
});
const definitions = [
  define({}),
  define({
    group: "",
    version: "v1",
    plural: "pods",
    kind: "Pod",
    listKind: "PodList",
    mergeKeys: { "spec.containers": "name", "spec.set": "" },
    openAPISchema: {
      type: "object",
      properties: {
        spec: {
          type: "object",
          properties: {
            containers: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } },
            set: { type: "array", items: { type: "string" } },
          },
        },
      },
    },
  }),
];

const dig = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((node, key) => (isJsonObject(node) ? getOwn(node, key) : undefined), value);

/** Every $ref in a document. */
function references(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (!isJsonObject(value)) return [];
  const own = value["$ref"];
  return [...(typeof own === "string" ? [own] : []), ...Object.values(value).flatMap(references)];
}

const item = "/apis/stowage.dev/v1alpha1/namespaces/{namespace}/containers/{name}";

describe("OpenAPI 3", () => {
  const index = openApiV3Index(definitions)["paths"] as JsonObject;
  const documentAt = (path: string) => openApiV3Document(definitions, path)?.document;
  const document = documentAt("apis/stowage.dev/v1alpha1");
  const core = documentAt("api/v1");

  test("the index has a hash for each group and version, that follows the schema", () => {
    expect(Object.keys(index)).toEqual(["apis/stowage.dev/v1alpha1", "api/v1"]);
    const url = (all: readonly ResourceDefinition[]): unknown =>
      dig(openApiV3Index(all), "paths", "api/v1", "serverRelativeURL");
    expect(url(definitions)).toMatch(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/);
    expect(url([...definitions])).toBe(url(definitions));
    expect(url([define({}), define({ group: "", version: "v1" })])).not.toBe(url(definitions));
    expect(url(definitions)).toContain(openApiV3Document(definitions, "api/v1")?.hash);
  });

  test("there is nothing where nothing is served", () => {
    expect(openApiV3Document(definitions, "api/v2")).toBeUndefined();
  });

  test("every reference leads somewhere", () => {
    for (const one of [document, core])
      for (const reference of references(one)) {
        const name = reference.replace("#/components/schemas/", "");
        expect(dig(one, "components", "schemas", name), reference).toBeDefined();
      }
  });

  test("PATCH says its kind, its media types and that it validates fields: kubectl apply looks for that", () => {
    const patch = dig(document, "paths", item, "patch") as { parameters: { name: string; in: string }[] };
    expect(patch).toMatchObject({
      "x-kubernetes-action": "patch",
      "x-kubernetes-group-version-kind": { group: "stowage.dev", version: "v1alpha1", kind: "Container" },
    });
    const query = patch.parameters.filter((one) => one.in === "query").map(({ name }) => name);
    expect(query).toEqual(["pretty", "dryRun", "fieldManager", "fieldValidation", "force"]);
    expect(Object.keys(dig(patch, "requestBody", "content") as object)).toEqual([
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/apply-patch+yaml",
    ]);
  });

  test("strategic merge patch is offered for kinds that have merge keys, and their lists say so", () => {
    const path = "/api/v1/namespaces/{namespace}/pods/{name}";
    expect(Object.keys(dig(core, "paths", path, "patch", "requestBody", "content") as object)).toContain(
      "application/strategic-merge-patch+json",
    );
    const spec = dig(core, "components", "schemas", "io.k8s.api.core.v1.Pod", "properties", "spec", "properties");
    expect(spec).toMatchObject({
      containers: { "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name" },
      set: { "x-kubernetes-patch-strategy": "merge" },
    });
    expect(definitions[1]?.openAPISchema).not.toHaveProperty(
      "properties.spec.properties.set.x-kubernetes-patch-strategy",
    );
  });

  test("every verb and subresource has its operation", () => {
    expect(Object.keys(dig(document, "paths") as object)).toEqual([
      "/apis/stowage.dev/v1alpha1/namespaces/{namespace}/containers",
      "/apis/stowage.dev/v1alpha1/containers",
      item,
      `${item}/status`,
    ]);
    expect(Object.keys(dig(document, "paths", item) as object)).toEqual(["get", "put", "patch", "delete"]);
    const ids = [document, core].flatMap((one) =>
      Object.values(dig(one, "paths") as Record<string, Record<string, { operationId: string }>>).flatMap((path) =>
        Object.values(path).map(({ operationId }) => operationId),
      ),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("a kind's schema says its kind and refers to metadata: kubectl explain follows that", () => {
    expect(dig(document, "components", "schemas", "dev.stowage.v1alpha1.Container")).toMatchObject({
      description: "One container.",
      "x-kubernetes-group-version-kind": [{ group: "stowage.dev", version: "v1alpha1", kind: "Container" }],
      properties: {
        metadata: { allOf: [{ $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }] },
        spec: { properties: { n: { nullable: true } } },
      },
    });
  });
});

describe("OpenAPI 2", () => {
  const document = openApiV2(definitions);

  test("has everything in one document", () => {
    expect(Object.keys(dig(document, "paths") as object)).toHaveLength(8);
    for (const reference of references(document))
      expect(dig(document, "definitions", reference.replace("#/definitions/", "")), reference).toBeDefined();
  });

  test("does without what version 2 does not have", () => {
    expect(dig(document, "definitions", "dev.stowage.v1alpha1.Container", "properties", "spec", "properties")).toEqual({
      n: {},
      image: { type: "string" },
    });
    expect(dig(document, "paths", item, "patch")).toMatchObject({
      consumes: ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"],
      "x-kubernetes-action": "patch",
    });
  });
});
