/**
 * The registry of filters. To add one: write a {@link Filter} in a file of this folder, with its tests beside it, name it
 * here, and in the table of docs/scheduling.md.
 */
import { containerAffinity, containerAntiAffinity, heldAntiAffinity } from "./container-affinity.ts";
import type { Filter } from "./filter.ts";
import { fit } from "./fit.ts";
import { placementFilters } from "./placement.ts";
import { hostPorts } from "./ports.ts";
import { readiness, runtime } from "./readiness.ts";
import { taints } from "./taints.ts";
import { tenancy } from "./tenancy.ts";
import { topologySpread } from "./topology-spread.ts";

/**
 * In the order in which they are told: the first that a Host fails stands for it. Those about where a Container may ever
 * be come before readiness: only a Host that it may be on is waited for.
 */
export const filters: readonly Filter[] = [
  ...placementFilters,
  taints,
  readiness,
  runtime,
  tenancy,
  hostPorts,
  ...fit,
  containerAffinity,
  containerAntiAffinity,
  heldAntiAffinity,
  topologySpread,
];
