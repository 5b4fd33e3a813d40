import { HostUnreachableError } from "../../drivers/driver.ts";
import { childOf } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";

export interface Patience {
  /** A host that says nothing for so long does not answer. */
  readonly silenceMs: number;
  /** One that answers is given so long for what it is asked. */
  readonly workMs: number;
}

/** Made once: a DOMException for each probe of each host is what an idle server spent most of its own time on. */
const over = new Error("The work is over");

/** In how many parts silence is counted. */
const parts = 4;

/**
 * What `work` gives; its signal aborts with HostUnreachableError when the host is silent for too long, or takes too long.
 * While `work` goes on the host is asked, by `ping`, whether it is there: one that is busy is slow to tell what it has.
 * Only time in which this process could hear an answer counts, to a quarter: a process that had no turn for long finds its
 * timers due before it reads what has arrived meanwhile, and would take its own absence for the host's.
 */
export async function patiently<T>(
  clock: Clock,
  { silenceMs, workMs }: Patience,
  signal: AbortSignal,
  ping: (limited: AbortSignal) => Promise<void>,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  using limited = childOf(signal);
  const partMs = silenceMs / parts;
  let [silent, all, asking] = [0, 0, false];
  let timer: Disposable | undefined;
  const ask = async (): Promise<void> => {
    asking = true;
    try {
      await ping(limited.signal);
      silent = 0;
    } catch {
      // It said nothing: that is what is counted. Why it does not answer is for `work` to say.
    }
    asking = false;
  };
  const giveUp = (message: string): void => {
    limited.abort(new HostUnreachableError(message));
  };
  const tick = (): void => {
    silent++;
    all++;
    if (silent === parts) giveUp(`The host did not answer within ${silenceMs / 1000} s`);
    else if (all * partMs >= workMs) giveUp(`The host did not say within ${workMs / 1000} s what it has`);
    else {
      timer = clock.after(partMs, tick);
      if (!asking) void ask();
    }
  };
  timer = clock.after(partMs, tick);
  try {
    return await work(limited.signal);
  } finally {
    timer[Symbol.dispose]();
    limited.abort(over);
  }
}
