import { expect, test } from "vitest";
import type { Line } from "./top.ts";
import { order, rowOf } from "./top.ts";

const line = (name: string, fields: Partial<Line> = {}): Line => ({
  namespace: "default",
  name,
  used: { cpu: 0.25, memory: 100 * 2 ** 20 },
  available: { cpu: 4, memory: 2 ** 30 },
  ...fields,
});

// Source of units and rounding: printSingleResourceUsage in kubectl/pkg/metricsutil/metrics_printer.go.
test.each<{ why: string; line: Line; want: readonly string[] }>([
  { why: "thousandths of a core and mebibytes", line: line("web"), want: ["web", "250m", "6%", "100Mi", "9%"] },
  {
    why: "little is rounded up to a thousandth of a core, and down to no mebibyte",
    line: line("web", { used: { cpu: 0.0001, memory: 1000 } }),
    want: ["web", "1m", "0%", "0Mi", "0%"],
  },
  {
    why: "nobody knows how much there is",
    line: line("web", { available: {} }),
    want: ["web", "250m", "<unknown>", "100Mi", "<unknown>"],
  },
  {
    why: "more than there is",
    line: line("web", { available: { cpu: 0.1, memory: 2 ** 20 } }),
    want: ["web", "250m", "250%", "100Mi", "10000%"],
  },
  {
    why: "what could not be measured",
    line: line("web", { used: undefined }),
    want: ["web", "<unknown>", "<unknown>", "<unknown>", "<unknown>"],
  },
])("$why", ({ line: shown, want }) => {
  expect(rowOf(shown, false)).toEqual(want);
  expect(rowOf(shown, true)).toEqual(["default", ...want]);
});

test.each<{ sortBy: "cpu" | "memory" | undefined; want: string }>([
  { sortBy: undefined, want: "a b c d" },
  { sortBy: "cpu", want: "c a b d" },
  { sortBy: "memory", want: "b a c d" },
])("sorted by $sortBy", ({ sortBy, want }) => {
  const lines = [
    line("d", { used: undefined }),
    line("b", { used: { cpu: 1, memory: 3 } }),
    line("c", { used: { cpu: 2, memory: 1 } }),
    line("a", { used: { cpu: 1, memory: 1 } }),
  ];
  expect([...lines].sort(order(sortBy)).map(({ name }) => name).join(" ")).toBe(want); // prettier-ignore
});
