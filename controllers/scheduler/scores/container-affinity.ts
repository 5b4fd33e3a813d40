/** Source: kubernetes/pkg/scheduler/framework/plugins/interpodaffinity/scoring.go. */
import { selectorOf } from "../selections.ts";
import { byTopology, labelsOf } from "../world.ts";
import type { Score } from "./score.ts";

interface Pull {
  readonly topologyKey: string;
  /** Added up: below 0 it pushes away. */
  readonly weight: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** What it prefers to be near and away from, and what those that are there prefer of it. */
export const containerAffinity: Score = {
  name: "ContainerAffinity",
  weight: 2,
  rate: (want, fitting, world) => {
    const { containerAffinity: near, containerAntiAffinity: far } = want.placement?.affinity ?? {};
    const own = [
      ...(near?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(far?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => ({
        ...term,
        weight: -term.weight,
      })),
    ].map(({ weight, containerAffinityTerm: term }): Pull => {
      const byHost = world.counts({ all: [selectorOf(term, want.tenant)] });
      return { topologyKey: term.topologyKey, weight, counts: byTopology(world, term.topologyKey, byHost) };
    });
    const theirs = [...world.termsAbout(want)].flatMap(({ holds, topologyKey, holders }): readonly Pull[] =>
      holds.away ? [] : [{ topologyKey, weight: holds.weight, counts: byTopology(world, topologyKey, holders) }],
    );
    const pulls = [...own, ...theirs];
    if (pulls.length === 0) return undefined;
    const sums = fitting.map((candidate) =>
      pulls.reduce((sum, { topologyKey, weight, counts }) => {
        const value = labelsOf(candidate)[topologyKey];
        return sum + (value === undefined ? 0 : weight * (counts.get(value) ?? 0));
      }, 0),
    );
    const [worst, best] = [Math.min(...sums), Math.max(...sums)];
    return sums.map((sum) => (best === worst ? 0 : (100 * (sum - worst)) / (best - worst)));
  },
};
