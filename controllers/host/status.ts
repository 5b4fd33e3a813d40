/** Says in Host.status what is so. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { Container } from "../../crds/container.ts";
import type { Host, HostStatus, Taint } from "../../crds/host.ts";
import type { Condition } from "../../crds/meta.ts";
import { formatTime } from "../../crds/meta.ts";
import { formatBytes, formatCpu } from "../../crds/quantity.ts";
import { notReadyTaint, unreachableTaint } from "../../crds/taints.ts";
import type { HostInfo, OwnedContainer } from "../../drivers/driver.ts";
import type { ConditionDraft } from "../runtime/conditions.ts";
import { setCondition } from "../runtime/conditions.ts";
import type { Cache } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";
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
  | (Look & { readonly ready: true })
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
  const drafts = [...probeConditions(probe), ...deletionConditions(host, bound), ...(maintenance ? [maintenance] : [])];
  const conditions = [
    ...drafts.reduce<readonly Condition[]>(
      (all, draft) => setCondition(all, { ...draft, ...asOf }, now),
      (previous.conditions ?? []).filter(({ type }) => type !== maintenanceType || maintenance !== undefined),
    ),
  ];
  // What was seen last is still the best guess at what it will be when it is back.
  if (!probe.ready)
    return { ...previous, ...asOf, taints: taintsFor(probe.reason, previous, answeredAt ?? now), conditions };
  const { taints: _overcome, ...before } = previous;
  const next = { ...before, ...asOf, ...factsOf(probe), conditions };
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
    const container = containers.get(`${one.owner.namespace}/${one.owner.name}`);
    if (container === undefined) return "orphan";
    const { hostName: boundTo, formerHosts = [] } = container.status ?? {};
    const goes = container.metadata.deletionTimestamp !== undefined && formerHosts.includes(hostName);
    if (boundTo === hostName || (boundTo === undefined && !goes)) return "wanted";
    return one.hostName === hostName ? "stale" : "orphan";
  });
  return { orphans: kinds.get("orphan") ?? [], stale: kinds.get("stale") ?? [] };
}

/**
 * What makes Containers leave a Host that is lost, counted from its last answer on.
 * Source: kubernetes/pkg/controller/nodelifecycle/node_lifecycle_controller.go.
 */
function taintsFor(reason: NotReadyReason, previous: HostStatus, since: Date): Taint[] {
  const key = reason === "EngineUnreachable" ? unreachableTaint : notReadyTaint;
  const known = previous.taints?.find((taint) => taint.key === key);
  return [{ key, effect: "NoExecute", timeAdded: known?.timeAdded ?? formatTime(since) }];
}

function factsOf({ info, containers, orphans }: Look): Partial<HostStatus> {
  const capacity = { cpu: formatCpu(info.cpu), memory: formatBytes(info.memory) };
  return {
    engine: { ...info.engine },
    operatingSystem: info.operatingSystem,
    kernelVersion: info.kernelVersion,
    architecture: info.architecture,
    capacity,
    // An Engine sets nothing aside for itself, and neither do we: Containers without requests share with it.
    allocatable: capacity,
    runtimes: [...info.runtimes],
    defaultRuntime: info.defaultRuntime,
    images: info.images.map(({ names, sizeBytes }) => ({ names: [...names], sizeBytes })),
    containers,
    orphans: [...orphans],
  };
}

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
