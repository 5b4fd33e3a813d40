import { describe, expect, test } from "vitest";
import { contextOf, ScriptedCloud } from "../../test/fakes/scripted-cloud.ts";
import { ready, WaitingError } from "./actuator.ts";
import {
  describedMetadata,
  markedAsOurs,
  markFilter,
  metadataAfter,
  metadataChange,
  metadataDifference,
  observedPairs,
  remakeChange,
  stateOf,
  withMarks,
} from "./cinder.ts";

const now = new Date("2026-01-01T00:00:00Z");
const ours = { "stowage.dev:uid": "u1" };

describe("metadata", () => {
  test("withMarks() says whose it is, and which names the spec has given", () => {
    expect(withMarks(undefined, "u1")).toEqual(ours);
    const asked = [
      { name: "two", value: "2" },
      { name: "one", value: "1" },
    ];
    expect(withMarks(asked, "u1")).toEqual({ ...ours, one: "1", two: "2", "stowage.dev:names": "one,two" });
  });

  test("withMarks() never makes a value that is too long for Cinder", () => {
    const asked = Array.from({ length: 64 }, (_, i) => ({ name: `a name that is rather long ${i}`, value: "" }));
    expect(withMarks(asked, "u1")["stowage.dev:names"]?.length).toBeLessThanOrEqual(255);
  });

  test.each([
    { why: "nothing is to do where it is as asked", asked: undefined, now: ours, want: undefined },
    { why: "what others have set stays", asked: undefined, now: { ...ours, other: "theirs" }, want: undefined },
    {
      why: "what is asked for is set, and noted",
      asked: [{ name: "a", value: "1" }],
      now: ours,
      want: { set: { a: "1", "stowage.dev:names": "a" }, remove: [] },
    },
    {
      why: "what others have changed is put right",
      asked: [{ name: "a", value: "1" }],
      now: { ...ours, a: "2", "stowage.dev:names": "a" },
      want: { set: { a: "1" }, remove: [] },
    },
    {
      why: "what the spec has dropped is removed",
      asked: [{ name: "b", value: "1" }],
      now: { ...ours, a: "1", b: "1", "stowage.dev:names": "a,b" },
      want: { set: { "stowage.dev:names": "b" }, remove: ["a"] },
    },
    {
      why: "the note goes with the last of them",
      asked: undefined,
      now: { ...ours, a: "1", "stowage.dev:names": "a" },
      want: { set: {}, remove: ["a", "stowage.dev:names"] },
    },
    { why: "our mark is put back", asked: undefined, now: undefined, want: { set: ours, remove: [] } },
  ])("$why", ({ asked, now: there, want }) => {
    const difference = metadataDifference(asked, there, "u1");
    expect(difference).toEqual(want);
    if (difference === undefined) return;
    expect(metadataDifference(asked, metadataAfter(there, difference), "u1")).toBeUndefined();
  });

  test("describedMetadata() leaves our own out", () => {
    const set = { a: "1", "stowage.dev:names": "a" };
    expect(describedMetadata("metadata", { set, remove: ["b"] })).toBe('set metadata a to "1", remove metadata b');
    expect(describedMetadata("metadata", { set: ours, remove: [] })).toBe("mark the metadata as ours");
  });

  test("metadataChange() sets before it removes", async () => {
    const cloud = new ScriptedCloud();
    const [change] = metadataChange({
      home: "types",
      noun: "extra spec",
      id: "t1",
      asked: [{ name: "b", value: "1" }],
      now: { ...ours, a: "1", "stowage.dev:names": "a" },
      uid: "u1",
      again: () => Promise.resolve("again"),
    });
    expect(await change?.perform(contextOf(cloud))).toBe("again");
    expect(cloud.asked).toEqual([
      { method: "POST", path: "/types/t1/extra_specs", body: { extra_specs: { b: "1", "stowage.dev:names": "b" } } },
      { method: "DELETE", path: "/types/t1/extra_specs/a" },
    ]);
  });

  test("observedPairs() are in order, without ours", () => {
    expect(observedPairs({ ...ours, b: "2", a: "1" })).toEqual([
      { name: "a", value: "1" },
      { name: "b", value: "2" },
    ]);
  });

  test("markedAsOurs() trusts no filter, and takes what is on its way out for the last", () => {
    const mine = { metadata: ours, status: "available" };
    const going = { metadata: ours, status: "deleting" };
    expect(markedAsOurs([going, mine, { metadata: {} }, {}], "u1")).toEqual([mine]);
    expect(markedAsOurs([going, { ...going }], "u1")).toEqual([going]);
    expect(markedAsOurs([], "u1")).toEqual([]);
    expect(markFilter("u1")).toBe('{"stowage.dev:uid":"u1"}');
  });
});

describe("states", () => {
  test("what is available is ready, and what Cinder is at is waited for", () => {
    expect(stateOf({ status: "available" }, "volume", now)).toBe(ready);
    expect(stateOf({}, "volume", now)).toEqual({ kind: "waiting", message: "The volume is being created" });
    expect(stateOf({ status: "in-use" }, "volume", now)).toBeUndefined();
  });

  test("what is being created for long says so, and is looked at less often", () => {
    const state = stateOf({ status: "creating", createdAt: "2025-12-31T23:49:00Z" }, "volume", now);
    expect(state).toMatchObject({ kind: "waiting", pollMs: 15_000 });
    expect(state).toHaveProperty("message", expect.stringContaining("since 2025-12-31T23:49:00Z"));
  });

  const failed = { id: "v1", status: "error", createdAt: "2025-12-31T23:58:00Z" };
  const gone: string[] = [];
  const remove = (): Promise<void> => {
    gone.push("v1");
    return Promise.resolve();
  };

  test.each([
    { why: "what was never usable is made again", remote: failed, wasReady: false, want: 1 },
    { why: "what may have data is never deleted", remote: failed, wasReady: true, want: 0 },
    {
      why: "it is left alone for a minute",
      remote: { ...failed, createdAt: "2025-12-31T23:59:30Z" },
      wasReady: false,
      want: 0,
    },
    { why: "other states pass by themselves", remote: { ...failed, status: "creating" }, wasReady: false, want: 0 },
  ])("$why", ({ remote, wasReady, want }) => {
    expect(remakeChange({ now, wasReady }, { kind: "volume", remote, remove })).toHaveLength(want);
  });

  test("remakeChange() deletes it, and has it looked for again", async () => {
    const [change] = remakeChange({ now, wasReady: false }, { kind: "volume", remote: failed, remove });
    await expect(change?.perform(contextOf())).rejects.toThrow(WaitingError);
    expect(gone).toEqual(["v1"]);
  });
});
