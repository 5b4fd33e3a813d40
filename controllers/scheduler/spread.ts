/**
 * What each topology spread constraint counts where.
 * Source: kubernetes/pkg/scheduler/framework/plugins/podtopologyspread/{common,filtering,scoring}.go.
 */
import type { TopologySpreadConstraint } from "../../crds/placement.ts";
import { refusalsOf } from "./filters/filter.ts";
import { placementFilters } from "./filters/placement.ts";
import { selectorOf, selects } from "./selections.ts";
import type { Want } from "./want.ts";
import type { Candidate, World } from "./world.ts";
import { labelsOf } from "./world.ts";

export interface Spread {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** How many Containers the selector selects, by the label's value; values without any are there, too. */
  readonly counts: ReadonlyMap<string, number>;
  /** 1 where the selector selects the Container itself, which will then count as well. */
  readonly self: 0 | 1;
}

/**
 * Counted are Containers of its namespace that are not being deleted, on Hosts where it belongs by its placement and
 * which have the labels of all constraints of the same kind: nodeAffinityPolicy Honor, nodeTaintsPolicy Ignore.
 */
export function spreadsOf(
  want: Want,
  world: World,
  whenUnsatisfiable: TopologySpreadConstraint["whenUnsatisfiable"],
): readonly Spread[] {
  const constraints = (want.placement?.topologySpreadConstraints ?? []).filter(
    (constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable,
  );
  if (constraints.length === 0) return [];
  const misplaced = refusalsOf(placementFilters, want, world);
  const counted = [...world.candidates()].filter(
    (candidate) => hasLabels(candidate, constraints) && misplaced(candidate) === undefined,
  );
  return constraints.map(({ topologyKey, maxSkew, labelSelector }) => {
    const selector = selectorOf({ labelSelector }, want.tenant);
    const byHost = world.counts({ all: [selector], staying: true });
    const counts = new Map<string, number>();
    for (const candidate of counted) {
      const value = labelsOf(candidate)[topologyKey] ?? "";
      counts.set(value, (counts.get(value) ?? 0) + (byHost.get(candidate.host.metadata.name) ?? 0));
    }
    return { topologyKey, maxSkew, counts, self: selects(selector, want) ? 1 : 0 };
  });
}

export function hasLabels(candidate: Candidate, those: readonly { readonly topologyKey: string }[]): boolean {
  const labels = labelsOf(candidate);
  return those.every(({ topologyKey }) => labels[topologyKey] !== undefined);
}
