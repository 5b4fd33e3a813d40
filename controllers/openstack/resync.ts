/** When an object is compared with its cloud again though nothing told of a change. */
import { durationMs } from "../../crds/duration.ts";
import type { AnyExternal } from "./actuator.ts";
import { isTerminal } from "./status.ts";

/** Source of the spread: k-orc, enhancements/drift-detection.md. */
export const jitter = 0.2;

/**
 * Milliseconds until `object` is to be compared again, 0 where that is due; undefined where it never is: its period is
 * 0, or asking again cannot help. The same object gets the same part of the spread each time, from its uid. What a
 * creation that was never answered may make late is looked for once, whatever the period.
 */
export function resyncInMs(object: AnyExternal, defaultMs: number, now: Date): number | undefined {
  if (isTerminal(object)) return undefined;
  const { unansweredUntil } = object.status ?? {};
  const lateInMs = unansweredUntil === undefined ? undefined : Math.max(0, Date.parse(unansweredUntil) - now.getTime());
  const inMs = periodicInMs(object, defaultMs, now);
  return inMs === undefined || lateInMs === undefined ? (inMs ?? lateInMs) : Math.min(inMs, lateInMs);
}

function periodicInMs(object: AnyExternal, defaultMs: number, now: Date): number | undefined {
  const period = periodMs(object, defaultMs);
  if (period <= 0) return undefined;
  const last = object.status?.lastSyncTime;
  if (last === undefined) return 0;
  const due = Date.parse(last) + period * (1 + jitter * shareOf(object.metadata.uid));
  return Math.max(0, due - now.getTime());
}

/** Nobody's cloud is asked more often, whatever an object says. */
const shortestPeriodMs = 500;

/** How often it is compared, in ms; 0 never. */
function periodMs({ spec: { resyncPeriod } }: Pick<AnyExternal, "spec">, defaultMs: number): number {
  const period = resyncPeriod === undefined ? defaultMs : (durationMs(resyncPeriod) ?? defaultMs);
  return period <= 0 ? 0 : Math.max(period, shortestPeriodMs);
}

/** How soon what is not there yet is looked for again, in ms: at least as often as what is there. */
export function importPollMs(object: Pick<AnyExternal, "spec">, defaultMs: number, longestMs: number): number {
  const period = periodMs(object, defaultMs);
  return period <= 0 ? longestMs : Math.min(period, longestMs);
}

/** From 0 up to 1, evenly spread over uids: FNV-1a. */
function shareOf(uid: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < uid.length; at++) hash = Math.imul(hash ^ uid.charCodeAt(at), 0x01000193) >>> 0;
  return hash / 2 ** 32;
}
