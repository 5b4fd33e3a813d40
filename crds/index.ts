/** Every kind that Stowage defines. The API server installs them at start; `npm run generate` writes their YAML. */
import { containerKind } from "./container.ts";
import { disruptionBudgetKind } from "./disruption-budget.ts";
import { hostKind } from "./host.ts";
import type { Kind } from "./kind.ts";
import { networkKind } from "./openstack/network.ts";
import { securityGroupKind } from "./openstack/security-group.ts";

export const kinds: readonly Kind[] = [
  containerKind,
  hostKind,
  disruptionBudgetKind,
  networkKind,
  securityGroupKind,
];
