import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { Container } from "../../crds/container.ts";
import type { DisruptionBudget } from "../../crds/disruption-budget.ts";
import { disruptionBudgets as budgetType } from "../../crds/disruption-budget.ts";
import { matches } from "../../crds/selector.ts";
import type { Clock } from "../../process/clock.ts";
import type { Cache, EventRecorder, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { settled } from "../runtime/reconciler.ts";
import { count } from "./plan.ts";

/** Index of Containers by their namespace. */
export const byNamespace = "disruption/namespace";

export interface DisruptionReconcilerOptions {
  readonly client: Pick<Client, "updateStatus">;
  readonly budgets: Cache<DisruptionBudget>;
  readonly containers: Cache<Container>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/**
 * Says in the status of one DisruptionBudget how many of its Containers may go. Whoever lets one go takes the count down
 * first, on top of the version that this wrote (api/client/evict.ts): so the two never count past each other.
 */
export class DisruptionReconciler implements Reconciler {
  readonly #options: DisruptionReconcilerOptions;

  constructor(options: DisruptionReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: Key): Promise<Outcome> {
    const { budgets, containers, clock } = this.#options;
    const budget = budgets.get(key);
    if (budget === undefined) return settled();
    const selected = containers
      .byIndex(byNamespace, budget.metadata.namespace ?? "")
      .filter(({ metadata }) => matches(budget.spec.selector, metadata.labels ?? {}));
    const { status, stayed, recheckAfterMs } = count(budget, selected, clock.now());
    if (!(await this.#write({ ...budget, status }, budget))) return settled(recheckAfterMs);
    for (const container of stayed) this.#tellStayed(container, key);
    return settled(recheckAfterMs);
  }

  async #write(next: DisruptionBudget, budget: DisruptionBudget): Promise<boolean> {
    if (isDeepStrictEqual(next.status, budget.status)) return false;
    try {
      await this.#options.client.updateStatus<DisruptionBudget>(budgetType, next);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #tellStayed(container: Container, key: Key): void {
    const message = `DisruptionBudget "${key}" let it go, and it has not gone: it is counted as before`;
    this.#options.events.event(container, "Warning", "NotEvicted", message);
  }
}
