/** Source: kubernetes/pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go, Score. */
import { taintsOf, tolerates } from "../../../crds/taints.ts";
import type { Score } from "./score.ts";
import { fewerIsBetter } from "./score.ts";

/** The fewer taints of effect PreferNoSchedule that it does not tolerate, the better. */
export const taints: Score = {
  name: "Taints",
  weight: 3,
  rate: ({ placement }, fitting) => {
    const tolerations = placement?.tolerations ?? [];
    const counts = fitting.map(
      ({ host }) =>
        taintsOf(host).filter(
          (taint) => taint.effect === "PreferNoSchedule" && !tolerations.some((one) => tolerates(one, taint)),
        ).length,
    );
    return counts.some((count) => count > 0) ? fewerIsBetter(counts) : undefined;
  },
};
