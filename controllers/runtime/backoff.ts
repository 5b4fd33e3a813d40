/** How long to wait before trying again. */
export interface Backoff {
  /** Milliseconds to wait after `failures` failures in a row, 1 or more. */
  after(failures: number): number;
}

export interface ExponentialOptions {
  /** The wait after the first failure. */
  readonly baseMs: number;
  /** No wait is longer (before jitter). */
  readonly maxMs: number;
  /** Lengthens each wait by up to this share of it, so that many who failed together do not come back together. */
  readonly jitter?: number;
  /** From 0 up to but not including 1. */
  readonly random?: () => number;
}

/** Doubles the wait with every failure. */
export function exponentialBackoff(options: ExponentialOptions): Backoff {
  const { baseMs, maxMs, jitter = 0, random = Math.random } = options;
  return {
    after: (failures) => Math.min(baseMs * 2 ** (failures - 1), maxMs) * (1 + jitter * random()),
  };
}
