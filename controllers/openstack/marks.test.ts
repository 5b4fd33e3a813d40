import { expect, test } from "vitest";
import { isMark, tagsToSet } from "./marks.ts";

const ours = "stowage.dev/uid=1";

test.each([
  {
    why: "nothing is to be done where our mark and what is asked for are there, in any order",
    wanted: ["a", "b"],
    now: ["b", ours, "a"],
    next: undefined,
  },
  { why: "tags of others stay where none are asked for", wanted: undefined, now: ["theirs"], next: ["theirs", ours] },
  { why: "tags of others go where some are asked for", wanted: ["a"], now: ["theirs", ours], next: ["a", ours] },
  { why: "the mark of an earlier object goes", wanted: undefined, now: ["stowage.dev:uid=0"], next: [ours] },
  { why: "none at all is none", wanted: [], now: undefined, next: [ours] },
])("$why", ({ wanted, now, next }) => {
  expect(tagsToSet(wanted, now, ours)).toEqual(next);
});

test("both spellings are marks", () => {
  expect(["stowage.dev/uid=1", "stowage.dev:uid=1", "uid=1"].map(isMark)).toEqual([true, true, false]);
});
