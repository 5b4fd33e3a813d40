import { describe, expect, test } from "vitest";
import { lastAppliedAnnotation, lastAppliedOf, threeWayPatch, withLastApplied } from "./three-way-patch.ts";

describe("threeWayPatch", () => {
  test.each([
    { why: "what is new is added", last: {}, manifest: { a: 1 }, current: {}, want: { a: 1 } },
    { why: "what differs is changed", last: { a: 1 }, manifest: { a: 2 }, current: { a: 1 }, want: { a: 2 } },
    {
      why: "what was taken out of the manifest is removed",
      last: { a: 1, b: 2 },
      manifest: { a: 1 },
      current: { a: 1, b: 2 },
      want: { b: null },
    },
    { why: "what others added stays", last: { a: 1 }, manifest: { a: 1 }, current: { a: 1, c: 3 }, want: {} },
    {
      why: "what others changed is changed back",
      last: { a: 1 },
      manifest: { a: 1 },
      current: { a: 9 },
      want: { a: 1 },
    },
    { why: "what others removed already need not be removed", last: { b: 2 }, manifest: {}, current: {}, want: {} },
    {
      why: "maps are compared inside",
      last: { m: { a: 1, b: 1 } },
      manifest: { m: { a: 2 } },
      current: { m: { a: 1, b: 1, c: 1 } },
      want: { m: { a: 2, b: null } },
    },
    { why: "lists are replaced as a whole", last: {}, manifest: { l: [1] }, current: { l: [1, 2] }, want: { l: [1] } },
    {
      why: "a map that is no map any more is replaced",
      last: {},
      manifest: { a: { b: 1 } },
      current: { a: "x" },
      want: { a: { b: 1 } },
    },
    { why: "null in a manifest asks for nothing new", last: {}, manifest: { a: null }, current: { a: 1 }, want: {} },
    {
      why: "null in place of what was applied removes it",
      last: { a: 1 },
      manifest: { a: null },
      current: { a: 1 },
      want: { a: null },
    },
  ])("$why", ({ last, manifest, current, want }) => {
    expect(threeWayPatch(last, manifest, current)).toEqual(want);
  });
});

describe("withLastApplied", () => {
  test("writes what kubectl apply writes, byte for byte", () => {
    // test/e2e/cli.test.ts lets the two take turns.
    const manifest = {
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name: "a", namespace: "default" },
      data: { b: "<&>" },
    };
    expect(withLastApplied(manifest).metadata).toEqual({
      name: "a",
      namespace: "default",
      annotations: {
        [lastAppliedAnnotation]:
          '{"apiVersion":"v1","data":{"b":"\\u003c\\u0026\\u003e"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"a","namespace":"default"}}\n',
      },
    });
  });
  test("keeps other annotations and never nests itself", () => {
    const once = withLastApplied({ metadata: { name: "a", annotations: { x: "y" } } });
    expect(withLastApplied(once)).toEqual(once);
    expect(lastAppliedOf(once)).toEqual({ metadata: { name: "a", annotations: { x: "y" } } });
  });
  test("an annotation that somebody broke counts as none", () => {
    expect(lastAppliedOf({ metadata: { annotations: { [lastAppliedAnnotation]: "{" } } })).toBeUndefined();
  });
});
