/**
 * Decides who leaves a Host because of its taints, or of its maintenance, and when. Pure. Named after
 * kubernetes/pkg/controller/tainteviction.
 */
import type { Container } from "../../crds/container.ts";
import { hasDataThere, hasEnded, mayRunAgain, whyStays } from "../../crds/disruption.ts";
import type { Host, Taint } from "../../crds/host.ts";
import {
  notReadyTaint,
  outOfServiceTaint,
  taintsOf,
  toleratedSeconds,
  tolerationsOf,
  unreachableTaint,
} from "../../crds/taints.ts";

export interface EvictionInput {
  /** One that is bound. */
  readonly container: Container;
  /** The Host that it is bound to; undefined where that was deleted for good. */
  readonly host: Host | undefined;
  /** Since when we can tell who is lost: Hosts that all vanish at once are our own loss, and count from its end. */
  readonly sightedSince: Date;
  readonly now: Date;
}

export type Verdict =
  | { readonly do: "stay" }
  /** Look again then. */
  | { readonly do: "wait"; readonly forMs: number }
  | ({ readonly do: "evict" } & Eviction)
  /** Ask it to leave, as far as DisruptionBudgets let it. */
  | ({ readonly do: "drain" } & Pick<Eviction, "reason" | "message">);

/** As the Container's status.eviction has it. */
export interface Eviction {
  readonly reason: string;
  readonly message: string;
  /** The Host cannot be asked: whatever is left there is removed when it is back. */
  readonly hostLost: boolean;
}

const stay: Verdict = { do: "stay" };

export function verdict({ container, host, sightedSince, now }: EvictionInput): Verdict {
  const { metadata, status: { eviction } = {} } = container;
  if (metadata.deletionTimestamp !== undefined || eviction?.hostLost === true || hasEnded(container)) return stay;
  // Who was asked to leave before its Host was lost would wait for that for ever.
  if (eviction !== undefined && host !== undefined && !isLost(host)) return stay;
  const hostName = container.status?.hostName ?? "";
  if (host === undefined) {
    const message = `Host "${hostName}" no longer exists`;
    return mayRunAgain(container) ? { do: "evict", reason: "HostGone", message, hostLost: true } : stay;
  }

  const taint = firstToAct(container, host);
  const rest = host.spec.maintenance && !isAway(host) ? maintenance(container, hostName) : stay;
  if (taint === undefined) return rest;
  const since = Math.max(Date.parse(taint.timeAdded ?? ""), sightedSince.getTime());
  const leftMs = (Number.isNaN(since) ? 0 : since) + toleratedMs(container, taint) - now.getTime();
  if (isLost(host) ? whyBound(container, host) !== undefined : hasDataThere(container)) return stay;
  if (leftMs > 0) return rest.do === "stay" ? { do: "wait", forMs: leftMs } : rest;
  const hostLost = isLost(host);
  const reason = hostLost ? "HostLost" : "TaintEviction";
  return { do: "evict", reason, message: `Host "${hostName}" has the taint ${nameOf(taint)}`, hostLost };
}

function maintenance(container: Container, hostName: string): Verdict {
  if (whyStays(container) !== undefined) return stay;
  return { do: "drain", reason: "Maintenance", message: `Host "${hostName}" is in maintenance` };
}

/** Whether the Host cannot be asked. */
export const isAway = ({ status }: Host): boolean => (status?.taints ?? []).some(({ key }) => awayBy.has(key));

/**
 * Whether it may be that nothing runs there any more. Not where we only lack its credentials: then all that runs there
 * goes on, unless people say that it does not.
 */
function isLost(host: Host): boolean {
  const byItself = host.status?.taints?.some(({ key, effect }) => awayBy.has(key) && effect === "NoExecute") === true;
  return byItself || (isAway(host) && isOutOfService(host));
}

const isOutOfService = (host: Host): boolean => taintsOf(host).some(({ key }) => key === outOfServiceTaint);

const awayBy: ReadonlySet<string> = new Set([notReadyTaint, unreachableTaint]);

/** Why a Container stays with a Host that is lost; undefined where it may run elsewhere. */
export function whyBound(container: Container, host: Host): string | undefined {
  const why = whyStays(container);
  if (why !== undefined) return why;
  if (container.spec.placement?.singleton === true && !isOutOfService(host))
    return `it may still run there, and must never run twice: taint the Host with ${outOfServiceTaint} once it is off for certain`;
  return undefined;
}

/** The NoExecute taint whose toleration ends first; undefined where all are tolerated for ever. */
function firstToAct(container: Container, host: Host): Taint | undefined {
  const ends = taintsOf(host)
    .filter(({ effect }) => effect === "NoExecute")
    .map((taint) => ({ taint, at: (Date.parse(taint.timeAdded ?? "") || 0) + toleratedMs(container, taint) }))
    .filter(({ at }) => at < Infinity)
    .sort((a, b) => a.at - b.at);
  return ends[0]?.taint;
}

const toleratedMs = (container: Container, taint: Taint): number =>
  toleratedSeconds(tolerationsOf(container), taint) * 1000;

const nameOf = ({ key, value = "" }: Taint): string => `{${key}: ${value}}`;
