import { orAborted } from "./abort.ts";

/** Time, as an argument: tests pass a fake one. */
export interface Clock {
  now(): Date;
  /** Calls `fn` once after `ms` milliseconds unless disposed of before. */
  after(ms: number, fn: () => void): Disposable;
}

/** Node counts a timer's milliseconds in 31 bits and fires longer ones at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => new Date(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      timer = setTimeout(
        () => {
          if (left > longestTimerMs) arm(left - longestTimerMs);
          else fn();
        },
        Math.min(left, longestTimerMs),
      );
    };
    arm(ms);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer);
      },
    };
  },
};

/** Resolves to true after `ms` milliseconds, to false as soon as `signal` aborts. Never rejects. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    });
    const stop = (): void => {
      timer[Symbol.dispose]();
      resolve(false);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** What `work` gives, or undefined when that takes longer than `ms` milliseconds; it is then left to itself. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | undefined> {
  const late = new AbortController();
  const timer = clock.after(ms, () => {
    late.abort();
  });
  return orAborted(work, late.signal).finally(() => {
    timer[Symbol.dispose]();
  });
}

/** A signal that aborts after `ms` milliseconds, or when `outer` does; disposing of it stops the count. */
export function timeLimit(clock: Clock, ms: number, outer: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const late = new AbortController();
  const timer = clock.after(ms, () => {
    late.abort();
  });
  return {
    signal: AbortSignal.any([late.signal, outer]),
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]();
    },
  };
}
