import { expect, test } from "vitest";
import { nextFailure, retryAfterMs } from "./failure.ts";

const now = new Date("2026-01-01T00:00:00Z");
const later = (ms: number): Date => new Date(now.getTime() + ms);
const failure = nextFailure(undefined, { reason: "StartError", message: "no" }, 1, now);

test.each([
  ["all of it at first", 0, 500],
  ["what is left of it later", 400, 100],
  ["nothing when it is over", 500, 0],
  ["nothing long after", 3_600_000, 0],
  ["nothing when the clock was set back: it would take hours", -3_600_000, 0],
])("a refusal keeps waiting: %s", (_, elapsed, left) => {
  expect(retryAfterMs(failure, later(elapsed))).toBe(left);
});
