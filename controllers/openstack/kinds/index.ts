/** Every kind of openstack.stowage.dev that is looked after. A new one is a file beside this, and a line here. */
import type { AnyActuator } from "../actuator.ts";
import { applicationCredentialActuator } from "./application-credential.ts";
import { domainActuator } from "./domain.ts";
import { groupActuator } from "./group.ts";
import { networkActuator } from "./network.ts";
import { projectActuator } from "./project.ts";
import { roleActuator } from "./role.ts";
import { roleAssignmentActuator } from "./role-assignment.ts";
import { userActuator } from "./user.ts";

export const actuators: readonly AnyActuator[] = [
  applicationCredentialActuator,
  domainActuator,
  groupActuator,
  networkActuator,
  projectActuator,
  roleActuator,
  roleAssignmentActuator,
  userActuator,
];
