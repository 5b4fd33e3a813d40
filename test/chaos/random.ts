/** Randomness that can be had again: the same seed gives the same numbers on every machine. */

export interface Random {
  /** From 0 up to 1. */
  readonly next: () => number;
  /** From `low` up to `high`. */
  readonly between: (low: number, high: number) => number;
  /** One of the values, which are not none. */
  readonly oneOf: <T>(values: readonly T[]) => T;
  /** One of the keys, each as often as its weight says. */
  readonly weighted: <K extends string>(weights: Readonly<Record<K, number>>) => K;
  /** How long until the next of the events that come `perMinute`, in ms; they come independently of one another. */
  readonly untilNext: (perMinute: number) => number;
}

export function randomFrom(seed: number): Random {
  const next = mulberry32(seed);
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    oneOf: (values) => {
      const found = values[Math.floor(next() * values.length)];
      if (found === undefined) throw new Error("Cannot choose: there is nothing to choose from");
      return found;
    },
    weighted: (weights) => {
      const entries = Object.entries<number>(weights) as [keyof typeof weights, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      const found = entries.find(([, weight]) => (left -= weight) < 0) ?? entries.at(-1);
      if (found === undefined) throw new Error("Cannot choose: there is nothing to choose from");
      return found[0];
    },
    untilNext: (perMinute) => (-Math.log(1 - next()) * 60_000) / perMinute,
  };
}

/** Source: Tommy Ettinger's mulberry32, in the public domain. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
