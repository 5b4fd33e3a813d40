/** Whether what must go would go against DisruptionBudgets. Pure. */
import type { Container } from "../../crds/container.ts";
import type { DisruptionBudget } from "../../crds/disruption-budget.ts";
import { budgetsOf, isGuarded } from "../../crds/disruption.ts";
import { keyOf, type Key } from "../runtime/reconciler.ts";

/**
 * Of Containers that would go together, those for whom some budget has nothing left; who comes first takes first.
 * Source: filterPodsWithPDBViolation in kubernetes/pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go.
 */
export function violating(
  leaving: readonly Container[],
  budgetsIn: (namespace: string) => readonly DisruptionBudget[],
): ReadonlySet<Key> {
  const taken = new Map<Key, number>();
  const isOver = (budget: DisruptionBudget): boolean => {
    const count = (taken.get(keyOf(budget)) ?? 0) + 1;
    taken.set(keyOf(budget), count);
    return count > (budget.status?.disruptionsAllowed ?? 0);
  };
  const over = leaving.filter(isGuarded).filter((container) => {
    const budgets = budgetsOf(container, budgetsIn(container.metadata.namespace ?? ""));
    // Those that were allowed to go already took their part.
    const asked = budgets.filter(({ status }) => status?.disruptedContainers?.[container.metadata.name] === undefined);
    return asked.map(isOver).includes(true);
  });
  return new Set(over.map(keyOf));
}
