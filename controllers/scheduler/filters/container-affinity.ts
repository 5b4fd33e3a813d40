/** Near which Containers, and away from which. Source: kubernetes/pkg/scheduler/framework/plugins/interpodaffinity/filtering.go. */
import type { ContainerAffinityTerm } from "../../../crds/placement.ts";
import { selectorOf, selects } from "../selections.ts";
import type { Want } from "../want.ts";
import type { ContainerSelector, World } from "../world.ts";
import { byTopology, labelsOf } from "../world.ts";
import type { Filter } from "./filter.ts";

type Direction = "containerAffinity" | "containerAntiAffinity";

const requiredTerms = ({ placement }: Want, direction: Direction): readonly ContainerAffinityTerm[] =>
  placement?.affinity?.[direction]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

interface Place {
  readonly topologyKey: string;
  /** How many Containers there are, by the label's value. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Where those are that all of `selectors` select. */
function places(
  world: World,
  terms: readonly ContainerAffinityTerm[],
  selectors: readonly ContainerSelector[],
): readonly Place[] {
  const [first, ...more] = selectors;
  if (first === undefined) return [];
  const byHost = world.counts({ all: [first, ...more] });
  return terms.map(({ topologyKey }) => ({ topologyKey, counts: byTopology(world, topologyKey, byHost) }));
}

/**
 * Containers that all terms select must be in the same place by every term. The first of its kind, which its own terms
 * select while there is nobody else, may go wherever the labels are.
 */
export const containerAffinity: Filter = {
  name: "ContainerAffinity",
  makesRoom: false,
  prepare: (want, world) => {
    const terms = requiredTerms(want, "containerAffinity");
    if (terms.length === 0) return undefined;
    const selectors = terms.map((term) => selectorOf(term, want.tenant));
    const where = places(world, terms, selectors);
    const first =
      where.every(({ counts }) => counts.size === 0) && selectors.every((selector) => selects(selector, want));
    return (candidate) => {
      const near = where.every(({ topologyKey, counts }) => {
        const value = labelsOf(candidate)[topologyKey];
        return value !== undefined && (first || counts.has(value));
      });
      return near ? undefined : "did not match its container affinity";
    };
  },
};

export const containerAntiAffinity: Filter = {
  name: "ContainerAntiAffinity",
  makesRoom: true,
  prepare: (want, world) => {
    const terms = requiredTerms(want, "containerAntiAffinity");
    if (terms.length === 0) return undefined;
    const where = terms.flatMap((term) => places(world, [term], [selectorOf(term, want.tenant)]));
    return refuseThere(where, "did not match its container anti-affinity");
  },
};

/** The other way round: who is there already is asked, too. */
export const heldAntiAffinity: Filter = {
  name: "HeldAntiAffinity",
  makesRoom: true,
  prepare: (want, world) => {
    const where = [...world.termsAbout(want)]
      .filter(({ holds }) => holds.away)
      .map(({ topologyKey, holders }) => ({ topologyKey, counts: byTopology(world, topologyKey, holders) }));
    return where.length === 0
      ? undefined
      : refuseThere(where, "did not match the container anti-affinity of Containers that are there");
  },
};

const refuseThere =
  (where: readonly Place[], refusal: string): ReturnType<Filter["prepare"]> =>
  (candidate) =>
    where.some(({ topologyKey, counts }) => {
      const value = labelsOf(candidate)[topologyKey];
      return value !== undefined && counts.has(value);
    })
      ? refusal
      : undefined;
