import { setMaxListeners } from "node:events";

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}

/** What `promise` gives, or undefined when `signal` aborts first. Leaves nothing behind on the signal. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      resolve(undefined);
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", stop);
    });
  });
}

/**
 * A controller whose signal aborts with `parent`, or before. Any number may listen to it without Node taking that for
 * a leak. Dispose of it to let go of the parent.
 */
export function childOf(parent: AbortSignal): AbortController & Disposable {
  const child = new AbortController();
  setMaxListeners(0, child.signal);
  const abort = (): void => {
    child.abort(parent.reason);
  };
  if (parent.aborted) abort();
  parent.addEventListener("abort", abort, { once: true });
  return Object.assign(child, {
    [Symbol.dispose]: () => {
      parent.removeEventListener("abort", abort);
    },
  });
}

/** Disposes of `things`, in their order, once `signal` aborts. */
export function disposeOnAbort(signal: AbortSignal, things: readonly Disposable[]): void {
  signal.addEventListener("abort", () => {
    for (const thing of things) thing[Symbol.dispose]();
  });
}
