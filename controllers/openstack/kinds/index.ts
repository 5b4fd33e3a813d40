/** Every kind of openstack.stowage.dev that is looked after. A new one is a file beside this, and a line here. */
import type { AnyActuator } from "../actuator.ts";
import { addressScopeActuator } from "./address-scope.ts";
import { applicationCredentialActuator } from "./application-credential.ts";
import { domainActuator } from "./domain.ts";
import { flavorActuator } from "./flavor.ts";
import { floatingIPActuator } from "./floating-ip.ts";
import { groupActuator } from "./group.ts";
import type { ImageActuatorOptions } from "./image.ts";
import { imageActuator } from "./image.ts";
import { keyPairActuator } from "./key-pair.ts";
import { networkActuator } from "./network.ts";
import { portActuator } from "./port.ts";
import { projectActuator } from "./project.ts";
import { roleAssignmentActuator } from "./role-assignment.ts";
import { roleActuator } from "./role.ts";
import { routerInterfaceActuator } from "./router-interface.ts";
import { routerActuator } from "./router.ts";
import { securityGroupActuator } from "./security-group.ts";
import { serverGroupActuator } from "./server-group.ts";
import { serverActuator } from "./server.ts";
import { subnetPoolActuator } from "./subnet-pool.ts";
import { subnetActuator } from "./subnet.ts";
import { trunkActuator } from "./trunk.ts";
import { userActuator } from "./user.ts";
import { volumeBackupActuator } from "./volume-backup.ts";
import { volumeSnapshotActuator } from "./volume-snapshot.ts";
import { volumeTypeActuator } from "./volume-type.ts";
import { volumeActuator } from "./volume.ts";

export const actuatorsWith = (options: ImageActuatorOptions): readonly AnyActuator[] => [
  addressScopeActuator,
  applicationCredentialActuator,
  domainActuator,
  flavorActuator,
  floatingIPActuator,
  groupActuator,
  imageActuator(options),
  keyPairActuator,
  networkActuator,
  portActuator,
  projectActuator,
  roleActuator,
  roleAssignmentActuator,
  routerActuator,
  routerInterfaceActuator,
  securityGroupActuator,
  serverActuator,
  serverGroupActuator,
  subnetActuator,
  subnetPoolActuator,
  trunkActuator,
  userActuator,
  volumeActuator,
  volumeBackupActuator,
  volumeSnapshotActuator,
  volumeTypeActuator,
];
