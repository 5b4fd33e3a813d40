/** Every kind that Stowage defines. The API server installs them at start; `npm run generate` writes their YAML. */
import { containerKind } from "./container.ts";
import { disruptionBudgetKind } from "./disruption-budget.ts";
import { hostKind } from "./host.ts";
import type { Kind } from "./kind.ts";
import { addressScopeKind } from "./openstack/address-scope.ts";
import { floatingIPKind } from "./openstack/floating-ip.ts";
import { networkKind } from "./openstack/network.ts";
import { portKind } from "./openstack/port.ts";
import { routerInterfaceKind } from "./openstack/router-interface.ts";
import { routerKind } from "./openstack/router.ts";
import { securityGroupKind } from "./openstack/security-group.ts";
import { subnetPoolKind } from "./openstack/subnet-pool.ts";
import { subnetKind } from "./openstack/subnet.ts";
import { trunkKind } from "./openstack/trunk.ts";

export const kinds: readonly Kind[] = [
  containerKind,
  hostKind,
  disruptionBudgetKind,
  addressScopeKind,
  floatingIPKind,
  networkKind,
  portKind,
  routerInterfaceKind,
  routerKind,
  securityGroupKind,
  subnetKind,
  subnetPoolKind,
  trunkKind,
];
