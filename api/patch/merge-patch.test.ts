import { describe, expect, test } from "vitest";
import { ApiError } from "../status.ts";
import { applyMergePatch } from "./merge-patch.ts";

describe("applyMergePatch", () => {
  // The examples of RFC 7386, appendix A, that are about objects.
  test.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("%j with %j is %j", (object, patch, result) => {
    const before = structuredClone(object);
    expect(applyMergePatch(object, patch)).toEqual(result);
    expect(object).toEqual(before);
  });

  test("a patch that is no object is refused", () => {
    expect(() => applyMergePatch({}, [1])).toThrow(ApiError);
  });

  test("keys named like prototypes are plain members", () => {
    const patch = JSON.parse('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}') as object;
    const result = applyMergePatch({}, patch);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify(result)).toBe(JSON.stringify(patch));
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});
