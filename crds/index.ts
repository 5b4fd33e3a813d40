/** Every kind that Stowage defines. The API server installs them at start; `npm run generate` writes their YAML. */
import { containerKind } from "./container.ts";
import { disruptionBudgetKind } from "./disruption-budget.ts";
import { hostKind } from "./host.ts";
import type { Kind } from "./kind.ts";
import { applicationCredentialKind } from "./openstack/application-credential.ts";
import { domainKind } from "./openstack/domain.ts";
import { groupKind } from "./openstack/group.ts";
import { networkKind } from "./openstack/network.ts";
import { projectKind } from "./openstack/project.ts";
import { roleKind } from "./openstack/role.ts";
import { roleAssignmentKind } from "./openstack/role-assignment.ts";
import { userKind } from "./openstack/user.ts";

export const kinds: readonly Kind[] = [
  containerKind,
  hostKind,
  disruptionBudgetKind,
  applicationCredentialKind,
  domainKind,
  groupKind,
  networkKind,
  projectKind,
  roleKind,
  roleAssignmentKind,
  userKind,
];
