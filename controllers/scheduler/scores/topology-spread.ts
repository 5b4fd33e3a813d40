/** Source: kubernetes/pkg/scheduler/framework/plugins/podtopologyspread/scoring.go. */
import { hasLabels, spreadsOf } from "../spread.ts";
import { labelsOf } from "../world.ts";
import type { Score } from "./score.ts";

/** Of constraints that are wishes: the fewer Containers are in the same place, the better. */
export const topologySpread: Score = {
  name: "TopologySpread",
  weight: 2,
  rate: (want, fitting, world) => {
    const spreads = spreadsOf(want, world, "ScheduleAnyway").map((spread) => {
      const places = new Set(
        fitting.filter((candidate) => hasLabels(candidate, [spread])).map((one) => labelsOf(one)[spread.topologyKey]),
      );
      // Few places, such as zones, hold many Containers each: without it they would outweigh many, such as hosts.
      return { ...spread, weight: Math.log(places.size + 2) };
    });
    if (spreads.length === 0) return undefined;
    const costs = fitting.map((candidate) =>
      hasLabels(candidate, spreads)
        ? spreads.reduce((sum, { topologyKey, counts, maxSkew, weight }) => {
            const value = labelsOf(candidate)[topologyKey] ?? "";
            return sum + (counts.get(value) ?? 0) * weight + (maxSkew - 1);
          }, 0)
        : undefined,
    );
    const known = costs.filter((cost) => cost !== undefined);
    const [least, most] = [Math.min(...known), Math.max(...known)];
    return costs.map((cost) => {
      if (cost === undefined) return 0;
      return most === 0 ? 100 : (100 * (most + least - cost)) / most;
    });
  },
};
