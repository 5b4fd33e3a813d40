import { describe, expect, test } from "vitest";
import type { Condition } from "../../crds/meta.ts";
import type { ConditionDraft } from "./conditions.ts";
import { findCondition, setCondition } from "./conditions.ts";

const then = "2026-01-01T00:00:00Z";
const now = new Date("2026-02-02T02:02:02.345Z");
const readyDraft: ConditionDraft = { type: "Ready", status: "False", reason: "Starting", message: "" };
const healthyDraft: ConditionDraft = { ...readyDraft, type: "Healthy" };
const ready: Condition = { ...readyDraft, lastTransitionTime: then };
const healthy: Condition = { ...healthyDraft, lastTransitionTime: then };

describe("setCondition", () => {
  test("a new one comes last, dated now in whole seconds", () => {
    expect(setCondition([ready], healthyDraft, now)).toEqual([
      ready,
      { ...healthy, lastTransitionTime: "2026-02-02T02:02:02Z" },
    ]);
    expect(setCondition(undefined, healthyDraft, now)).toHaveLength(1);
  });

  test.each([
    { why: "a change of status moves the time", change: { status: "True" }, moved: true },
    { why: "a change of reason does not", change: { reason: "Failing" }, moved: false },
    { why: "a change of message does not", change: { message: "soon" }, moved: false },
    { why: "a change of observedGeneration does not", change: { observedGeneration: 2 }, moved: false },
  ] as const)("$why, and the place stays", ({ change, moved }) => {
    expect(setCondition([ready, healthy], { ...readyDraft, ...change }, now)).toEqual([
      { ...ready, ...change, lastTransitionTime: moved ? "2026-02-02T02:02:02Z" : then },
      healthy,
    ]);
  });

  test("what says the same returns the same list, so that nothing is written", () => {
    const all = [ready, healthy];
    expect(setCondition(all, healthyDraft, now)).toBe(all);
  });
});

test("findCondition finds by type", () => {
  expect(findCondition([ready, healthy], "Healthy")).toBe(healthy);
  expect(findCondition([ready], "Healthy")).toBeUndefined();
  expect(findCondition(undefined, "Healthy")).toBeUndefined();
});
