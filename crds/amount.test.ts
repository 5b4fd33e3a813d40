import { describe, expect, test } from "vitest";
import { addAmounts, canonicalQuantity, readAmount, subtractAmounts, writeAmount } from "./amount.ts";

describe("canonicalQuantity() writes as kube-apiserver stores", () => {
  test.each([
    { text: "1000m", want: "1" },
    { text: "0.5", want: "500m" },
    { text: 5, want: "5" },
    { text: "1024Mi", want: "1Gi" },
    { text: "1500Mi", want: "1500Mi" },
    { text: "1000", want: "1k" },
    { text: "1.5Gi", want: "1536Mi" },
    { text: "512", want: "512" },
    { text: "0.5Ki", want: "512" },
    { text: "1e3", want: "1e3" },
    { text: "2.5e3", want: "2500" },
    { text: "100n", want: "100n" },
    { text: "-1Gi", want: "-1Gi" },
    { text: "0Mi", want: "0" },
    { text: "1E", want: "1E" },
    { text: ".5", want: "500m" },
    { text: "0.1n", want: "1n" },
    { text: "1e30", want: "1000000000000e18" },
    { text: "-1e-30", want: "-1e-9" },
  ])("$text as $want", ({ text, want }) => {
    expect(canonicalQuantity(text)).toBe(want);
  });

  test.each(["", "Mi", "1 Gi", "1gb", "--1", "1.2.3", "NaN", "1e999", "1e1.5", "1+5", "."])("refuses %j", (text) => {
    expect(() => canonicalQuantity(text)).toThrow(RangeError);
  });
});

test.each(["1".repeat(3_000_000), `${"1".repeat(100_000)}!`, `.${"0".repeat(100_000)}`])(
  "refuses a number as long as a body, and at once (case %#)",
  (text) => {
    expect(() => canonicalQuantity(text)).toThrow(RangeError);
  },
);

test("sums are exact, and keep the format of the first part", () => {
  const sum = ["100m", "200m", "0.7"].map(readAmount).reduce(addAmounts);
  expect(writeAmount(sum)).toBe("1");
  expect(writeAmount(addAmounts(readAmount("0"), readAmount("1Gi")))).toBe("1Gi");
  expect(writeAmount(subtractAmounts(readAmount("1"), readAmount("1500m")))).toBe("0");
});
