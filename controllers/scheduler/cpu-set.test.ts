import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatCpuList, parseCpuList, pickCpus } from "./cpu-set.ts";

test.each([
  ["0", [0]],
  ["0-3,8-11", [0, 1, 2, 3, 8, 9, 10, 11]],
  ["7,0-1,1", [0, 1, 7]],
  ["", []],
  ["3-1", undefined],
  ["a", undefined],
  ["0-99999", undefined],
] as const)("the list %j", (text, cpus) => {
  expect(parseCpuList(text)).toEqual(cpus);
});

test("what is written is read again", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), (cpus) => {
      expect(parseCpuList(formatCpuList(cpus))).toEqual(cpus.toSorted((a, b) => a - b));
    }),
  );
});

describe("picks CPUs", () => {
  const numa = [
    { id: 0, cpus: [0, 1, 2, 3] },
    { id: 1, cpus: [4, 5, 6, 7] },
  ];
  test.each([
    ["of one node", [], 4, "0-3"],
    ["of the node that has the fewest left over", [4], 3, "5-7"],
    ["of the other node where the first is too full", [0, 1], 3, "4-6"],
    ["of both where they fit into none", [], 6, "0-5"],
    ["of the emptier one first, so that few nodes are used", [0, 1], 5, "2,4-7"],
  ] as const)("%s", (_, taken, count, expected) => {
    const picked = pickCpus(numa, new Set(taken), count);
    const all = formatCpuList(picked ?? []);
    expect(all).toBe(expected);
  });
  test("or none where there are too few", () => {
    expect(pickCpus(numa, new Set([0]), 8)).toBeUndefined();
  });
});
