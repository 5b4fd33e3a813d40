import { describe, expect, test } from "vitest";
import { listStart, prefixEnd } from "./key-range.ts";

describe("prefixEnd()", () => {
  test.each([
    { why: "the last byte counts up", prefix: "/a/", end: "/a0" },
    { why: "nothing sorts after everything", prefix: "", end: undefined },
    { why: "a carry drops the last code point", prefix: "a\u{10ffff}", end: "b" },
    { why: "all carries leave no end", prefix: "\u{10ffff}\u{10ffff}", end: undefined },
    { why: "surrogates are no characters and are stepped over", prefix: "\ud7ff", end: "\ue000" },
    { why: "a code point beyond 16 bits counts as one", prefix: "\u{1f600}", end: "\u{1f601}" },
  ])("$why", ({ prefix, end }) => {
    expect(prefixEnd(prefix)).toBe(end);
  });
});

describe("listStart()", () => {
  test.each([
    { why: "without after, the prefix itself may be a key", prefix: "/a", after: undefined, start: "/a" },
    { why: "the key asked after is left out, its extensions are not", prefix: "/a", after: "/a/b", start: "/a/b\0" },
    { why: "an after that sorts before the prefix changes nothing", prefix: "/b", after: "/a/z", start: "/b" },
    { why: "order is bytewise: U+FF61 sorts before U+1F600", prefix: "\u{1f600}", after: "\uff61", start: "\u{1f600}" },
  ])("$why", ({ prefix, after, start }) => {
    expect(listStart(prefix, after)).toBe(start);
  });
});
