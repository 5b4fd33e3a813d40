/**
 * The registry of scores. To add one: write a {@link Score} in a file of this folder, with its tests beside it, name it
 * here, and in the table of docs/scheduling.md. Weights are kube-scheduler's where it has the like
 * (kubernetes/pkg/scheduler/apis/config/v1/default_plugins.go).
 */
import { containerAffinity } from "./container-affinity.ts";
import { foundThere } from "./found.ts";
import { hostAffinity } from "./host-affinity.ts";
import { imagePresent } from "./image.ts";
import { leastAllocated } from "./resources.ts";
import type { Score } from "./score.ts";
import { taints } from "./taints.ts";
import { topologySpread } from "./topology-spread.ts";

export const scores: readonly Score[] = [
  foundThere,
  taints,
  hostAffinity,
  containerAffinity,
  topologySpread,
  imagePresent,
  leastAllocated,
];
