/** Says in Host.status what is so. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Container } from "../../crds/container.ts";
import type { Host, HostStatus, Taint } from "../../crds/host.ts";
import type { Condition } from "../../crds/meta.ts";
import { formatTime } from "../../crds/meta.ts";
import { formatBytes, formatCpu, parseQuantity } from "../../crds/quantity.ts";
import { diskPressureTaint, notReadyTaint, unreachableTaint } from "../../crds/taints.ts";
import type { HostInfo, OwnedContainer, OwnedVolume } from "../../drivers/driver.ts";
import type { ConditionDraft } from "../runtime/conditions.ts";
import { findCondition, setCondition } from "../runtime/conditions.ts";
import type { Cache } from "../runtime/reconciler.ts";
import { keyOf, keyOfOwner } from "../runtime/reconciler.ts";
import { distinct, isSoonAfter, pressureOf, usedPercent } from "./disk.ts";
import type { Survey } from "./survey.ts";
import { maintenanceCondition, maintenanceType } from "./maintenance.ts";
import { shortList } from "./names.ts";

/** What a host shows of itself. */
export interface Look {
  readonly info: HostInfo;
  /** How many containers of ours it has. */
  readonly containers: number;
  /** Names on the host of those that belong to no object, sorted. */
  readonly orphans: readonly string[];
  readonly stale: readonly OwnedContainer[];
}

/** What a probe came to. */
export type Probe =
  | (Look & { readonly ready: true; readonly survey?: Survey })
  | { readonly ready: false; readonly reason: NotReadyReason; readonly message: string };

export type NotReadyReason =
  /** It does not answer, or stopped answering. */
  | "EngineUnreachable"
  /** It answers, and cannot be driven. */
  | "EngineUnsupported"
  /** Its Secret is missing or does not hold what it should, or the host does not take it. */
  | "InvalidCredentials";

export interface HostSight {
  /** With its status as last written. */
  readonly host: Host;
  readonly probe: Probe;
  /** When it answered last, of a Host that does not now; undefined where it never did since we look. */
  readonly answeredAt?: Date | undefined;
  /** What is bound to it. */
  readonly bound: readonly Container[];
  readonly now: Date;
}

/** A heartbeat alone is written this often at most. */
const heartbeatMs = 60_000;

/** The whole status; deeply equal to the one before while nothing changed and the last heartbeat is young. */
export function statusOf({ host, probe, answeredAt, bound, now }: HostSight): HostStatus {
  const { generation } = host.metadata;
  const previous = host.status ?? {};
  const asOf = generation === undefined ? {} : { observedGeneration: generation };
  const maintenance = maintenanceCondition(host, bound);
  const drafts = [
    ...probeConditions(probe),
    ...diskConditions(host, probe, now),
    ...deletionConditions(host, bound),
    ...(maintenance ? [maintenance] : []),
  ];
  const conditions = [
    ...drafts.reduce<readonly Condition[]>(
      (all, draft) => setCondition(all, { ...draft, ...asOf }, now),
      (previous.conditions ?? []).filter(({ type }) => type !== maintenanceType || maintenance !== undefined),
    ),
  ];
  // What was seen last is still the best guess at what it will be when it is back.
  if (!probe.ready)
    return { ...previous, ...asOf, taints: taintsFor(probe.reason, previous, answeredAt, now), conditions };
  const { taints: _overcome, ...before } = previous;
  const taints = findCondition(conditions, "DiskPressure")?.status === "True" ? [diskTaint(previous, now)] : [];
  const next = {
    ...before,
    ...asOf,
    ...factsOf(host, probe),
    ...surveyed(probe.survey ?? {}),
    ...(taints.length > 0 ? { taints } : {}),
    conditions,
  };
  return { ...next, lastHeartbeatTime: heartbeat(previous, next, now) };
}

/** What carries our labels and should not be there. */
export interface Strays {
  /** Belong to no object: whether they are still wanted nobody can tell, so they are reported and left alone. */
  readonly orphans: readonly OwnedContainer[];
  /**
   * Were left behind by Containers that moved while the host did not answer, and run elsewhere by now: they are removed.
   * Only those that were created on this very Host: where two Hosts are one Engine, the other's are not strays.
   */
  readonly stale: readonly OwnedContainer[];
}

/** Not in it is what belongs to a Container that may yet be bound here. */
export function straysOf(
  hostName: string,
  found: readonly OwnedContainer[],
  containers: Pick<Cache<Container>, "get">,
): Strays {
  const kinds = Map.groupBy(found, (one): "orphan" | "stale" | "wanted" => {
    const container = containers.get(keyOfOwner(one.owner));
    if (container === undefined) return "orphan";
    const { hostName: boundTo, formerHosts = [] } = container.status ?? {};
    const goes = container.metadata.deletionTimestamp !== undefined && formerHosts.includes(hostName);
    if (boundTo === hostName || (boundTo === undefined && !goes)) return "wanted";
    return one.hostName === hostName ? "stale" : "orphan";
  });
  return { orphans: kinds.get("orphan") ?? [], stale: kinds.get("stale") ?? [] };
}

/**
 * Names of volumes that were made for containers which are not there, and whose Container is gone. Not those of this
 * Host, which its controller removes, nor of another that is the same Engine.
 */
export function orphanVolumes(
  volumes: readonly OwnedVolume[],
  found: readonly OwnedContainer[],
  containers: Pick<Cache<Container>, "get">,
  hosts: Pick<Cache<Host>, "get">,
): readonly string[] {
  const uids = new Set(found.map(({ uid }) => uid));
  return volumes
    .filter(({ uid, hostName }) => !uids.has(uid) && hosts.get(hostName) === undefined)
    .filter(({ owner, uid }) => containers.get(keyOfOwner(owner))?.metadata.uid !== uid)
    .map(({ name }) => name)
    .sort();
}

/**
 * What makes Containers leave a Host that is lost, counted from its last answer on. One that we cannot ask for want of its
 * credentials is not lost: what runs there goes on. Were it lost meanwhile, that counts from when we can ask it again.
 * Source: kubernetes/pkg/controller/nodelifecycle/node_lifecycle_controller.go.
 */
function taintsFor(reason: NotReadyReason, previous: HostStatus, answeredAt: Date | undefined, now: Date): Taint[] {
  const key = reason === "EngineUnreachable" ? unreachableTaint : notReadyTaint;
  const effect = reason === invalidCredentials ? "NoSchedule" : "NoExecute";
  const known = previous.taints?.find((taint) => taint.key === key && taint.effect === effect);
  const couldAsk = findCondition(previous.conditions, "Ready")?.reason !== invalidCredentials;
  const since = couldAsk && effect === "NoExecute" ? (answeredAt ?? now) : now;
  return [{ key, effect, timeAdded: known?.timeAdded ?? formatTime(since) }];
}

const invalidCredentials: NotReadyReason = "InvalidCredentials";

function diskTaint(previous: HostStatus, now: Date): Taint {
  const known = previous.taints?.find(({ key }) => key === diskPressureTaint);
  return { key: diskPressureTaint, effect: "NoSchedule", timeAdded: known?.timeAdded ?? formatTime(now) };
}

function factsOf(
  { spec, status }: Host,
  { info, containers, orphans, survey }: Look & { readonly survey?: Survey },
): Partial<HostStatus> {
  const disk = survey?.disks?.data.capacity ?? parseQuantity(status?.capacity?.[storage] ?? 0);
  // As kubelet does, without what makes the disk too full.
  const usableDisk = Math.floor((disk * spec.diskPressurePercent) / 100);
  const reserved = (name: string): number => parseQuantity(spec.reserved?.[name] ?? 0);
  const left = (amount: number, name: string): number => Math.max(0, amount - reserved(name));
  const known = disk > 0;
  const volumes = survey?.volumes ?? [];
  return {
    engine: { ...info.engine },
    operatingSystem: info.operatingSystem,
    kernelVersion: info.kernelVersion,
    architecture: info.architecture,
    capacity: {
      cpu: formatCpu(info.cpu),
      memory: formatBytes(info.memory),
      ...(known ? { [storage]: formatBytes(disk) } : {}),
    },
    // An Engine sets nothing aside for itself: Containers without requests share with it, unless spec.reserved says more.
    allocatable: {
      cpu: formatCpu(left(info.cpu, "cpu")),
      memory: formatBytes(left(info.memory, "memory")),
      ...(known ? { [storage]: formatBytes(left(usableDisk, storage)) } : {}),
    },
    runtimes: [...info.runtimes],
    defaultRuntime: info.defaultRuntime,
    images: info.images.map(({ names, sizeBytes }) => ({ names: [...names], sizeBytes })),
    containers,
    orphans: [...orphans, ...volumes.map((name) => `${volumePrefix}${name}`)],
  };
}

const storage = "ephemeral-storage";

/** Before the names of volumes among the orphans. */
export const volumePrefix = "volume ";

/** What nobody has looked at since we run stays as it was. */
function surveyed({ disks, hardware }: Survey): Partial<HostStatus> {
  return {
    ...(disks && {
      disks: distinct(disks).map(({ name, fs }) => ({
        name,
        capacity: formatBytes(fs.capacity),
        usedPercent: usedPercent(fs),
      })),
    }),
    ...(hardware && {
      numa: hardware.numa.map((node) => ({ ...node })),
      devices: hardware.devices.map(({ name, ids, paths }) => ({
        name,
        ids: [...ids],
        paths: Object.fromEntries(Object.entries(paths).map(([id, files]) => [id, [...files]])),
      })),
    }),
  };
}

function diskConditions({ spec }: Host, probe: Probe, now: Date): readonly ConditionDraft[] {
  if (!probe.ready || probe.survey?.disks === undefined) return [];
  const { disks, pressedAt } = probe.survey;
  const message = pressureOf(disks, spec) ?? (isSoonAfter(pressedAt, now) ? roomAgain : undefined);
  return message === undefined
    ? [{ type: "DiskPressure", status: "False", reason: "HostHasNoDiskPressure", message: "" }]
    : [{ type: "DiskPressure", status: "True", reason: "HostHasDiskPressure", message }];
}

const roomAgain = "There is room on its disk again: further Containers come once that has lasted for 5 minutes";

function heartbeat(previous: HostStatus, next: HostStatus, now: Date): string {
  const last = previous.lastHeartbeatTime;
  const young = last !== undefined && now.getTime() - Date.parse(last) < heartbeatMs;
  return young && isDeepStrictEqual(previous, { ...next, lastHeartbeatTime: last }) ? last : formatTime(now);
}

function probeConditions(probe: Probe): readonly ConditionDraft[] {
  if (probe.ready) {
    const { type, version, apiVersion } = probe.info.engine;
    const agreed = `${type} ${version} over API ${apiVersion}`;
    return [
      { type: "Ready", status: "True", reason: "EngineReachable", message: "" },
      { type: "EngineSupported", status: "True", reason: "VersionAgreed", message: agreed },
    ];
  }
  const { reason, message } = probe;
  const ready = { type: "Ready", status: "False", reason, message } as const;
  return reason === "EngineUnsupported" ? [ready, { ...ready, type: "EngineSupported" }] : [ready];
}

function deletionConditions({ metadata }: Host, bound: readonly Container[]): readonly ConditionDraft[] {
  if (metadata.deletionTimestamp === undefined || bound.length === 0) return [];
  const message = `Bound to it: ${shortList(bound.map(keyOf))}. Delete them first; for a host that will never answer again, remove this object's finalizers`;
  return [{ type: "Deletable", status: "False", reason: "ContainersBound", message }];
}
