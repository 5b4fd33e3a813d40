import { domainKind } from "../../../../crds/openstack/domain.ts";
import { groupKind } from "../../../../crds/openstack/group.ts";
import { projectKind } from "../../../../crds/openstack/project.ts";
import { roleAssignmentKind } from "../../../../crds/openstack/role-assignment.ts";
import { roleKind } from "../../../../crds/openstack/role.ts";
import type { KindScenario } from "../scenario.ts";

export const groupScenario: KindScenario = {
  kind: groupKind,
  services: [],
  needs: [
    { kind: domainKind, name: "group-domain", resource: {} },
    { kind: projectKind, name: "group-project", resource: {} },
    { kind: roleKind, name: "group-role", resource: {} },
  ],
  minimal: {},
  full: { name: "full-group", description: "everything that there is", domainRef: "group-domain" },
  fullObserved: { name: "full-group", description: "everything that there is" },
  updates: [
    {
      patch: { name: "renamed-group", description: "another" },
      observed: { name: "renamed-group", description: "another" },
    },
    { patch: { description: null }, observed: { description: "" } },
  ],
  refused: [{ patch: { domainRef: "another-domain" }, message: "domainRef cannot be changed" }],
  filter: { finds: { name: "full-group", domainRef: "group-domain" }, findsNothing: { name: "no-such-group" } },
  dependent: {
    kind: roleAssignmentKind,
    name: "user",
    resource: { roleRef: "group-role", groupRef: "subject", projectRef: "group-project" },
  },
  leavesOut: { "two-alike": "names are unique in a domain" },
};
