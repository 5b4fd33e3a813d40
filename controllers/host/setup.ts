import type { Client } from "../../api/client/client.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { hosts as hostType } from "../../crds/host.ts";
import type { HostFeed } from "../../drivers/host-feed.ts";
import type { DriverPool } from "../../drivers/pool.ts";
import { disposeOnAbort } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, EventRecorder, Informers } from "../runtime/reconciler.ts";
import { HostReconciler, byHost } from "./reconciler.ts";

export interface HostControllerOptions {
  readonly client: Pick<Client, "get" | "patch" | "updateStatus">;
  readonly informers: Informers;
  readonly drivers: Pick<DriverPool, "ensure" | "remove">;
  readonly feed: HostFeed;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** One that does not answer keeps a worker for as long as it is given to answer. */
const workers = 16;

/**
 * Keeps a connection to each Host and tells the feed what is heard over it. Woken by changes of the desired state, by
 * its own listening (found, lost, something changed), and by a timer for the heartbeat.
 */
export function hostController(options: HostControllerOptions): ControllerDefinition {
  const { informers } = options;
  const hosts = informers.for<Host>(hostType);
  const containers = informers.for<Container>(containerType, {
    [byHost]: ({ status }) => (status?.hostName === undefined ? [] : [status.hostName]),
  });
  const reconciler = new HostReconciler({ ...options, hosts, containers });

  return {
    name: "host",
    workers,
    reconciler,
    start(wake, signal) {
      reconciler.start(wake, signal);
      const subscriptions = [
        hosts.onChange((old, next) => {
          const either = next ?? old;
          if (either !== undefined && desiredOf(old) !== desiredOf(next)) wake(either.metadata.name);
        }),
        containers.onChange((old, next) => {
          if (old?.status?.hostName === next?.status?.hostName) return;
          for (const name of next?.status?.formerHosts ?? [])
            if (name !== next?.status?.hostName) reconciler.recount(name);
        }),
        // A Host that is being deleted waits for the last of them.
        containers.onChange((old, next) => {
          const hostName = old?.status?.hostName;
          if (next !== undefined || hostName === undefined) return;
          if (hosts.get(hostName)?.metadata.deletionTimestamp !== undefined) wake(hostName);
        }),
      ];
      disposeOnAbort(signal, subscriptions);
    },
  };
}

/** What of an object can make us act; the rest of its changes are our own status. */
function desiredOf(host: Host | undefined): string {
  if (host === undefined) return "";
  const { uid, generation, deletionTimestamp } = host.metadata;
  return JSON.stringify([uid, generation, deletionTimestamp]);
}
