import { describe, expect, test } from "vitest";
import type { ResourceType } from "../../crds/meta.ts";
import type { Findings } from "./status.ts";
import { conditionsOf } from "./status.ts";

const now = new Date("2026-01-01T00:00:00Z");
const later = new Date("2026-01-01T00:01:00Z");
const nothing: Findings = { contentFailures: [], remaining: [] };

const pods: ResourceType = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
const containers: ResourceType = {
  group: "stowage.dev",
  version: "v1alpha1",
  plural: "containers",
  kind: "Container",
  namespaced: true,
};

test("with nothing in the way the five conditions say so, in upstream's words and order", () => {
  const conditions = conditionsOf(undefined, nothing, now) ?? [];
  expect(conditions.map(({ type, status, reason, message }) => [type, status, reason, message])).toEqual([
    ["NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"],
    [
      "NamespaceDeletionGroupVersionParsingFailure",
      "False",
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ],
    [
      "NamespaceDeletionContentFailure",
      "False",
      "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization",
    ],
    ["NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed"],
    ["NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished"],
  ]);
});

describe("trouble", () => {
  const troubleIn = (found: Partial<Findings>): readonly string[] =>
    (conditionsOf(undefined, { ...nothing, ...found }, now) ?? [])
      .filter(({ status }) => status === "True")
      .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);

  test("that kinds cannot be discovered", () => {
    expect(troubleIn({ discoveryFailure: "the server is starting" })).toEqual([
      "NamespaceDeletionDiscoveryFailure DiscoveryFailed: the server is starting",
    ]);
  });

  test("that content cannot be deleted, in a fixed order", () => {
    expect(troubleIn({ contentFailures: ["b is broken", "a is broken"] })).toEqual([
      "NamespaceDeletionContentFailure ContentDeletionFailed: Failed to delete all resource types, 2 remaining: a is broken, b is broken",
    ]);
  });

  test("that content and its finalizers remain, counted by kind and by finalizer", () => {
    const remaining = [
      { type: pods, objects: 2, finalizers: new Map([["x.io/one", 1]]) },
      {
        type: containers,
        objects: 3,
        finalizers: new Map([
          ["stowage.dev/container", 3],
          ["x.io/one", 1],
        ]),
      },
    ];
    expect(troubleIn({ remaining })).toEqual([
      "NamespaceContentRemaining SomeResourcesRemain: Some resources are remaining: containers.stowage.dev has 3 resource instances, pods. has 2 resource instances",
      "NamespaceFinalizersRemaining SomeFinalizersRemain: Some content in the namespace has finalizers remaining: stowage.dev/container in 3 resource instances, x.io/one in 2 resource instances",
    ]);
  });
});

test("what is found again is not written again; what is found anew is dated", () => {
  const first = conditionsOf(undefined, nothing, now);
  expect(conditionsOf(first, nothing, later)).toBe(first);
  const remaining = [{ type: pods, objects: 1, finalizers: new Map<string, number>() }];
  const dates = (conditionsOf(first, { ...nothing, remaining }, later) ?? []).map((each) => each.lastTransitionTime);
  expect(dates).toEqual([0, 0, 0, 60, 0].map((s) => (s === 0 ? "2026-01-01T00:00:00Z" : "2026-01-01T00:01:00Z")));
});
