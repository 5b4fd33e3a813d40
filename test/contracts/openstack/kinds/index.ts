/** What every kind of openstack.stowage.dev is tried with. */
import type { KindScenario } from "../scenario.ts";
import { addressScopeScenario } from "./address-scope.ts";
import { applicationCredentialScenario } from "./application-credential.ts";
import { domainScenario } from "./domain.ts";
import { flavorScenario } from "./flavor.ts";
import { floatingIPScenario } from "./floating-ip.ts";
import { groupScenario } from "./group.ts";
import { imageScenario } from "./image.ts";
import { keyPairScenario } from "./key-pair.ts";
import { networkScenario } from "./network.ts";
import { portScenario } from "./port.ts";
import { projectScenario } from "./project.ts";
import { roleAssignmentScenario } from "./role-assignment.ts";
import { roleScenario } from "./role.ts";
import { routerInterfaceScenario } from "./router-interface.ts";
import { routerScenario } from "./router.ts";
import { securityGroupScenario } from "./security-group.ts";
import { serverGroupScenario } from "./server-group.ts";
import { serverScenario } from "./server.ts";
import { subnetPoolScenario } from "./subnet-pool.ts";
import { subnetScenario } from "./subnet.ts";
import { trunkScenario } from "./trunk.ts";
import { userScenario } from "./user.ts";
import { volumeBackupScenario } from "./volume-backup.ts";
import { volumeSnapshotScenario } from "./volume-snapshot.ts";
import { volumeTypeScenario } from "./volume-type.ts";
import { volumeScenario } from "./volume.ts";

export const scenarios: readonly KindScenario[] = [
  addressScopeScenario,
  applicationCredentialScenario,
  domainScenario,
  flavorScenario,
  floatingIPScenario,
  groupScenario,
  imageScenario,
  keyPairScenario,
  networkScenario,
  portScenario,
  projectScenario,
  roleAssignmentScenario,
  roleScenario,
  routerInterfaceScenario,
  routerScenario,
  securityGroupScenario,
  serverGroupScenario,
  serverScenario,
  subnetPoolScenario,
  subnetScenario,
  trunkScenario,
  userScenario,
  volumeBackupScenario,
  volumeScenario,
  volumeSnapshotScenario,
  volumeTypeScenario,
];
