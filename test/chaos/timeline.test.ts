import { describe, expect, test } from "vitest";
import type { TimelineOptions } from "./timeline.ts";
import { modelOf, timeline } from "./timeline.ts";

const options: TimelineOptions = {
  seed: 7,
  minutes: 20,
  perMinute: { apply: 20, delete: 5, harm: 20 },
  containers: { a: {}, b: { singleton: true }, c: { tolerationSeconds: 2 } },
  hosts: ["h1", "h2"],
  faults: {
    server: { perMinute: 3, awayMs: [0, 2000] },
    "network h1": { perMinute: 2, awayMs: [1000, 30_000] },
  },
};

describe("timeline()", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(timeline(options)).toEqual(timeline(options));
    expect(timeline({ ...options, seed: 8 })).not.toEqual(timeline(options));
  });

  test("goes forward in time, and everything that is asked for happens about as often as asked", () => {
    const all = timeline(options);
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted((a, b) => a - b));
    const applied = all.filter(({ operation }) => operation.do === "apply").length;
    expect(applied).toBeGreaterThan(300);
    expect(applied).toBeLessThan(500);
  });

  test("breaks nothing that is broken, and mends everything by the end", () => {
    const broken = new Set<string>();
    for (const { at, operation } of timeline(options)) {
      expect(at).toBeLessThanOrEqual(20 * 60_000);
      if (operation.do === "break") {
        expect(broken).not.toContain(operation.what);
        broken.add(operation.what);
      }
      if (operation.do === "mend") expect(broken.delete(operation.what)).toBe(true);
    }
    expect([...broken]).toEqual([]);
  });
});

test("modelOf() is what was asked for last", () => {
  const wanted = { name: "a", runState: "Running", memory: "32Mi", placement: {} } as const;
  const model = modelOf([
    { at: 1, operation: { do: "apply", wanted: [{ ...wanted, round: 1 }] } },
    {
      at: 2,
      operation: {
        do: "apply",
        wanted: [
          { ...wanted, round: 2 },
          { ...wanted, name: "b", round: 2 },
        ],
      },
    },
    { at: 3, operation: { do: "delete", names: ["b"] } },
  ]);
  expect([...model]).toEqual([["a", { ...wanted, round: 2 }]]);
});
