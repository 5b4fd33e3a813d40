import { domainKind } from "../../../../crds/openstack/domain.ts";
import { projectKind } from "../../../../crds/openstack/project.ts";
import { roleAssignmentKind } from "../../../../crds/openstack/role-assignment.ts";
import { roleKind } from "../../../../crds/openstack/role.ts";
import { userKind } from "../../../../crds/openstack/user.ts";
import type { KindScenario } from "../scenario.ts";

export const userScenario: KindScenario = {
  kind: userKind,
  services: [],
  needs: [
    { kind: domainKind, name: "user-domain", resource: {} },
    { kind: projectKind, name: "user-project", resource: { domainRef: "user-domain" } },
    { kind: projectKind, name: "other-project", resource: {} },
    { kind: roleKind, name: "user-role", resource: {} },
  ],
  secrets: { login: { password: "as long as it takes" }, "other-login": { password: "another that is as long" } },
  minimal: {},
  full: {
    name: "full-user",
    description: "everything that there is",
    domainRef: "user-domain",
    defaultProjectRef: "user-project",
    enabled: true,
    passwordRef: "login",
  },
  fullObserved: {
    name: "full-user",
    description: "everything that there is",
    enabled: true,
    appliedPasswordRef: "login",
  },
  updates: [
    {
      patch: { name: "renamed-user", description: "another" },
      observed: { name: "renamed-user", description: "another" },
    },
    { patch: { enabled: false, defaultProjectRef: "other-project" }, observed: { enabled: false } },
    { patch: { passwordRef: "other-login" }, observed: { appliedPasswordRef: "other-login" } },
    { patch: { enabled: null, description: null }, observed: { enabled: true, description: "" } },
  ],
  refused: [
    { patch: { domainRef: "another-domain" }, message: "domainRef cannot be changed" },
    { patch: { passwordRef: null }, message: "passwordRef cannot be removed" },
  ],
  filter: { finds: { name: "full-user", domainRef: "user-domain" }, findsNothing: { name: "no-such-user" } },
  dependent: {
    kind: roleAssignmentKind,
    name: "user",
    resource: { roleRef: "user-role", userRef: "subject", projectRef: "other-project" },
  },
  leavesOut: { "two-alike": "names are unique in a domain" },
};
