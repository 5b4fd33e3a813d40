/**
 * When what keeps ending is started again. Pure. The rule is kubelet's: at once, then after 10 s, doubling to 5 min, and
 * from the beginning after a good run (doBackOff in kubernetes/pkg/kubelet/kuberuntime/kuberuntime_manager.go, hasExpired in
 * k8s.io/client-go/util/flowcontrol/backoff.go).
 *
 * The first restarts are the host's own: it does them while we are away, too, and with delays of less than a second.
 * Where the container then ends again soon, its host is told to leave it alone, and we start it at its time, until a run
 * was good.
 */
import type { ContainerStatus } from "../../crds/container.ts";
import { formatTime } from "../../crds/meta.ts";
import type { Observed } from "../../drivers/driver.ts";
import { exponentialBackoff } from "../runtime/backoff.ts";

export type Backoff = NonNullable<ContainerStatus["backoff"]>;

/** What a status remembers of earlier runs. */
export type Past = Pick<ContainerStatus, "containerID" | "startedAt" | "finishedAt" | "backoff" | "condemned">;

/** Twice the longest delay. */
const goodRunMs = 600_000;
const delays = exponentialBackoff({ baseMs: 10_000, maxMs: 300_000 });

/** Times in a status have whole seconds: rounded up, so that nothing starts early. */
const roundingMs = 999;

/** The word for it, as kubectl shows it. */
export const crashLoop = "CrashLoopBackOff";

/** Milliseconds between the end of a run and the next, after so many restarts in a row. */
export const delayMs = ({ restarts }: Backoff): number => delays.after(restarts);

/** `back-off 40s restarting failed container`: kubelet's words. */
export const backoffMessage = (backoff: Backoff, what: string): string =>
  `back-off ${formatGo(delayMs(backoff) / 1000)} restarting failed ${what}`;

/** As Go formats a duration of whole seconds. */
const formatGo = (seconds: number): string =>
  seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;

/**
 * The backoff that a container is in; undefined while its host restarts it by itself. Whoever starts it by hand, or
 * stops it, is not told to wait. `ours`: its host never restarts it.
 */
export function backoffOf(past: Past, keep: Observed | undefined, now: Date, ours = false): Backoff | undefined {
  if (keep === undefined || past.containerID !== containerID(keep)) return undefined;
  const counted = countRun(past, keep, ours);
  if (counted === undefined) return undefined;
  const { restarts } = counted;
  if (keep.state === "exited") return { restarts, until: untilOf(counted, now) };
  return isRunning(keep) && runsWellInMs(keep, now) === 0 ? undefined : { restarts };
}

/** Milliseconds until the present run counts as a good one. The host's clock may differ from ours: then it comes sooner or later. */
export function runsWellInMs({ startedAt }: Observed, now: Date): number {
  return startedAt === undefined ? goodRunMs : Math.max(0, Date.parse(startedAt) + goodRunMs - now.getTime());
}

/** Milliseconds until a container that has ended may be started again. A clock that was set back does not keep it waiting. */
export function waitMs(backoff: Backoff | undefined, now: Date): number {
  if (backoff?.until === undefined) return 0;
  const left = Date.parse(backoff.until) - now.getTime();
  return left > delayMs(backoff) + roundingMs ? 0 : Math.max(0, left);
}

export const containerID = (keep: Pick<Observed, "id">): string => `docker://${keep.id}`;

export const isRunning = (keep: Observed): boolean => keep.state === "running" || keep.state === "paused";

/** The backoff before, with one restart more where a run has begun since it was written down. */
function countRun(past: Past, keep: Observed, ours: boolean): Backoff | undefined {
  const { startedAt: began, backoff } = past;
  if (keep.startedAt === undefined || began === undefined || began === keep.startedAt) {
    if (backoff !== undefined) return backoff;
    const again = keep.state === "restarting" && keep.restarts > 1;
    return again && isShort(keep.startedAt, keep.finishedAt) ? { restarts: 1 } : undefined;
  }
  const condemned = past.condemned?.startedAt === began;
  if (backoff === undefined && !condemned && !ours && keep.restarts === 0) return undefined;
  // The host shows when the run before ended only while the next one runs.
  const ended = past.finishedAt ?? (isRunning(keep) ? keep.finishedAt : keep.startedAt);
  if (isShort(began, ended)) return { restarts: (backoff?.restarts ?? 0) + 1 };
  return condemned || ours ? { restarts: 1 } : undefined;
}

function isShort(startedAt: string | undefined, finishedAt: string | undefined): boolean {
  if (startedAt === undefined || finishedAt === undefined) return false;
  return Date.parse(finishedAt) - Date.parse(startedAt) < goodRunMs;
}

function untilOf(backoff: Backoff, now: Date): string {
  return backoff.until ?? formatTime(new Date(now.getTime() + delayMs(backoff) + roundingMs));
}
