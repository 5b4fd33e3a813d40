import { domainKind } from "../../../../crds/openstack/domain.ts";
import { projectKind } from "../../../../crds/openstack/project.ts";
import { roleAssignmentKind } from "../../../../crds/openstack/role-assignment.ts";
import { roleKind } from "../../../../crds/openstack/role.ts";
import { userKind } from "../../../../crds/openstack/user.ts";
import type { KindScenario } from "../scenario.ts";

export const roleScenario: KindScenario = {
  kind: roleKind,
  services: [],
  needs: [
    { kind: domainKind, name: "role-domain", resource: {} },
    { kind: projectKind, name: "role-project", resource: {} },
    { kind: userKind, name: "role-user", resource: {} },
  ],
  minimal: {},
  full: { name: "full-role", description: "everything that there is", domainRef: "role-domain" },
  fullObserved: { name: "full-role", description: "everything that there is" },
  updates: [
    {
      patch: { name: "renamed-role", description: "another" },
      observed: { name: "renamed-role", description: "another" },
    },
    { patch: { description: null }, observed: { description: "" } },
  ],
  refused: [{ patch: { domainRef: "another-domain" }, message: "domainRef cannot be changed" }],
  filter: { finds: { name: "full-role", domainRef: "role-domain" }, findsNothing: { name: "no-such-role" } },
  dependent: {
    kind: roleAssignmentKind,
    name: "user",
    resource: { roleRef: "subject", userRef: "role-user", projectRef: "role-project" },
  },
  leavesOut: { "two-alike": "names are unique in a domain" },
};
