import type { Client } from "../../api/client/client.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { hosts as hostType } from "../../crds/host.ts";
import type { HostFeed } from "../../drivers/host-feed.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, EventRecorder, Informers, Key } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import { Ledger } from "./ledger.ts";
import { SchedulerReconciler } from "./reconciler.ts";

export interface SchedulerControllerOptions {
  readonly client: Pick<Client, "updateStatus">;
  readonly informers: Informers;
  readonly feed: HostFeed;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/**
 * Binds Containers that have no Host yet. Woken by them, and for all that could not be placed by whatever may make
 * room: a Host that changed, a bound Container that went or takes less.
 */
export function schedulerController(options: SchedulerControllerOptions): ControllerDefinition {
  const { client, informers, feed, events, clock } = options;
  const containers = informers.for<Container>(containerType);
  const hosts = informers.for<Host>(hostType);
  const ledger = new Ledger();
  const unbound = new Set<Key>();

  return {
    name: "scheduler",
    workers: 1,
    reconciler: new SchedulerReconciler({ client, containers, ledger, events, clock }),
    start(wake, signal) {
      const wakeUnbound = (): void => {
        for (const key of unbound) wake(key);
      };
      const subscriptions = [
        containers.onChange((old, next) => {
          ledger.see(old, next);
          if (old !== undefined && next === undefined) unbound.delete(keyOf(old));
          if (next !== undefined) {
            if (next.status?.hostName === undefined) unbound.add(keyOf(next));
            else unbound.delete(keyOf(next));
            const left = old?.status?.hostName !== undefined && next.status?.hostName === undefined;
            if (old === undefined || left || next.metadata.generation !== old.metadata.generation) wake(keyOf(next));
          }
          if (old?.status?.hostName !== undefined && roomOf(old) !== roomOf(next)) wakeUnbound();
        }),
        hosts.onChange((old, next) => {
          if (next !== undefined) ledger.putHost(next);
          else if (old !== undefined) ledger.removeHost(old.metadata.name);
          if (offerOf(old) !== offerOf(next)) wakeUnbound();
        }),
        feed.listen((news) => {
          if (news.kind !== "listed") return;
          const keys = news.found.map(({ owner }) => `${owner.namespace}/${owner.name}`);
          ledger.putFound(news.hostName, new Set(keys));
        }),
      ];
      signal.addEventListener("abort", () => {
        for (const subscription of subscriptions) subscription[Symbol.dispose]();
      });
    },
  };
}

/** What of a bound Container says how much room it takes. */
function roomOf(container: Container | undefined): string {
  if (container === undefined) return "";
  const { phase, observedGeneration } = container.status ?? {};
  const ended = phase === "Succeeded" || phase === "Failed";
  return JSON.stringify([container.metadata.generation, ended && observedGeneration]);
}

/** What of a Host the filters look at: all but its heartbeat and the like. */
function offerOf(host: Host | undefined): string {
  if (host === undefined) return "";
  const { metadata, spec, status } = host;
  const ready = findCondition(status?.conditions, "Ready")?.status;
  return JSON.stringify([
    metadata.uid,
    metadata.labels,
    metadata.deletionTimestamp,
    spec.unschedulable,
    ready,
    status?.allocatable,
    status?.runtimes,
  ]);
}
