/** Source: kubernetes/pkg/scheduler/framework/plugins/noderesources/least_allocated.go. */
import type { Candidate } from "../world.ts";
import type { Score } from "./score.ts";

/**
 * What a Container that requests nothing counts for, so that such Containers are spread, too.
 * Source: DefaultMilliCPURequest and DefaultMemoryRequest in kubernetes/pkg/scheduler/util/pod_resources.go.
 */
const ordinary = { milliCpu: 100, memory: 200 * 2 ** 20 } as const;

/** The share of cpu and memory that would be left. */
export const leastAllocated: Score = {
  name: "LeastAllocated",
  weight: 1,
  rate: ({ requests }, fitting) => {
    const left = ({ allocatable, taken }: Candidate, amount: "milliCpu" | "memory"): number => {
      const all = allocatable[amount];
      const asked = requests[amount] === 0 ? ordinary[amount] : requests[amount];
      return all === 0 ? 0 : Math.max(0, all - taken[amount] - asked) / all;
    };
    return fitting.map((candidate) => (100 * (left(candidate, "milliCpu") + left(candidate, "memory"))) / 2);
  },
};
