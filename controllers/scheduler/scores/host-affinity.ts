/** Source: kubernetes/pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go, Score. */
import { matchesTerm } from "../../../crds/selector.ts";
import { labelsOf } from "../world.ts";
import type { Score } from "./score.ts";
import { shareOfBest } from "./score.ts";

export const hostAffinity: Score = {
  name: "HostAffinity",
  weight: 2,
  rate: ({ placement }, fitting) => {
    const preferred = placement?.affinity?.hostAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (preferred === undefined) return undefined;
    const sums = fitting.map((candidate) =>
      preferred.reduce(
        (sum, { weight, preference }) => sum + (matchesTerm(preference, labelsOf(candidate)) ? weight : 0),
        0,
      ),
    );
    return shareOfBest(sums);
  },
};
