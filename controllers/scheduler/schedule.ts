/** Chooses a Host for one Container. Pure, and the same for the same Hosts in whatever order. */
import type { Filter } from "./filters/filter.ts";
import { refusalsOf } from "./filters/filter.ts";
import { filters } from "./filters/index.ts";
import { notNamed } from "./filters/placement.ts";
import { notProbed } from "./filters/readiness.ts";
import type { Score } from "./scores/score.ts";
import { scores } from "./scores/index.ts";
import type { Want } from "./want.ts";
import type { Candidate, World } from "./world.ts";

export type Placement =
  | { readonly hostName: string }
  /** Why no Host does: `0/2 hosts fit: 1 too little memory, 1 is not ready`. */
  | { readonly unschedulable: string };

export interface Registry {
  readonly filters: readonly Filter[];
  readonly scores: readonly Score[];
}

/**
 * While a Host that would do was never probed, no other is chosen: after the store was lost, the Container may be running
 * there. A Host that does not answer counts as probed.
 */
export function schedule(want: Want, world: World, registry: Registry = { filters, scores }): Placement {
  const refusalOf = refusalsOf(registry.filters, want, world);
  const refusals = new Map<string, number>();
  const fitting: Candidate[] = [];
  let count = 0;
  for (const candidate of world.candidates()) {
    count++;
    const refusal = refusalOf(candidate);
    if (refusal === undefined) fitting.push(candidate);
    else refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
  }
  const early = refusals.get(notProbed);
  if (early !== undefined) return { unschedulable: `Waiting for the first probe of ${early} of ${count} hosts` };
  const best = bestOf(registry.scores, want, fitting, world);
  return best === undefined ? { unschedulable: explain(want, count, refusals) } : { hostName: best.host.metadata.name };
}

function bestOf(
  those: readonly Score[],
  want: Want,
  fitting: readonly Candidate[],
  world: World,
): Candidate | undefined {
  if (fitting.length <= 1) return fitting[0];
  const sums = fitting.map(() => 0);
  for (const { weight, rate } of those) {
    const ratings = rate(want, fitting, world) ?? [];
    for (const [index, rating] of ratings.entries()) sums[index] = (sums[index] ?? 0) + weight * rating;
  }
  return fitting
    .map((candidate, index) => ({ candidate, sum: Math.round((sums[index] ?? 0) / sameSum) }))
    .reduce((best, next) => (isBetter(next, best) ? next : best)).candidate;
}

interface Rated {
  readonly candidate: Candidate;
  /** In units of {@link sameSum}. */
  readonly sum: number;
}

/** Smaller differences are not meant: they come from fractions. */
const sameSum = 1e-6;

/** Of equals, the one with the fewest Containers, then the first by name. */
function isBetter(a: Rated, b: Rated): boolean {
  if (a.sum !== b.sum) return a.sum > b.sum;
  const fewer = b.candidate.containers - a.candidate.containers;
  return fewer === 0 ? a.candidate.host.metadata.name < b.candidate.host.metadata.name : fewer > 0;
}

/** In the words of kube-scheduler: kubernetes/pkg/scheduler/framework/types.go, FitError. */
function explain(want: Want, count: number, refusals: ReadonlyMap<string, number>): string {
  if (count === 0) return "There is no Host: create one, or start the server with --docker";
  const hostName = want.placement?.hostName;
  if (hostName !== undefined && refusals.get(notNamed) === count) {
    return `Host "${hostName}", which placement.hostName names, does not exist`;
  }
  const reasons = [...refusals].map(([reason, hosts]) => `${hosts} ${reason}`).sort();
  return `0/${count} hosts fit: ${reasons.join(", ")}`;
}
