/** Time limits and cancellation for calls that share work or outlive their callers. */

/**
 * Aborts with the caller's signal, or with a TimeoutError after `ms`. Dispose of it when the work is done: unlike
 * AbortSignal.any and AbortSignal.timeout it then leaves nothing on a long-lived signal and no timer behind.
 */
export class Deadline implements Disposable {
  readonly #abort = new AbortController();
  readonly #caller: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #follow = (): void => {
    this.#abort.abort(this.#caller.reason);
  };

  constructor(caller: AbortSignal, ms: number | undefined) {
    this.#caller = caller;
    if (caller.aborted) this.#follow();
    caller.addEventListener("abort", this.#follow, { once: true });
    if (ms === undefined) return;
    const expire = (): void => {
      this.#abort.abort(new DOMException(`no answer within ${Math.round(ms / 1000)} s`, "TimeoutError"));
    };
    // A longer delay than this would fire at once (Node's timers, TIMEOUT_MAX).
    this.#timer = setTimeout(expire, Math.min(ms, 2 ** 31 - 1));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener("abort", this.#follow);
  }
}

export const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === "TimeoutError";

/** Waits for shared work no longer than `signal` allows; the work itself goes on. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // A failure that nobody hears of any more would end the process.
  work.catch(() => undefined);
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
