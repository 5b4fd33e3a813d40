import { describe, expect, test } from "vitest";
import type { DiscoveredType } from "../api/client/client.ts";
import { objectName, selectionsOf, typeOf, typesNamed } from "./resources.ts";

const verbs = ["get", "list"];
const type = (
  kind: string,
  plural: string,
  group = "",
  version = "v1",
  more: Partial<DiscoveredType> = {},
): DiscoveredType => ({
  ...{
    group,
    version,
    plural,
    kind,
    namespaced: true,
    verbs,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
  },
  ...more,
});
const containers = type("Container", "containers", "stowage.dev", "v1alpha1", {
  shortNames: ["ctr"],
  categories: ["all"],
});
const old = { ...containers, version: "v1alpha0" };
const namespaces = type("Namespace", "namespaces", "", "v1", { shortNames: ["ns"] });
const events = type("Event", "events");
const newEvents = type("Event", "events", "events.k8s.io");
const types = [containers, old, namespaces, events, newEvents];

describe("typesNamed", () => {
  test.each([
    { word: "containers", want: [containers] },
    { word: "container", want: [containers] },
    { word: "Container", want: [containers] },
    { word: "ctr", want: [containers] },
    { word: "containers.stowage.dev", want: [containers] },
    { word: "containers.v1alpha0.stowage.dev", want: [old] },
    { word: "events", want: [events] },
    { word: "events.events.k8s.io", want: [newEvents] },
    { word: "all", want: [containers] },
  ])("$word", ({ word, want }) => {
    expect(typesNamed(word, types)).toEqual(want);
  });
  test("says what was perhaps meant", () => {
    expect(() => typesNamed("contaners", types)).toThrow(
      `the server doesn't have a resource type "contaners"; did you mean containers or container?`,
    );
    expect(() => typesNamed("pods", types)).toThrow(/^the server doesn't have a resource type "pods"$/);
  });
});

describe("selectionsOf", () => {
  test.each([
    { why: "a kind", args: ["ctr"], want: [{ type: containers, names: undefined }] },
    { why: "names of a kind", args: ["ctr", "a", "b"], want: [{ type: containers, names: ["a", "b"] }] },
    { why: "several kinds", args: ["ctr,ns"], want: [{ type: containers, names: undefined }, { type: namespaces, names: undefined }] }, // prettier-ignore
    { why: "pairs", args: ["ctr/a", "ns/b"], want: [{ type: containers, names: ["a"] }, { type: namespaces, names: ["b"] }] }, // prettier-ignore
  ])("$why", ({ args, want }) => {
    expect(selectionsOf(args, types)).toEqual(want);
  });
  test.each([["ctr/a", "b"], ["ctr/"], ["/a"], ["ctr/a/b"]])("refuses to mix the two: %s %s", (...args) => {
    expect(() => selectionsOf(args, types)).toThrow("is not TYPE/NAME");
  });
});

test("typeOf needs the version that the object names", () => {
  expect(typeOf({ apiVersion: "stowage.dev/v1alpha0", kind: "Container" }, types)).toBe(old);
  expect(typeOf({ apiVersion: "stowage.dev/v1", kind: "Container" }, types)).toBeUndefined();
});

test("objectName leaves the core group out", () => {
  expect([objectName(containers, "web"), objectName(namespaces, "x")]).toEqual([
    "container.stowage.dev/web",
    "namespace/x",
  ]);
});
