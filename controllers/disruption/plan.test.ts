import { expect, test } from "vitest";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import type { DisruptionBudget, DisruptionBudgetStatus } from "../../crds/disruption-budget.ts";
import { disruptionBudgets } from "../../crds/disruption-budget.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { containerOf } from "../../test/fakes/objects.ts";
import { count } from "./plan.ts";

const now = new Date("2026-01-01T01:00:00Z");
const secondsAgo = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();

function budgetOf(spec: object, status?: DisruptionBudgetStatus): DisruptionBudget {
  return {
    apiVersion: apiVersionOf(disruptionBudgets),
    kind: disruptionBudgets.kind,
    metadata: {
      name: "web",
      namespace: "default",
      uid: "uid-of-budget",
      resourceVersion: "1",
      generation: 3,
      creationTimestamp: secondsAgo(600),
    },
    spec: { selector: {}, ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

const withReady = (name: string, ready: "True" | "False", since: number, more: ContainerStatus = {}): Container =>
  containerOf(
    {},
    {
      metadata: { name },
      status: {
        phase: "Running",
        hostName: "h1",
        conditions: [
          { type: "Ready", status: ready, reason: "Test", message: "", lastTransitionTime: secondsAgo(since) },
        ],
        ...more,
      },
    },
  );
const ready = (name: string, more?: ContainerStatus): Container => withReady(name, "True", 300, more);
const unready = (name: string): Container => withReady(name, "False", 300);
const ended = (name: string): Container => withReady(name, "False", 300, { phase: "Succeeded" });
const evicted: ContainerStatus = { eviction: { reason: "Drained", message: "", requestedAt: secondsAgo(1) } };
const deleted = containerOf({}, { metadata: { name: "deleted", deletionTimestamp: secondsAgo(1) } });
const stopped = containerOf({ runState: "Stopped" }, { metadata: { name: "stopped" } });

test.each<{
  why: string;
  spec: object;
  selected: readonly Container[];
  want: readonly [number, number, number, number];
}>([
  { why: "so many as are Ready beyond the least", spec: { minAvailable: 1 }, selected: [ready("a"), ready("b"), ready("c")], want: [3, 3, 1, 2] }, // prettier-ignore
  { why: "none where too few are Ready", spec: { minAvailable: 2 }, selected: [ready("a"), ready("b"), unready("c")], want: [3, 2, 2, 0] }, // prettier-ignore
  { why: "a percentage is rounded up", spec: { minAvailable: "50%" }, selected: [ready("a"), ready("b"), ready("c")], want: [3, 3, 2, 1] }, // prettier-ignore
  { why: "as many as may be missing", spec: { maxUnavailable: 1 }, selected: [ready("a"), ready("b"), ready("c")], want: [3, 3, 2, 1] }, // prettier-ignore
  { why: "one that is missing already counts", spec: { maxUnavailable: 1 }, selected: [ready("a"), unready("b")], want: [2, 1, 1, 0] }, // prettier-ignore
  { why: "a percentage of few is at least one", spec: { maxUnavailable: "10%" }, selected: [ready("a"), ready("b")], want: [2, 2, 1, 1] }, // prettier-ignore
  { why: "one that is leaving counts as gone", spec: { maxUnavailable: 1 }, selected: [ready("a"), ready("b", evicted)], want: [2, 1, 1, 0] }, // prettier-ignore
  { why: "nobody misses what has ended, goes for good, or is stopped", spec: { maxUnavailable: 1 }, selected: [ready("a"), ended("b"), deleted, stopped], want: [1, 1, 0, 1] }, // prettier-ignore
  {
    why: "a budget that selects nothing allows nothing",
    spec: { maxUnavailable: 1 },
    selected: [],
    want: [0, 0, 0, 0],
  },
])("$why", ({ spec, selected, want }) => {
  const { status } = count(budgetOf(spec), selected, now);
  const { expectedContainers, currentHealthy, desiredHealthy, disruptionsAllowed } = status;
  expect([expectedContainers, currentHealthy, desiredHealthy, disruptionsAllowed]).toEqual(want);
  expect(status.observedGeneration).toBe(3);
  expect(status.conditions).toMatchObject([
    {
      type: "DisruptionAllowed",
      ...(want[3] > 0
        ? { status: "True", reason: "SufficientContainers" }
        : { status: "False", reason: "InsufficientContainers" }),
      observedGeneration: 3,
    },
  ]);
});

test.each<{ why: string; allowedAgo: number; container: Container; healthy: number; awaited: boolean; stayed: number }>(
  [
    { why: "one that was let go counts as gone before it begins to", allowedAgo: 5, container: ready("a"), healthy: 1, awaited: true, stayed: 0 }, // prettier-ignore
    { why: "and is not waited for once it leaves", allowedAgo: 5, container: ready("a", evicted), healthy: 1, awaited: false, stayed: 0 }, // prettier-ignore
    { why: "nor once it is back", allowedAgo: 5, container: withReady("a", "True", 2), healthy: 2, awaited: false, stayed: 0 }, // prettier-ignore
    { why: "nor while it takes its time elsewhere", allowedAgo: 150, container: withReady("a", "False", 149), healthy: 1, awaited: false, stayed: 0 }, // prettier-ignore
    { why: "Ready in the same second is not yet back", allowedAgo: 5, container: withReady("a", "True", 5), healthy: 1, awaited: true, stayed: 0 }, // prettier-ignore
    { why: "after two minutes it has stayed", allowedAgo: 120, container: ready("a"), healthy: 2, awaited: false, stayed: 1 }, // prettier-ignore
  ],
)("$why", ({ allowedAgo, container, healthy, awaited, stayed }) => {
  const disruptedContainers = { a: secondsAgo(allowedAgo), gone: secondsAgo(5) };
  const counted = count(budgetOf({ maxUnavailable: 1 }, { disruptedContainers }), [container, ready("b")], now);
  expect(counted.status.currentHealthy).toBe(healthy);
  expect(counted.status.disruptedContainers).toEqual(awaited ? { a: disruptedContainers.a } : undefined);
  expect(counted.recheckAfterMs).toBe(awaited ? 120_000 - allowedAgo * 1000 : undefined);
  expect(counted.stayed).toHaveLength(stayed);
});
