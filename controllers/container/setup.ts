import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../api/client/client.ts";
import { isConflict, isNotFound } from "../../api/status.ts";
import { resizePending } from "../../crds/allocation.ts";
import type { Container } from "../../crds/container.ts";
import { containers as containerType } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { hosts as hostType } from "../../crds/host.ts";
import { configMapType, secretType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { formatTime } from "../../crds/meta.ts";
import type { OwnedContainer } from "../../drivers/driver.ts";
import type { HostFeed, HostNews } from "../../drivers/host-feed.ts";
import type { DriverPool } from "../../drivers/pool.ts";
import { findCondition } from "../runtime/conditions.ts";
import { disposeOnAbort } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import type { ControllerDefinition, EventRecorder, Informers, Key } from "../runtime/reconciler.ts";
import { keyOf, keyOfOwner } from "../runtime/reconciler.ts";
import { adoptedID } from "./adoption.ts";
import { showsItself, sourcesOf } from "./inputs/inputs.ts";
import { Lookup } from "./inputs/lookup.ts";
import type { ConfigMap, Secret, SourceKind } from "./inputs/objects.ts";
import { Inventory } from "./inventory.ts";
import { leftovers } from "./leftovers.ts";
import { isLimited, overfull } from "./overfull.ts";
import { Prober } from "./prober/prober.ts";
import { byAdopted, ContainerReconciler } from "./reconciler.ts";
import { outOfStep } from "./relist.ts";

export interface ContainerControllerOptions {
  readonly client: Pick<Client, "get" | "patch" | "updateStatus">;
  readonly informers: Informers;
  readonly drivers: Pick<DriverPool, "get">;
  readonly feed: HostFeed;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Of the digests of what Containers use: the same for as long as the store lives, and known to no host. */
  readonly digestKey: Uint8Array;
}

/** They wait for hosts, which bound themselves how much they do at once: a slow stop must not keep others waiting. */
const workers = 128;

const byHost = "container/hostName";
const byFormerHost = "container/formerHosts";
const bySource = "container/source";
const byPullSecret = "container/pullSecret";
const sourceId = (kind: SourceKind, namespace: string, name: string): string => `${kind} ${namespace}/${name}`;

/**
 * Keeps every bound Container as asked. Woken by changes of the desired state, by news from the hosts (HostFeed), by
 * changes of the ConfigMaps and Secrets that it uses or is pulled with, and when a Host becomes ready or is lost.
 */
export function containerController(options: ContainerControllerOptions): ControllerDefinition {
  const { client, informers, drivers, feed, events, clock, random, log, digestKey } = options;
  const containers = informers.for<Container>(containerType, {
    [byHost]: ({ status }) => (status?.hostName === undefined ? [] : [status.hostName]),
    [byFormerHost]: ({ status }) => status?.formerHosts ?? [],
    [bySource]: (container) => sourcesOf(container).map(({ kind, namespace, name }) => sourceId(kind, namespace, name)),
    [byPullSecret]: ({ metadata: { namespace = "" }, spec }) =>
      (spec.imagePullSecrets ?? []).map(({ name }) => `${namespace}/${name}`),
    [byAdopted]: (container) => [adoptedID(container)].filter((id) => id !== undefined),
  });
  const hosts = informers.for<Host>(hostType);
  const configMaps = informers.for<ConfigMap>(configMapType);
  const secrets = informers.for<Secret>(secretType);
  const lookup = new Lookup({ client, configMaps, secrets, digestKey, clock });
  const prober = new Prober({ clock, events, random });
  const inventory = new Inventory();
  const reconciler = new ContainerReconciler({
    client,
    containers,
    hosts,
    drivers,
    inventory,
    lookup,
    events,
    clock,
    random,
    prober,
  });
  /** A host that does not answer now is listed again. */
  const sweep = async (hostName: string, found: readonly OwnedContainer[], signal: AbortSignal): Promise<void> => {
    const driver = drivers.get(hostName);
    if (driver === undefined) return;
    try {
      const names = leftovers(hostName, await driver.volumes(signal), found, containers);
      if (names.length > 0) await driver.removeVolumes(names, signal);
    } catch (error) {
      if (!signal.aborted)
        log.warn("Cannot look for volumes without containers", { hostName, error: describeError(error) });
    }
  };
  /** One that changes meanwhile is looked at again the next time. */
  const evict = async (container: Container, message: string): Promise<void> => {
    const eviction = { reason: "Evicted", message, requestedAt: formatTime(clock.now()) };
    const next: Container = { ...container, status: { ...container.status, eviction } };
    try {
      await client.updateStatus<Container>(containerType, next);
      events.event(container, "Warning", eviction.reason, message);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  };
  const measuring = new Set<string>();
  /** As often as a host is listed, which is once in a minute: it counts every file for this. */
  const measure = async (hostName: string, signal: AbortSignal): Promise<void> => {
    const driver = drivers.get(hostName);
    if (driver === undefined || measuring.has(hostName)) return;
    if (!containers.byIndex(byHost, hostName).some(isLimited)) return;
    measuring.add(hostName);
    try {
      const usage = await driver.volumeUsage(signal);
      for (const container of containers.byIndex(byHost, hostName)) {
        const message = overfull(container, usage);
        if (message !== undefined) await evict(container, message);
      }
    } catch (error) {
      if (!signal.aborted) log.warn("Cannot tell how full volumes are", { hostName, error: describeError(error) });
    } finally {
      measuring.delete(hostName);
    }
  };

  return {
    name: "container",
    workers,
    reconciler,
    start(wake, signal) {
      const wakeAll = (hostName: string): void => {
        for (const container of containers.byIndex(byHost, hostName)) wake(keyOf(container));
      };
      const look = (key: Key): void => {
        if (!reconciler.absorb(key)) wake(key);
      };
      prober.listen(look);
      const hear = (news: HostNews): void => {
        inventory.hear(news);
        switch (news.kind) {
          case "changed":
            look(keyOfOwner(news.owner));
            return;
          case "listening":
            wakeAll(news.hostName);
            return;
          case "listed":
            for (const key of outOfStep(containers.byIndex(byHost, news.hostName), news.found)) look(key);
            void sweep(news.hostName, news.found, signal);
            void measure(news.hostName, signal);
        }
      };
      const wakeUsers = (kind: SourceKind, { metadata }: KubeObject): void => {
        const { namespace = "", name } = metadata;
        for (const container of containers.byIndex(bySource, sourceId(kind, namespace, name))) wake(keyOf(container));
      };
      const subscriptions = [
        containers.onChange((old, next) => {
          const either = next ?? old;
          if (either === undefined || desiredOf(old) === desiredOf(next)) return;
          reconciler.supersede(keyOf(either));
          wake(keyOf(either));
        }),
        hosts.onChange((old, next) => {
          const either = next ?? old;
          if (either === undefined || isReady(old) === isReady(next)) return;
          wakeAll(either.metadata.name);
          for (const container of containers.byIndex(byFormerHost, either.metadata.name)) wake(keyOf(container));
        }),
        configMaps.onChange((old, next) => {
          const either = next ?? old;
          if (either !== undefined) wakeUsers("ConfigMap", either);
        }),
        secrets.onChange((old, next) => {
          const either = next ?? old;
          if (either === undefined) return;
          wakeUsers("Secret", either);
          if (isDeepStrictEqual(old?.data, next?.data)) return;
          for (const container of containers.byIndex(byPullSecret, keyOf(either)))
            if (reconciler.pullAnew(keyOf(container))) wake(keyOf(container));
        }),
        feed.listen(hear),
        prober,
      ];
      disposeOnAbort(signal, subscriptions);
    },
  };
}

/** What of an object can make us act; the rest of its changes are mostly our own status. */
function desiredOf(container: Container | undefined): string {
  if (container === undefined) return "";
  const { uid, generation, deletionTimestamp, labels, annotations } = container.metadata;
  const { hostName, eviction, formerHosts, allocatedResources, cpuset, devices, conditions } = container.status ?? {};
  const shown = showsItself(container.spec) ? [labels, annotations] : [adoptedID(container)];
  const given = [allocatedResources, cpuset, devices, findCondition(conditions, resizePending)?.message];
  return JSON.stringify([uid, generation, deletionTimestamp, hostName, eviction, formerHosts, ...given, ...shown]);
}

/** undefined where there is no Host: its going wakes what was bound to it, too. */
const isReady = (host: Host | undefined): boolean | undefined =>
  host && findCondition(host.status?.conditions, "Ready")?.status === "True";
