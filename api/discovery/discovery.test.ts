import { expect, test } from "vitest";
import type { ResourceDefinition } from "../resources/definition.ts";
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList } from "./discovery.ts";
import { compareVersions } from "./versions.ts";

const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const define = (more: Partial<ResourceDefinition>): ResourceDefinition => ({
  group: "stowage.dev",
  version: "v1alpha1",
  plural: "containers",
  kind: "Container",
  namespaced: true,
  singular: "container",
  listKind: "ContainerList",
  shortNames: ["ctr"],
  categories: ["all"],
  verbs,
  subresources: new Set(["status", "log"]),
  columns: [],
  schema: { prune: () => [], applyDefaults: () => undefined, validate: () => [] },
  openAPISchema: {},
  selectableFields: {},
  hasGeneration: true,
  ...more,
});
const definitions = [
  define({ version: "v1" }),
  define({}),
  define({ version: "v1beta1" }),
  define({
    group: "",
    version: "v1",
    plural: "namespaces",
    kind: "Namespace",
    namespaced: false,
    singular: "namespace",
    shortNames: ["ns"],
    categories: [],
    subresources: new Set(["finalize"]),
  }),
  define({
    plural: "hosts",
    kind: "Host",
    namespaced: false,
    singular: "host",
    shortNames: [],
    categories: [],
    subresources: new Set(),
  }),
];

// Source of the order: apimachinery/pkg/version/helpers.go.
test("compareVersions() puts what is preferred first", () => {
  const sorted = [
    "foo10",
    "v1alpha1",
    "v2beta1",
    "v1",
    "foo1",
    "v10",
    "v11beta2",
    "v3beta1",
    "v12alpha1",
    "v2",
  ].toSorted(compareVersions);
  expect(sorted).toEqual([
    "v10",
    "v2",
    "v1",
    "v11beta2",
    "v3beta1",
    "v2beta1",
    "v12alpha1",
    "v1alpha1",
    "foo1",
    "foo10",
  ]);
});

test("apiGroupList() has all groups but the core one, and their preferred versions", () => {
  const version = (name: string): object => ({ groupVersion: `stowage.dev/${name}`, version: name });
  expect(apiGroupList(definitions)["groups"]).toEqual([
    {
      name: "stowage.dev",
      versions: [version("v1"), version("v1beta1"), version("v1alpha1")],
      preferredVersion: version("v1"),
    },
  ]);
  expect(apiGroup(definitions, "stowage.dev")).toMatchObject({ kind: "APIGroup", name: "stowage.dev" });
  expect(apiGroup(definitions, "nope")).toBeUndefined();
});

test("apiResourceList() has kinds and what is below them", () => {
  expect(apiResourceList(definitions, "stowage.dev", "v1")).toEqual({
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: "stowage.dev/v1",
    resources: [
      {
        name: "containers",
        singularName: "container",
        namespaced: true,
        kind: "Container",
        verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        shortNames: ["ctr"],
        categories: ["all"],
        storageVersionHash: expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/) as string,
      },
      { name: "containers/log", singularName: "", namespaced: true, kind: "Container", verbs: ["get"] },
      {
        name: "containers/status",
        singularName: "",
        namespaced: true,
        kind: "Container",
        verbs: ["get", "patch", "update"],
      },
    ],
  });
  expect(apiResourceList(definitions, "", "v1")).toMatchObject({ groupVersion: "v1" });
  expect(apiResourceList(definitions, "stowage.dev", "v7")).toBeUndefined();
});

test("the storage version hash is kube-apiserver's", () => {
  const list = apiResourceList(
    [define({ group: "", version: "v1", kind: "Namespace", plural: "namespaces", subresources: new Set() })],
    "",
    "v1",
  );
  // From a kube-apiserver: api/discovery/api__v1.json.
  expect((list?.["resources"] as [{ storageVersionHash: string }])[0].storageVersionHash).toBe("Q3oi5N2YM8M=");
});

test("aggregatedDiscovery() has the same in one document", () => {
  expect(aggregatedDiscovery(definitions, "core", "v2")).toEqual({
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: [
      {
        metadata: { creationTimestamp: null },
        versions: [
          {
            version: "v1",
            freshness: "Current",
            resources: [
              {
                resource: "namespaces",
                responseKind: { group: "", version: "v1", kind: "Namespace" },
                scope: "Cluster",
                singularResource: "namespace",
                verbs: verbs.toSorted(),
                shortNames: ["ns"],
                subresources: [
                  {
                    subresource: "finalize",
                    responseKind: { group: "", version: "v1", kind: "Namespace" },
                    verbs: ["update"],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  });
  expect(aggregatedDiscovery(definitions, "groups", "v2beta1")).toMatchObject({
    apiVersion: "apidiscovery.k8s.io/v2beta1",
    items: [
      {
        metadata: { name: "stowage.dev" },
        versions: [
          { version: "v1" },
          { version: "v1beta1" },
          { version: "v1alpha1", resources: [{ resource: "containers" }, { resource: "hosts" }] },
        ],
      },
    ],
  });
});
