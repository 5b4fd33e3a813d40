/** What every kind of openstack.stowage.dev is tried with. */
import type { KindScenario } from "../scenario.ts";
import { addressScopeScenario } from "./address-scope.ts";
import { floatingIPScenario } from "./floating-ip.ts";
import { networkScenario } from "./network.ts";
import { portScenario } from "./port.ts";
import { routerInterfaceScenario } from "./router-interface.ts";
import { routerScenario } from "./router.ts";
import { securityGroupScenario } from "./security-group.ts";
import { subnetPoolScenario } from "./subnet-pool.ts";
import { subnetScenario } from "./subnet.ts";
import { trunkScenario } from "./trunk.ts";

export const scenarios: readonly KindScenario[] = [
  addressScopeScenario,
  floatingIPScenario,
  networkScenario,
  portScenario,
  routerInterfaceScenario,
  routerScenario,
  securityGroupScenario,
  subnetPoolScenario,
  subnetScenario,
  trunkScenario,
];
