import { describe, expect, test } from "vitest";
import { formatBytes, formatCpu, parseQuantity } from "./quantity.ts";

describe("parseQuantity", () => {
  test.each([
    { why: "a bare integer is units", text: "2", want: 2 },
    { why: "a number from JSON is units", text: 3, want: 3 },
    { why: "m is a thousandth", text: "500m", want: 0.5 },
    { why: "binary suffixes are powers of 1024", text: "128Mi", want: 134217728 },
    { why: "decimal suffixes are powers of 1000", text: "1G", want: 1e9 },
    { why: "fractions are allowed before a suffix", text: "1.5Gi", want: 1610612736 },
    { why: "a leading point is allowed", text: ".5", want: 0.5 },
    { why: "exponents are allowed", text: "1e3", want: 1000 },
    { why: "E alone is exa, not an exponent", text: "1E", want: 1e18 },
  ])("$why", ({ text, want }) => {
    expect(parseQuantity(text)).toBe(want);
  });

  test.each(["", "Mi", "1 Gi", "1gb", "--1", "1.2.3", "NaN", "-1", "1e1.5", "1e999"])("refuses %j", (text) => {
    expect(() => parseQuantity(text)).toThrow(RangeError);
  });
});

test("formatCpu() writes whole cores bare and others in thousandths", () => {
  expect([2, 0.5, 1.25].map(formatCpu)).toEqual(["2", "500m", "1250m"]);
});

test("formatBytes() loses nothing", () => {
  expect([512 * 2 ** 20, 2 ** 31, 1000, 0].map(formatBytes)).toEqual(["512Mi", "2Gi", "1000", "0"]);
});
