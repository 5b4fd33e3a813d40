/** What is kept of a step that a host refused, so that it is not asked again at once. */
import type { resizePending } from "../../crds/allocation.ts";
import type { StepErrorReason } from "../../drivers/driver.ts";
import { exponentialBackoff } from "../runtime/backoff.ts";
import type { crashLoop } from "./crash-loop.ts";

/**
 * NotConverging: the host accepts every step, and yet is not as asked afterwards. AlreadyAdopted: another Container has
 * what this one would adopt.
 */
export type RefusalReason = StepErrorReason | "NotConverging" | "AlreadyAdopted";

/** Why a Container is not as asked. */
export interface Problem {
  /** One word for conditions and Events. */
  readonly reason: RefusalReason | typeof crashLoop | typeof resizePending;
  /** One word for `get`. */
  readonly summary: string;
  /** For people: what is so, and what they can do. */
  readonly message: string;
}

export interface Failure {
  /** Of the spec that failed: another spec may be tried at once. */
  readonly generation: number | undefined;
  /** How many times in a row. */
  readonly count: number;
  readonly problem: Problem;
  readonly retryAt: Date;
}

/** kubelet's MaxContainerBackOff (kubernetes/pkg/kubelet/kubelet.go). */
const longestBackoffMs = 300_000;

/**
 * The first retry comes within half a second, because what fails once is mostly a race on the host; a registry is
 * given longer. Delays double up to five minutes, as kubelet's do.
 */
const backoff = {
  host: exponentialBackoff({ baseMs: 500, maxMs: longestBackoffMs }),
  registry: exponentialBackoff({ baseMs: 2_000, maxMs: longestBackoffMs }),
};

export function nextFailure(
  previous: Failure | undefined,
  refused: { readonly reason: RefusalReason; readonly message: string },
  generation: number | undefined,
  now: Date,
): Failure {
  const again = previous?.generation === generation && previous?.problem.reason === refused.reason;
  const count = again ? previous.count + 1 : 1;
  return {
    generation,
    count,
    problem: { ...refused, summary: summaryOf(refused.reason, count) },
    retryAt: new Date(now.getTime() + backoff[refused.reason === "ErrImagePull" ? "registry" : "host"].after(count)),
  };
}

/** Milliseconds until it may be tried again, 0 when it may be now. A clock that was set back does not keep it waiting. */
export function retryAfterMs({ retryAt }: Failure, now: Date): number {
  const left = retryAt.getTime() - now.getTime();
  return left > longestBackoffMs ? 0 : Math.max(0, left);
}

/** The words of `kubectl get pods`. Source: kubernetes/pkg/kubelet/images/types.go and container/sync_result.go. */
const words: Partial<Record<RefusalReason, string>> = {
  StartError: "RunContainerError",
  HostPortConflict: "RunContainerError",
  UnknownRuntime: "CreateContainerError",
};

function summaryOf(reason: RefusalReason, count: number): string {
  if (reason === "ErrImagePull" && count > 1) return "ImagePullBackOff";
  return words[reason] ?? reason;
}
