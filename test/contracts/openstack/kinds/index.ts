/** What every kind of openstack.stowage.dev is tried with. */
import type { KindScenario } from "../scenario.ts";
import { applicationCredentialScenario } from "./application-credential.ts";
import { domainScenario } from "./domain.ts";
import { groupScenario } from "./group.ts";
import { networkScenario } from "./network.ts";
import { projectScenario } from "./project.ts";
import { roleScenario } from "./role.ts";
import { roleAssignmentScenario } from "./role-assignment.ts";
import { userScenario } from "./user.ts";

export const scenarios: readonly KindScenario[] = [
  applicationCredentialScenario,
  domainScenario,
  groupScenario,
  networkScenario,
  projectScenario,
  roleScenario,
  roleAssignmentScenario,
  userScenario,
];
