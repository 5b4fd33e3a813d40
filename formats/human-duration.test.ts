import { expect, test } from "vitest";
import { humanDuration } from "./human-duration.ts";

// Source of the values: apimachinery/pkg/util/duration/duration_test.go.
test.each([
  [-2_000, "<invalid>"],
  [-1_000, "0s"],
  [0, "0s"],
  [1_999, "1s"],
  [119_000, "119s"],
  [120_000, "2m"],
  [123_000, "2m3s"],
  [599_000, "9m59s"],
  [600_000, "10m"],
  [179 * 60_000, "179m"],
  [180 * 60_000, "3h"],
  [195 * 60_000, "3h15m"],
  [8 * 3_600_000 - 1, "7h59m"],
  [8 * 3_600_000, "8h"],
  [47 * 3_600_000, "47h"],
  [48 * 3_600_000, "2d"],
  [49 * 3_600_000, "2d1h"],
  [8 * 86_400_000, "8d"],
  [729 * 86_400_000, "729d"],
  [730 * 86_400_000, "2y"],
  [731 * 86_400_000, "2y1d"],
  [8 * 365 * 86_400_000, "8y"],
])("humanDuration(%i) is %s", (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});
