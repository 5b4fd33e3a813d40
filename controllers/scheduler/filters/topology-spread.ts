/** Source: kubernetes/pkg/scheduler/framework/plugins/podtopologyspread/filtering.go. */
import { spreadsOf } from "../spread.ts";
import { labelsOf } from "../world.ts";
import type { Filter } from "./filter.ts";

const refusal = "did not match its topology spread constraints";

export const topologySpread: Filter = {
  name: "TopologySpread",
  makesRoom: true,
  prepare: (want, world) => {
    const spreads = spreadsOf(want, world, "DoNotSchedule").map((spread) => ({
      ...spread,
      least: Math.min(...spread.counts.values()),
    }));
    if (spreads.length === 0) return undefined;
    return (candidate) => {
      for (const { topologyKey, maxSkew, counts, self, least } of spreads) {
        const value = labelsOf(candidate)[topologyKey];
        if (value === undefined) return `${refusal} (no label ${topologyKey})`;
        if ((counts.get(value) ?? 0) + self - least > maxSkew) return refusal;
      }
      return undefined;
    };
  },
};
