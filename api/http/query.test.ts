import { expect, test } from "vitest";
import { timeoutOf } from "./query.ts";

const of = (timeout: string): number => timeoutOf(new URLSearchParams({ timeout }));

test.each([
  ["", 60_000],
  ["30s", 30_000],
  ["1.5s", 1500],
  ["100ms", 100],
  [".5s", 500],
  ["1h", 60_000],
  ["0", 60_000],
  ["-3s", 60_000],
  ["1m1s", 60_000],
  ["0m2s", 2000],
])("timeout=%s leaves %i ms", (text, ms) => {
  expect(of(text)).toBe(ms);
});

test.each([
  ["x", 'time: invalid duration "x"'],
  ["-", 'time: invalid duration "-"'],
  ["30", 'time: missing unit in duration "30"'],
  ["3x", 'time: unknown unit "x" in duration "3x"'],
  ["1constructor", 'time: unknown unit "constructor" in duration "1constructor"'],
])("timeout=%s is refused", (text, why) => {
  expect(() => of(text)).toThrow(`invalid timeout specified in the request URL - ${why}`);
});
