/** Chooses a Host for one Container. Pure, and the same for the same Hosts in whatever order. */
import type { Candidate, Filter, Want } from "./filters.ts";
import { filters, notProbed } from "./filters.ts";
import type { Score } from "./scores.ts";
import { scores } from "./scores.ts";

export type Placement =
  | { readonly hostName: string }
  /** Why no Host does: `0/2 hosts fit: 1 too little memory, 1 is not ready`. */
  | { readonly unschedulable: string };

/**
 * While a Host that would do was never probed, no other is chosen: after the store was lost, the Container may be running
 * there. A Host that does not answer counts as probed.
 */
export function schedule(want: Want, candidates: Iterable<Candidate>): Placement {
  const refusals = new Map<string, number>();
  let best: Candidate | undefined;
  let count = 0;
  for (const candidate of candidates) {
    count++;
    const refusal = refusalOf(filters, want, candidate);
    if (refusal !== undefined) refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    else if (best === undefined || isBetter(scores, want, candidate, best)) best = candidate;
  }
  const early = refusals.get(notProbed);
  if (early !== undefined) return { unschedulable: `Waiting for the first probe of ${early} of ${count} hosts` };
  return best === undefined ? { unschedulable: explain(want, count, refusals) } : { hostName: best.host.metadata.name };
}

/** Why the first of `filters` that does not let the Host pass does not. */
export function refusalOf(those: readonly Filter[], want: Want, candidate: Candidate): string | undefined {
  for (const filter of those) {
    const refusal = filter(want, candidate);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function isBetter(those: readonly Score[], want: Want, a: Candidate, b: Candidate): boolean {
  for (const score of those) {
    const difference = score(want, a) - score(want, b);
    if (difference !== 0) return difference > 0;
  }
  return a.host.metadata.name < b.host.metadata.name;
}

/** In the words of kube-scheduler: kubernetes/pkg/scheduler/framework/types.go, FitError. */
function explain(want: Want, count: number, refusals: ReadonlyMap<string, number>): string {
  if (count === 0) return "There is no Host: create one, or start the server with --docker";
  const hostName = want.placement?.hostName;
  if (hostName !== undefined && refusals.get("is not placement.hostName") === count) {
    return `Host "${hostName}", which placement.hostName names, does not exist`;
  }
  const reasons = [...refusals].map(([reason, hosts]) => `${hosts} ${reason}`).sort();
  return `0/${count} hosts fit: ${reasons.join(", ")}`;
}
