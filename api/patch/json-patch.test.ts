import { describe, expect, test } from "vitest";
import { ApiError } from "../status.ts";
import { applyJsonPatch } from "./json-patch.ts";

const object = (): Record<string, unknown> => ({
  metadata: { name: "web", labels: { "a/b": "1", "m~n": "2" } },
  spec: { ports: [{ port: 1 }, { port: 2 }], image: "nginx" },
});

function refusal(patch: unknown): ApiError {
  const before = object();
  try {
    applyJsonPatch(before, patch);
  } catch (error) {
    expect(before).toEqual(object());
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const causeOf = (error: ApiError): string => error.details?.causes?.[0]?.message ?? "";

describe("applyJsonPatch", () => {
  test("applies operations in order to a copy", () => {
    const before = object();
    const after = applyJsonPatch(before, [
      { op: "test", path: "/spec/image", value: "nginx" },
      { op: "add", path: "/spec/ports/-", value: { port: 3 } },
      { op: "add", path: "/spec/ports/0", value: { port: 0 } },
      { op: "remove", path: "/metadata/labels/a~1b" },
      { op: "replace", path: "/metadata/labels/m~0n", value: null },
      { op: "copy", from: "/spec/image", path: "/spec/was" },
      { op: "move", from: "/spec/ports/1", path: "/spec/first" },
    ]);
    expect(after).toEqual({
      metadata: { name: "web", labels: { "m~n": null } },
      spec: { ports: [{ port: 0 }, { port: 2 }, { port: 3 }], image: "nginx", was: "nginx", first: { port: 1 } },
    });
    expect(before).toEqual(object());
  });

  test.each([
    { why: "null is no operation", patch: null, ports: [{ port: 1 }, { port: 2 }] },
    {
      why: "-1 is the end",
      patch: [{ op: "add", path: "/spec/ports/-1", value: 3 }],
      ports: [{ port: 1 }, { port: 2 }, 3],
    },
    { why: "-1 is the last item", patch: [{ op: "remove", path: "/spec/ports/-1" }], ports: [{ port: 1 }] },
    {
      why: "an index from the end in between",
      patch: [{ op: "replace", path: "/spec/ports/-2/port", value: 3 }],
      ports: [{ port: 3 }, { port: 2 }],
    },
    { why: "no value is null", patch: [{ op: "replace", path: "/spec/ports/0" }], ports: [null, { port: 2 }] },
  ])("as kube-apiserver has it, $why", ({ patch, ports }) => {
    expect(applyJsonPatch(object(), patch)).toMatchObject({ spec: { ports } });
  });

  test("what is replaced or copied need not be there", () => {
    const patch = [
      { op: "replace", path: "/spec/color", value: "red" },
      { op: "copy", from: "/spec/nope", path: "/spec/none" },
    ];
    expect(applyJsonPatch(object(), patch)).toMatchObject({ spec: { color: "red", none: null } });
  });

  test("what is not there equals null", () => {
    expect(applyJsonPatch(object(), [{ op: "test", path: "/spec/nope", value: null }])).toEqual(object());
  });

  test.each([
    {
      why: "a test that fails",
      patch: { op: "test", path: "/spec/image", value: "x" },
      says: "testing value /spec/image failed",
    },
    {
      why: "a member that is not there",
      patch: { op: "remove", path: "/spec/nope" },
      says: 'missing path: "/spec/nope"',
    },
    { why: "a parent that is not there", patch: { op: "add", path: "/status/a", value: 1 }, says: "missing path" },
    { why: "an index past the end", patch: { op: "replace", path: "/spec/ports/2", value: 1 }, says: "missing path" },
    { why: "an index that is none", patch: { op: "remove", path: "/spec/ports/1x" }, says: "missing path" },
    { why: "an index before the start", patch: { op: "add", path: "/spec/ports/-4", value: 1 }, says: "missing path" },
    { why: "a leading zero", patch: { op: "replace", path: "/spec/ports/00", value: 1 }, says: "missing path" },
    {
      why: "a source that is not there",
      patch: { op: "move", from: "/nope", path: "/spec/x" },
      says: 'missing path: "/nope"',
    },
    { why: "moving into itself", patch: { op: "move", from: "/spec", path: "/spec/x" }, says: "does not apply" },
    { why: "an inherited member", patch: { op: "move", from: "/toString", path: "/spec/x" }, says: "missing path" },
    {
      why: "a character of a string",
      patch: { op: "replace", path: "/spec/image/0", value: "x" },
      says: "missing path",
    },
    { why: "the whole document", patch: { op: "replace", path: "", value: {} }, says: "whole document" },
    { why: "a prototype", patch: { op: "add", path: "/__proto__/x", value: 1 }, says: "not accepted" },
    { why: "an unknown operation", patch: { op: "frob", path: "/a" }, says: "Unexpected kind: frob" },
    { why: "no operation", patch: { path: "/a" }, says: "Unexpected kind: unknown" },
    { why: "no path", patch: { op: "add", value: 1 }, says: "add operation failed to decode path" },
    { why: "no source", patch: { op: "move", path: "/a" }, says: "move operation failed to decode from" },
    { why: "a path without a slash", patch: { op: "add", path: "spec", value: 1 }, says: 'missing path: "spec"' },
    { why: "a constructor", patch: { op: "add", path: "/constructor/prototype/x", value: 1 }, says: "not accepted" },
  ])("422 for $why", ({ patch, says }) => {
    const error = refusal([patch]);
    expect([error.code, error.reason, error.message]).toEqual([
      422,
      "Invalid",
      "the server rejected our request due to an error in our request",
    ]);
    expect(causeOf(error)).toContain(says);
  });

  test.each([
    { patch: {}, says: "a JSON patch is a list" },
    { patch: ["x"], says: "operation 0 is not an object" },
    { patch: [{ op: 5, path: "/a" }], says: "operation 0 has no text as its op" },
    { patch: [{ op: "add", path: 5 }], says: "operation 0 has no text as its path" },
  ])("400 for a malformed patch: $says", ({ patch, says }) => {
    const error = refusal(patch);
    expect(error.code).toBe(400);
    expect(error.message).toContain(says);
  });

  test("413 above 10,000 operations", () => {
    const error = refusal(Array.from({ length: 10_001 }, () => ({ op: "test", path: "/spec/image", value: "nginx" })));
    expect([error.code, error.message]).toEqual([
      413,
      "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
    ]);
  });

  test("copies cannot blow an object up", () => {
    const doubling = Array.from({ length: 40 }, (_, i) => ({ op: "copy", from: "/spec", path: `/spec/x${i}` }));
    expect(causeOf(refusal(doubling))).toContain("exceeding the limit");
  });
});
