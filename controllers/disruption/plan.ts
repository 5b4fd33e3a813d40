/**
 * Counts what a DisruptionBudget watches over, and how many of that may go. Pure.
 * Source: kubernetes/pkg/controller/disruption/disruption.go.
 */
import type { Container } from "../../crds/container.ts";
import type { DisruptionBudget, DisruptionBudgetSpec, DisruptionBudgetStatus } from "../../crds/disruption-budget.ts";
import { disruptionTimeoutMs, hasEnded, isLeaving, isReady } from "../../crds/disruption.ts";
import { findCondition, setCondition } from "../runtime/conditions.ts";

export interface Count {
  /** The whole status. */
  readonly status: DisruptionBudgetStatus;
  /** Those that were allowed to go and did not, for as long as anybody waits for that. */
  readonly stayed: readonly Container[];
  /** When the next one of those that were allowed to go counts as staying; undefined where none was. */
  readonly recheckAfterMs: number | undefined;
}

/** `selected`: the Containers that its selector matches. */
export function count(budget: DisruptionBudget, selected: readonly Container[], now: Date): Count {
  const expected = selected.filter(isMeantToRun);
  const allowed = budget.status?.disruptedContainers ?? {};
  const disrupted = expected.filter((container) => isAwaited(container, allowed[container.metadata.name]));
  const leftMs = ({ metadata }: Container): number =>
    Date.parse(allowed[metadata.name] ?? "") + disruptionTimeoutMs - now.getTime();
  const [stayed, going] = [disrupted.filter((one) => leftMs(one) <= 0), disrupted.filter((one) => leftMs(one) > 0)];
  const goingNames = new Set(going.map(({ metadata }) => metadata.name));
  const healthy = expected.filter(
    (one) => isReady(one) && !isLeaving(one) && !goingNames.has(one.metadata.name),
  ).length;
  const status = statusOf(budget, { expected: expected.length, healthy }, now);
  const times = Object.fromEntries([...goingNames].sort().map((name) => [name, allowed[name] ?? ""]));
  return {
    status: goingNames.size === 0 ? status : { ...status, disruptedContainers: times },
    stayed,
    recheckAfterMs: going.length === 0 ? undefined : Math.min(...going.map(leftMs)),
  };
}

/** What has ended, is stopped because somebody wants it so, or is being deleted, is missed by nobody. */
function isMeantToRun(container: Container): boolean {
  return (
    container.spec.runState === "Running" && !hasEnded(container) && container.metadata.deletionTimestamp === undefined
  );
}

/** Whether it was allowed to go, and nothing of that is to be seen yet: it neither leaves, nor has it left or is back. */
function isAwaited(container: Container, allowedAt: string | undefined): boolean {
  if (allowedAt === undefined || isLeaving(container)) return false;
  const ready = findCondition(container.status?.conditions, "Ready");
  if (ready === undefined) return true;
  const sinceMs = Date.parse(ready.lastTransitionTime) - Date.parse(allowedAt);
  // Both are in whole seconds: one that became Ready in the same second may have done so before. What is not Ready is
  // not counted as such anyway, however long it takes to be back.
  return ready.status === "True" ? sinceMs <= 0 : sinceMs < 0;
}

function statusOf(
  { spec, status, metadata: { generation } }: DisruptionBudget,
  { expected, healthy }: { readonly expected: number; readonly healthy: number },
  now: Date,
): DisruptionBudgetStatus {
  const desired = desiredHealthy(spec, expected);
  // A budget that selects nothing allows nothing: whom it selects first may not be counted yet.
  const allowed = expected === 0 ? 0 : Math.max(0, healthy - desired);
  const asOf = generation === undefined ? {} : { observedGeneration: generation };
  const draft =
    allowed > 0
      ? ({ status: "True", reason: "SufficientContainers" } as const)
      : ({ status: "False", reason: "InsufficientContainers" } as const);
  const condition = { type: "DisruptionAllowed", ...draft, message: "", ...asOf };
  return {
    ...asOf,
    expectedContainers: expected,
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: allowed,
    conditions: [...setCondition(status?.conditions, condition, now)],
  };
}

function desiredHealthy({ minAvailable, maxUnavailable }: DisruptionBudgetSpec, expected: number): number {
  if (maxUnavailable !== undefined) return Math.max(0, expected - scaled(maxUnavailable, expected));
  return scaled(minAvailable ?? 0, expected);
}

/** A percentage is rounded up. Source: GetScaledValueFromIntOrPercent in apimachinery/pkg/util/intstr. */
function scaled(value: number | string, of: number): number {
  return typeof value === "number" ? value : Math.ceil((Number(value.replace("%", "")) * of) / 100);
}
