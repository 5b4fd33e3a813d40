/** Source: kubernetes/pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go. */
import type { Taint } from "../../../crds/host.ts";
import { taintsOf, tolerates } from "../../../crds/taints.ts";
import type { Filter } from "./filter.ts";

const keepsAway = ({ effect }: Taint): boolean => effect === "NoSchedule" || effect === "NoExecute";

export const taints: Filter = {
  name: "Taints",
  makesRoom: false,
  prepare: ({ placement }) => {
    const tolerations = placement?.tolerations ?? [];
    return ({ host }) => {
      const taint = taintsOf(host).find((one) => keepsAway(one) && !tolerations.some((other) => tolerates(other, one)));
      return taint && `had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
    };
  },
};
