import type { Client } from "../../api/client/client.ts";
import { allotmentOf, isResizePending } from "../../crds/allocation.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import { priorityClassType } from "../../crds/core.ts";
import { hasEnded } from "../../crds/disruption.ts";
import type { DisruptionBudget } from "../../crds/disruption-budget.ts";
import { disruptionBudgets as budgetType } from "../../crds/disruption-budget.ts";
import type { Host } from "../../crds/host.ts";
import { hosts as hostType } from "../../crds/host.ts";
import type { HostFeed } from "../../drivers/host-feed.ts";
import { findCondition } from "../runtime/conditions.ts";
import { disposeOnAbort } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, EventRecorder, Informers, Wake } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import { violating } from "./budgets.ts";
import { Ledger } from "./ledger.ts";
import type { PriorityClass } from "./priority.ts";
import { SchedulerReconciler } from "./reconciler.ts";
import type { Tenancy, Want } from "./want.ts";

export interface SchedulerControllerOptions {
  readonly client: Pick<Client, "updateStatus">;
  readonly informers: Informers;
  readonly feed: HostFeed;
  /** Of Containers that say nothing about it. */
  readonly tenancy: Tenancy;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

const byNamespace = "scheduler/namespace";

/** They wait for the store, which takes what comes meanwhile in one go. */
const workers = 16;

/**
 * Binds Containers that have no Host, those of more priority first. Woken by them, and for all that could not be placed
 * by whatever may let them: a Host that changed, a bound Container that went or takes less, or one that others want near.
 */
export function schedulerController(options: SchedulerControllerOptions): ControllerDefinition {
  const { client, informers, feed, tenancy, events, clock } = options;
  const containers = informers.for<Container>(containerType);
  const hosts = informers.for<Host>(hostType);
  const priorityClasses = informers.for<PriorityClass>(priorityClassType);
  const budgets = informers.for<DisruptionBudget>(budgetType, {
    [byNamespace]: ({ metadata }) => [metadata.namespace ?? ""],
  });
  const ledger = new Ledger(tenancy);
  const reconciler = new SchedulerReconciler({
    ...{ client, containers, priorityClasses, ledger, tenancy, events, clock },
    violating: (keys) =>
      violating(
        keys.flatMap((key) => containers.get(key) ?? []),
        (namespace) => budgets.byIndex(byNamespace, namespace),
      ),
    onRoom: () => {
      wakeRefused();
    },
  });
  let wakeUp: Wake = () => undefined;
  const wakeRefused = (those: (want: Want) => boolean = () => true): void => {
    for (const [key, want] of reconciler.refused) if (those(want)) wakeUp(key);
  };

  return {
    name: "scheduler",
    workers,
    reconciler,
    priorityOf: (key) => reconciler.priorityOf(key),
    start(wake, signal) {
      wakeUp = wake;
      const subscriptions = [
        containers.onChange((old, next) => {
          if (ledger.see(old, next)) wakeRefused();
          if (next !== undefined && askOf(old) !== askOf(next)) wake(keyOf(next));
          if (roomOf(old) === roomOf(next)) return;
          if (old?.status?.hostName !== undefined) wakeRefused();
          else wakeRefused(asksForCompany);
        }),
        hosts.onChange((old, next) => {
          if (next !== undefined) ledger.putHost(next);
          else if (old !== undefined) ledger.removeHost(old.metadata.name);
          if (offerOf(old) !== offerOf(next)) wakeRefused();
        }),
        priorityClasses.onChange(() => {
          wakeRefused();
        }),
        feed.listen((news) => {
          if (news.kind === "listed") ledger.putFound(news.hostName, news.found);
        }),
      ];
      disposeOnAbort(signal, subscriptions);
    },
  };
}

/** Whether it may be placed because others are: near them, or once they are spread. */
function asksForCompany({ placement }: Want): boolean {
  return (
    placement?.topologySpreadConstraints !== undefined ||
    placement?.affinity?.containerAffinity?.requiredDuringSchedulingIgnoredDuringExecution !== undefined
  );
}

/** What of a Container makes us look at it. */
function askOf(container: Container | undefined): string {
  if (container === undefined) return "";
  const { uid, generation, deletionTimestamp, labels } = container.metadata;
  const unbound = container.status?.hostName === undefined;
  return JSON.stringify([uid, generation, deletionTimestamp, unbound, unbound && labels, isResizePending(container)]);
}

/** What of a bound Container says how much room it takes, and whom it is near. Of one that is not bound, nothing. */
function roomOf(container: Container | undefined): string {
  const { hostName, observedGeneration, eviction } = container?.status ?? {};
  if (container === undefined || hostName === undefined) return "";
  const { generation, labels, deletionTimestamp } = container.metadata;
  const leaving = deletionTimestamp !== undefined || eviction !== undefined;
  const over = hasEnded(container) && observedGeneration;
  return JSON.stringify([hostName, generation, labels, leaving, over, allotmentOf(container.status)]);
}

/** What of a Host the filters look at: all but its heartbeat and the like. */
function offerOf(host: Host | undefined): string {
  if (host === undefined) return "";
  const { metadata, spec, status } = host;
  return JSON.stringify([
    metadata.uid,
    metadata.labels,
    metadata.deletionTimestamp,
    spec,
    findCondition(status?.conditions, "Ready")?.status,
    findCondition(status?.conditions, "DiskPressure")?.status,
    status?.allocatable,
    status?.runtimes,
    status?.devices,
    status?.numa,
  ]);
}
