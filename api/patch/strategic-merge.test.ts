import { describe, expect, test } from "vitest";
import { ApiError } from "../status.ts";
import { applyStrategicMergePatch } from "./strategic-merge.ts";

const keys = {
  "metadata.finalizers": "",
  "metadata.ownerReferences": "uid",
  "spec.containers": "name",
  "spec.containers.ports": "port",
};

const apply = (object: object, patch: object): unknown => {
  const [before, patchBefore] = [structuredClone(object), structuredClone(patch)];
  const result = applyStrategicMergePatch({ ...object }, patch, keys);
  expect([object, patch]).toEqual([before, patchBefore]);
  return result;
};
const names = (...all: readonly string[]): readonly object[] => all.map((name) => ({ name }));
const containers = (...all: readonly unknown[]): object => ({ spec: { containers: all } });

describe("applyStrategicMergePatch", () => {
  test.each([
    {
      why: "objects are merged, null deletes",
      object: { a: { x: 1, y: 2 } },
      patch: { a: { x: null, z: 3 } },
      want: { a: { y: 2, z: 3 } },
    },
    {
      why: "nulls in what is new delete nothing and are gone",
      object: {},
      patch: { a: { x: null, y: 1 } },
      want: { a: { y: 1 } },
    },
    { why: "a list without a merge key is replaced", object: { l: [1, 2] }, patch: { l: [3] }, want: { l: [3] } },
    {
      why: "$patch: replace takes the patch as it is",
      object: { a: { x: 1 } },
      patch: { a: { $patch: "replace", y: 2 } },
      want: { a: { y: 2 } },
    },
    {
      why: "$patch: delete empties an object",
      object: { a: { x: 1 } },
      patch: { a: { $patch: "delete" } },
      want: { a: {} },
    },
    {
      why: "$retainKeys drops what it does not name",
      object: { a: { x: 1, y: 2 } },
      patch: { a: { $retainKeys: ["x", "z"], z: 3 } },
      want: { a: { x: 1, z: 3 } },
    },
  ])("$why", ({ object, patch, want }) => {
    expect(apply(object, patch)).toEqual(want);
  });

  test("items with the same key are merged, nested lists as well", () => {
    const object = containers({ name: "a", image: "1", ports: [{ port: 1, proto: "TCP" }] }, { name: "b" });
    const patch = containers({ name: "a", image: "2", ports: [{ port: 1, host: 9 }, { port: 2 }] });
    expect(apply(object, patch)).toEqual(
      containers({ name: "a", image: "2", ports: [{ port: 1, proto: "TCP", host: 9 }, { port: 2 }] }, { name: "b" }),
    );
  });

  test("a new item comes first where nothing says otherwise, as upstream has it", () => {
    expect(apply(containers(...names("a", "b")), containers({ name: "c" }))).toEqual(
      containers(...names("c", "a", "b")),
    );
  });

  test("$patch: delete removes the item with that key", () => {
    expect(apply(containers(...names("a", "b")), containers({ $patch: "delete", name: "a" }))).toEqual(
      containers({ name: "b" }),
    );
  });

  test("$patch: replace in a list replaces all of it", () => {
    expect(apply(containers(...names("a", "b")), containers({ name: "c" }, { $patch: "replace" }))).toEqual(
      containers({ name: "c" }),
    );
  });

  test("$setElementOrder sorts, and an item of the server stays before those that it was before", () => {
    const patch = { spec: { "$setElementOrder/containers": names("d", "b", "a"), containers: [{ name: "d" }] } };
    expect(apply(containers(...names("a", "s", "b")), patch)).toEqual(containers(...names("d", "s", "b", "a")));
  });

  test("$setElementOrder alone only sorts", () => {
    const patch = { spec: { "$setElementOrder/containers": names("b", "a") } };
    expect(apply(containers({ name: "a", image: "1" }, { name: "b" }), patch)).toEqual(
      containers({ name: "b" }, { name: "a", image: "1" }),
    );
  });

  test("lists of plain values are sets, and $deleteFromPrimitiveList removes", () => {
    const object = { metadata: { finalizers: ["x", "y"] } };
    expect(apply(object, { metadata: { finalizers: ["y", "z"] } })).toEqual({
      metadata: { finalizers: ["x", "y", "z"] },
    });
    expect(apply(object, { metadata: { "$deleteFromPrimitiveList/finalizers": ["x"] } })).toEqual({
      metadata: { finalizers: ["y"] },
    });
    const kubectl = {
      metadata: {
        "$setElementOrder/finalizers": ["z", "y"],
        "$deleteFromPrimitiveList/finalizers": ["x"],
        finalizers: ["z"],
      },
    };
    expect(apply(object, kubectl)).toEqual({ metadata: { finalizers: ["z", "y"] } });
  });

  test.each([
    { code: 400, patch: { a: { $patch: "frob" } }, object: { a: {} } },
    { code: 400, patch: { a: { $retainKeys: "x" } }, object: { a: {} } },
    { code: 400, patch: { a: { $retainKeys: ["x"], y: 1 } }, object: { a: {} } },
    { code: 400, patch: { $setElementOrder: [] }, object: {} },
    { code: 400, patch: { "$deleteFromPrimitiveList/a": "x" }, object: { a: [] } },
    { code: 400, patch: containers({ $patch: "merge", name: "a" }), object: containers({ name: "a" }) },
    { code: 422, patch: containers({ image: "x" }), object: containers({ name: "a" }) },
    { code: 422, patch: containers("x"), object: containers({ name: "a" }) },
  ])("$code for $patch", ({ code, patch, object }) => {
    try {
      apply(object, patch);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ApiError);
      expect((error as ApiError).code).toBe(code);
    }
  });
});
