/** What a store needs of time: expiry, backoff and bounded waits. */
export interface StoreClock {
  now(): Date;
  /** Calls `fn` once after `ms` milliseconds (less than 2^31) unless disposed of before. */
  after(ms: number, fn: () => void): Disposable;
}

export const systemClock: StoreClock = {
  now: () => new Date(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return {
      [Symbol.dispose]() {
        clearTimeout(timer);
      },
    };
  },
};

/** Resolves after `ms` milliseconds, or at once when `signal` aborts. */
export function delay(clock: StoreClock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = clock.after(ms, finish);
    signal.addEventListener("abort", finish, { once: true });
  });
}

/** A signal that aborts after `ms` milliseconds, or when `outer` does; disposing of it stops the count. */
export function timeLimit(
  clock: StoreClock,
  ms: number,
  outer: AbortSignal,
): Disposable & { readonly signal: AbortSignal } {
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
