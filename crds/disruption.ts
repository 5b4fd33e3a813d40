/**
 * What becomes of Containers when somebody wants their Host empty: which may move, and which of them DisruptionBudgets
 * watch over. Pure.
 */
import type { Container } from "./container.ts";
import type { DisruptionBudget } from "./disruption-budget.ts";
import { matches } from "./selector.ts";

/**
 * A budget waits this long for one that was allowed to go to begin with it; then it counts it as staying. Source:
 * DeletionTimeout in kubernetes/pkg/controller/disruption/disruption.go.
 */
export const disruptionTimeoutMs = 2 * 60_000;

/** Whether it has had its run: it takes no room on its Host, and nobody waits for it to leave. */
export const hasEnded = ({ status }: Pick<Container, "status">): boolean =>
  status?.phase === "Succeeded" || status?.phase === "Failed";

/** Whether its condition Ready is True. */
export const isReady = ({ status }: Pick<Container, "status">): boolean =>
  status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;

/** Whether it is on its way off its Host. */
export const isLeaving = ({ metadata, status }: Pick<Container, "metadata" | "status">): boolean =>
  metadata.deletionTimestamp !== undefined || status?.eviction !== undefined;

/** Whether it may be started anew: what must not run twice may not, once it has run. */
export const mayRunAgain = ({ spec, status }: Pick<Container, "spec" | "status">): boolean =>
  spec.restartPolicy !== "Never" || status?.startedAt === undefined;

/** Why a Container cannot go on elsewhere; undefined where it can. */
export function whyStays(container: Pick<Container, "spec" | "status">): string | undefined {
  const { spec } = container;
  if (!mayRunAgain(container)) return "its restartPolicy is Never, and it has been started";
  if (spec.placement?.hostName !== undefined) return "its placement names this Host";
  if (hasDataThere(container)) return "its data is in a volume of this Host";
  return undefined;
}

/** Whether it would find its volumes empty on any other Host. */
export const hasDataThere = ({ spec }: Pick<Container, "spec">): boolean =>
  (spec.volumes ?? []).some(({ dockerVolume }) => dockerVolume !== undefined && isLocal(dockerVolume.driver));

const isLocal = (driver: string | undefined): boolean => driver === undefined || driver === "local";

/**
 * Whether budgets are asked before it goes: they are not where nothing runs, or where it goes already. Source:
 * canIgnorePDB in kubernetes/pkg/registry/core/pod/storage/eviction.go.
 */
export function isGuarded(container: Pick<Container, "metadata" | "status">): boolean {
  const { phase } = container.status ?? {};
  return !isLeaving(container) && (phase === "Running" || phase === "Paused" || phase === "Unknown");
}

/** Those of a Container. One whose selector is empty selects all of its namespace. */
export function budgetsOf(
  { metadata }: Pick<Container, "metadata">,
  budgets: Iterable<DisruptionBudget>,
): readonly DisruptionBudget[] {
  return [...budgets].filter(
    (budget) =>
      budget.metadata.namespace === metadata.namespace && matches(budget.spec.selector, metadata.labels ?? {}),
  );
}
