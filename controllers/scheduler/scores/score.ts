import type { Candidate, World } from "../world.ts";
import type { Want } from "../want.ts";

/** One reason for which one Host is better than another. To add one, write it in a file here and name it in index.ts. */
export interface Score {
  readonly name: string;
  /** How much it counts beside the others. */
  readonly weight: number;
  /** From 0 to 100 for each of the Hosts that do. Undefined: it has nothing to say about this Container. */
  readonly rate: (want: Want, fitting: readonly Candidate[], world: World) => readonly number[] | undefined;
}

/** The best becomes 100. Source: DefaultNormalizeScore in kubernetes/pkg/scheduler/framework/plugins/helper. */
export function shareOfBest(counts: readonly number[]): readonly number[] {
  const best = Math.max(...counts);
  return counts.map((count) => (best === 0 ? 0 : (100 * count) / best));
}

/** The fewer, the better: none is 100, and the most is 0. */
export function fewerIsBetter(counts: readonly number[]): readonly number[] {
  return shareOfBest(counts).map((share) => 100 - share);
}
