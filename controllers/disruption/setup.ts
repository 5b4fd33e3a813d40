import type { Client } from "../../api/client/client.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { DisruptionBudget } from "../../crds/disruption-budget.ts";
import { disruptionBudgets as budgetType } from "../../crds/disruption-budget.ts";
import { budgetsOf, hasEnded, isReady } from "../../crds/disruption.ts";
import { disposeOnAbort } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, EventRecorder, Informers } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import { byNamespace, DisruptionReconciler } from "./reconciler.ts";

export interface DisruptionControllerOptions {
  readonly client: Pick<Client, "updateStatus">;
  readonly informers: Informers;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

const workers = 4;

/** Keeps the status of DisruptionBudgets. Woken by them, and by Containers that come, go, or change what counts of them. */
export function disruptionController({
  client,
  informers,
  events,
  clock,
}: DisruptionControllerOptions): ControllerDefinition {
  const namespaceOf = ({ metadata }: Pick<Container, "metadata">): readonly string[] => [metadata.namespace ?? ""];
  const containers = informers.for<Container>(containerType, { [byNamespace]: namespaceOf });
  const budgets = informers.for<DisruptionBudget>(budgetType, { [byNamespace]: namespaceOf });
  return {
    name: "disruption",
    workers,
    reconciler: new DisruptionReconciler({ client, budgets, containers, events, clock }),
    start(wake, signal) {
      const wakeThoseOf = (container: Container): void => {
        const near = budgets.byIndex(byNamespace, container.metadata.namespace ?? "");
        for (const budget of budgetsOf(container, near)) wake(keyOf(budget));
      };
      const subscriptions = [
        budgets.onChange((_old, next) => {
          if (next !== undefined) wake(keyOf(next));
        }),
        containers.onChange((old, next) => {
          if (countedOf(old) === countedOf(next)) return;
          if (old !== undefined) wakeThoseOf(old);
          if (next !== undefined) wakeThoseOf(next);
        }),
      ];
      disposeOnAbort(signal, subscriptions);
    },
  };
}

/** What of a Container a budget counts. */
function countedOf(container: Container | undefined): string {
  if (container === undefined) return "";
  const { metadata, spec, status } = container;
  const { labels, deletionTimestamp } = metadata;
  const leaving = status?.eviction !== undefined;
  return JSON.stringify([labels, deletionTimestamp, spec.runState, hasEnded(container), isReady(container), leaving]);
}
