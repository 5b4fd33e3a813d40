import { expect, test } from "vitest";
import { exponentialBackoff } from "./backoff.ts";

test("the wait doubles from its base and stops at its bound, however many failures there were", () => {
  const backoff = exponentialBackoff({ baseMs: 5, maxMs: 1000 });
  expect([1, 2, 3, 8, 9, 100, 5000].map((failures) => backoff.after(failures))).toEqual([
    5, 10, 20, 640, 1000, 1000, 1000,
  ]);
});

test("jitter lengthens the wait by its share of it, never shortens it", () => {
  const at = (random: number): number =>
    exponentialBackoff({ baseMs: 100, maxMs: 1000, jitter: 0.5, random: () => random }).after(2);
  expect([at(0), at(0.5), at(1)]).toEqual([200, 250, 300]);
});
