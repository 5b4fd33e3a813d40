import { describe, expect, test } from "vitest";
import { hostOf } from "../../test/fakes/objects.ts";
import type { Bound } from "../../test/fakes/world.ts";
import { ledgerOf, wanted } from "../../test/fakes/world.ts";
import type { Preemption } from "./preemption.ts";
import { preempt } from "./preemption.ts";

const cpu = (amount: string, more: object = {}): object => ({ resources: { requests: { cpu: amount } }, ...more });
const bound = (
  name: string,
  on: string,
  amount: string,
  priority: number,
  metadata: Bound["metadata"] = {},
): Bound => ({
  ...{ on, spec: cpu(amount), metadata: { name, ...metadata }, status: { priority } },
});
const hosts = ["a", "b", "c"].map((name) => hostOf(name));

function choose(
  spec: object,
  priority: number,
  there: readonly Bound[],
  staying: readonly string[] = [],
): Omit<Preemption, "allotment"> | undefined {
  const ledger = ledgerOf(hosts, there);
  const before = JSON.stringify([...ledger.candidates()].map(({ taken }) => taken));
  const want = wanted(spec, {}, { priority, tenancy: "Shared" });
  const made = preempt(want, ledger, () => new Set(staying));
  expect(JSON.stringify([...ledger.candidates()].map(({ taken }) => taken))).toBe(before);
  return made && { hostName: made.hostName, victims: made.victims };
}

// After TestDryRunPreemption and TestSelectBestCandidate:
// kubernetes/pkg/scheduler/framework/plugins/defaultpreemption/default_preemption_test.go.
describe("who must go", () => {
  const others = [bound("b1", "b", "4", 100), bound("c1", "c", "4", 100)];

  test("nobody of the same priority or more", () => {
    expect(choose(cpu("1"), 100, [bound("a1", "a", "4", 100), ...others])).toBeUndefined();
  });

  test("only as many as are in the way, the least important", () => {
    const there = [bound("a1", "a", "1", 3), bound("a2", "a", "1", 1), bound("a3", "a", "2", 2), ...others];
    expect(choose(cpu("1"), 10, there)).toEqual({ hostName: "a", victims: ["default/a2"] });
  });

  test("of equals, the younger", () => {
    const there = [
      bound("a1", "a", "2", 1, { creationTimestamp: "2026-01-01T00:00:05Z" }),
      bound("a2", "a", "2", 1, { creationTimestamp: "2026-01-01T00:00:09Z" }),
      ...others,
    ];
    expect(choose(cpu("2"), 10, there)).toEqual({ hostName: "a", victims: ["default/a2"] });
  });

  test("nobody who cannot go on elsewhere", () => {
    const there: readonly Bound[] = [
      { on: "a", spec: cpu("4", { placement: { hostName: "a" } }), metadata: { name: "a1" }, status: { priority: 1 } },
      {
        on: "b",
        spec: cpu("4", { volumes: [{ name: "v", dockerVolume: { name: "data" } }] }),
        ...{ metadata: { name: "b1" }, status: { priority: 1 } },
      },
      {
        on: "c",
        spec: cpu("3", { restartPolicy: "Never" }),
        ...{ metadata: { name: "c1" }, status: { priority: 1, startedAt: "2026-01-01T00:00:00Z" } },
      },
    ];
    expect(choose(cpu("4"), 10, there)).toBeUndefined();
    expect(choose(cpu("4"), 10, [...there, bound("c2", "c", "1", 1)])).toBeUndefined();
    expect(choose(cpu("1"), 10, [...there, bound("c2", "c", "1", 1)])?.victims).toEqual(["default/c2"]);
  });

  test("none where preemption is of no use", () => {
    const elsewhere = { placement: { hostName: "nosuch" } };
    expect(choose(cpu("1", elsewhere), 10, [bound("a1", "a", "4", 1)])).toBeUndefined();
    expect(choose(cpu("5"), 10, [bound("a1", "a", "4", 1)])).toBeUndefined();
  });

  test("who holds its host port, or keeps it away", () => {
    const port = { ports: [{ containerPort: 80, hostPort: 80 }], placement: { hostName: "a" } };
    const holder = { on: "a", spec: { ports: port.ports }, metadata: { name: "holder" }, status: { priority: 1 } };
    expect(choose(port, 10, [holder])).toEqual({ hostName: "a", victims: ["default/holder"] });
    const alone = { placement: { hostName: "a", tenancy: "Exclusive" } };
    const other = { on: "a", metadata: { name: "x", namespace: "other" }, status: { priority: 1 } };
    expect(choose(alone, 10, [other])).toEqual({ hostName: "a", victims: ["other/x"] });
  });

  test("nobody more where others leave anyway", () => {
    const leaving = bound("a1", "a", "4", 1000, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(choose(cpu("4"), 10, [leaving, bound("b1", "b", "4", 1), bound("c1", "c", "4", 1)])).toEqual({
      hostName: "a",
      victims: [],
    });
  });
});

describe("where the least is lost", () => {
  test.each([
    [
      "no DisruptionBudget is violated, even for a more important victim",
      [bound("a1", "a", "4", 1), bound("b1", "b", "4", 5), bound("c1", "c", "4", 9)],
      ["default/a1"],
      "b",
    ],
    [
      "the most important victim is the least",
      [bound("a1", "a", "4", 5), bound("b1", "b", "2", 1), bound("b2", "b", "2", 2), bound("c1", "c", "4", 9)],
      [],
      "b",
    ],
    [
      "the sum of priorities is the least",
      [
        ...[bound("a1", "a", "2", 5), bound("a2", "a", "2", 4)],
        ...[bound("b1", "b", "2", 5), bound("b2", "b", "2", 3)],
        ...[bound("c1", "c", "4", 9)],
      ],
      [],
      "b",
    ],
    [
      "the fewest go",
      [bound("a1", "a", "2", 0), bound("a2", "a", "2", 0), bound("b1", "b", "4", 0), bound("c1", "c", "4", 9)],
      [],
      "b",
    ],
    [
      "they came last",
      [
        bound("a1", "a", "4", 1, { creationTimestamp: "2026-01-01T00:00:01Z" }),
        bound("b1", "b", "4", 1, { creationTimestamp: "2026-01-01T00:00:02Z" }),
        bound("c1", "c", "4", 9),
      ],
      [],
      "b",
    ],
    ["it comes first by name", [bound("b1", "b", "4", 1), bound("a1", "a", "4", 1), bound("c1", "c", "4", 9)], [], "a"],
  ] as const)("%s", (_, there, staying, hostName) => {
    expect(choose(cpu("4"), 10, there, staying)?.hostName).toBe(hostName);
  });

  test("within a host, those that a DisruptionBudget wants to stay go last", () => {
    const there = [
      bound("a1", "a", "2", 1),
      bound("a2", "a", "2", 2),
      bound("b1", "b", "4", 9),
      bound("c1", "c", "4", 9),
    ];
    expect(choose(cpu("2"), 9, there, ["default/a1"])).toEqual({ hostName: "a", victims: ["default/a2"] });
  });
});
