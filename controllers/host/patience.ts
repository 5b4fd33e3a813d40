import { HostUnreachableError } from "../../drivers/driver.ts";
import { childOf } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";

/** Parts that a wait is made of. */
const parts = 4;

/**
 * What `work` gives; its signal aborts with HostUnreachableError after `ms` milliseconds. Only time in which this process
 * could hear an answer counts, to a quarter: a process that had no turn for long finds its timers due before it reads
 * what has arrived meanwhile, and would take its own absence for the host's.
 */
export async function patiently<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  using limited = childOf(signal);
  let timer: Disposable | undefined;
  const wait = (left: number): void => {
    timer = clock.after(ms / parts, () => {
      if (left > 1) wait(left - 1);
      else limited.abort(new HostUnreachableError(`The host did not answer within ${ms / 1000} s`));
    });
  };
  wait(parts);
  try {
    return await work(limited.signal);
  } finally {
    timer?.[Symbol.dispose]();
  }
}
