import type { Client } from "../../api/client/client.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { hosts as hostType } from "../../crds/host.ts";
import { taintsOf } from "../../crds/taints.ts";
import { disposeOnAbort } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, EventRecorder, Informers } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
import { TaintEvictionReconciler } from "./reconciler.ts";

export interface TaintEvictionControllerOptions {
  readonly client: Pick<Client, "get" | "list" | "updateStatus">;
  readonly informers: Informers;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

const workers = 8;

const byHost = "taint-eviction/hostName";

/** Woken by Hosts whose taints or maintenance change, or that come and go, and by Containers that are bound or change. */
export function taintEvictionController(options: TaintEvictionControllerOptions): ControllerDefinition {
  const { client, informers, events, clock } = options;
  const containers = informers.for<Container>(containerType, {
    [byHost]: ({ status }) => (status?.hostName === undefined ? [] : [status.hostName]),
  });
  const hosts = informers.for<Host>(hostType);
  return {
    name: "taint-eviction",
    workers,
    reconciler: new TaintEvictionReconciler({ client, containers, hosts, events, clock }),
    start(wake, signal) {
      const wakeBound = ({ metadata }: Host): void => {
        for (const container of containers.byIndex(byHost, metadata.name)) wake(keyOf(container));
      };
      const subscriptions = [
        containers.onChange((old, next) => {
          if (next?.status?.hostName !== undefined && placeOf(old) !== placeOf(next)) wake(keyOf(next));
        }),
        hosts.onChange((old, next) => {
          const either = next ?? old;
          if (either === undefined || reasonsOf(old) === reasonsOf(next)) return;
          // The return of one may mean that it was not the others that were lost.
          for (const host of hosts.list()) if (hasTaints(host)) wakeBound(host);
          wakeBound(either);
        }),
      ];
      disposeOnAbort(signal, subscriptions);
    },
  };
}

/** What of a Container the decision is about. */
function placeOf(container: Container | undefined): string {
  const { metadata, status } = container ?? {};
  return JSON.stringify([metadata?.uid, metadata?.generation, status?.hostName]);
}

/** What of a Host makes Containers leave; undefined where there is no Host. */
const reasonsOf = (host: Host | undefined): string | undefined =>
  host && JSON.stringify([taintsOf(host), host.spec.maintenance]);

const hasTaints = (host: Host): boolean => taintsOf(host).length > 0;
