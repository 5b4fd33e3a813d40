import { domainKind } from "../../../../crds/openstack/domain.ts";
import { groupKind } from "../../../../crds/openstack/group.ts";
import { projectKind } from "../../../../crds/openstack/project.ts";
import { roleAssignmentKind } from "../../../../crds/openstack/role-assignment.ts";
import { roleKind } from "../../../../crds/openstack/role.ts";
import { userKind } from "../../../../crds/openstack/user.ts";
import type { KindScenario } from "../scenario.ts";

export const roleAssignmentScenario: KindScenario = {
  kind: roleAssignmentKind,
  services: [],
  needs: [
    { kind: roleKind, name: "assigned-role", resource: {} },
    { kind: roleKind, name: "unassigned-role", resource: {} },
    { kind: userKind, name: "assigned-user", resource: {} },
    { kind: groupKind, name: "assigned-group", resource: {} },
    { kind: projectKind, name: "assigned-project", resource: {} },
    { kind: domainKind, name: "assigned-domain", resource: {} },
  ],
  minimal: { roleRef: "assigned-role", userRef: "assigned-user", projectRef: "assigned-project" },
  full: { roleRef: "assigned-role", groupRef: "assigned-group", domainRef: "assigned-domain" },
  fullObserved: {},
  updates: [],
  refused: [
    { patch: { roleRef: "unassigned-role" }, message: "roleRef cannot be changed" },
    { patch: { userRef: "assigned-user" }, message: "exactly one of userRef and groupRef is required" },
    { patch: { system: "all" }, message: "exactly one of projectRef, domainRef and system is required" },
  ],
  filter: {
    finds: { roleRef: "assigned-role", groupRef: "assigned-group", domainRef: "assigned-domain" },
    findsNothing: { roleRef: "unassigned-role" },
  },
  leavesOut: { "two-alike": "two with the same parts are one and the same in Keystone" },
};
