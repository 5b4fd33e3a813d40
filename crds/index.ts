/** Every kind that Stowage defines. The API server installs them at start; `npm run generate` writes their YAML. */
import { containerKind } from "./container.ts";
import { disruptionBudgetKind } from "./disruption-budget.ts";
import { hostKind } from "./host.ts";
import type { Kind } from "./kind.ts";
import { addressScopeKind } from "./openstack/address-scope.ts";
import { applicationCredentialKind } from "./openstack/application-credential.ts";
import { cloudKind } from "./openstack/cloud.ts";
import { domainKind } from "./openstack/domain.ts";
import { openstackGroup } from "./openstack/external.ts";
import { flavorKind } from "./openstack/flavor.ts";
import { floatingIPKind } from "./openstack/floating-ip.ts";
import { groupKind } from "./openstack/group.ts";
import { imageKind } from "./openstack/image.ts";
import { keyPairKind } from "./openstack/key-pair.ts";
import { networkKind } from "./openstack/network.ts";
import { portKind } from "./openstack/port.ts";
import { projectKind } from "./openstack/project.ts";
import { roleAssignmentKind } from "./openstack/role-assignment.ts";
import { roleKind } from "./openstack/role.ts";
import { routerInterfaceKind } from "./openstack/router-interface.ts";
import { routerKind } from "./openstack/router.ts";
import { securityGroupKind } from "./openstack/security-group.ts";
import { serverGroupKind } from "./openstack/server-group.ts";
import { serverKind } from "./openstack/server.ts";
import { subnetPoolKind } from "./openstack/subnet-pool.ts";
import { subnetKind } from "./openstack/subnet.ts";
import { trunkKind } from "./openstack/trunk.ts";
import { userKind } from "./openstack/user.ts";
import { volumeBackupKind } from "./openstack/volume-backup.ts";
import { volumeKind } from "./openstack/volume.ts";
import { volumeSnapshotKind } from "./openstack/volume-snapshot.ts";
import { volumeTypeKind } from "./openstack/volume-type.ts";

export const kinds: readonly Kind[] = [
  containerKind,
  hostKind,
  disruptionBudgetKind,
  addressScopeKind,
  applicationCredentialKind,
  cloudKind,
  domainKind,
  flavorKind,
  floatingIPKind,
  groupKind,
  imageKind,
  keyPairKind,
  networkKind,
  portKind,
  projectKind,
  roleAssignmentKind,
  roleKind,
  routerInterfaceKind,
  routerKind,
  securityGroupKind,
  serverGroupKind,
  serverKind,
  subnetKind,
  subnetPoolKind,
  trunkKind,
  userKind,
  volumeBackupKind,
  volumeKind,
  volumeSnapshotKind,
  volumeTypeKind,
];

/** Those whose objects stand for something in a cloud. */
export const externalKinds: readonly Kind[] = kinds.filter(
  ({ type }) => type.group === openstackGroup && type.namespaced,
);
