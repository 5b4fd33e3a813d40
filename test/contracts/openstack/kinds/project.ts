import { domainKind } from "../../../../crds/openstack/domain.ts";
import { projectKind } from "../../../../crds/openstack/project.ts";
import { userKind } from "../../../../crds/openstack/user.ts";
import type { KindScenario } from "../scenario.ts";

export const projectScenario: KindScenario = {
  kind: projectKind,
  services: [],
  needs: [{ kind: domainKind, name: "project-domain", resource: {} }],
  minimal: {},
  full: {
    name: "full-project",
    description: "everything that there is",
    domainRef: "project-domain",
    enabled: true,
    tags: ["one", "two"],
  },
  fullObserved: { name: "full-project", description: "everything that there is", enabled: true },
  updates: [
    {
      patch: { name: "renamed-project", description: "another" },
      observed: { name: "renamed-project", description: "another" },
    },
    { patch: { enabled: false, tags: ["three"] }, observed: { enabled: false } },
    { patch: { enabled: null, description: null }, observed: { enabled: true, description: "" } },
  ],
  refused: [
    { patch: { domainRef: "another-domain" }, message: "domainRef cannot be changed" },
    { patch: { tags: ["with/slash"] }, message: "tags" },
  ],
  filter: { finds: { name: "full-project", tags: ["one"] }, findsNothing: { name: "no-such-project" } },
  dependent: { kind: userKind, name: "user", resource: { defaultProjectRef: "subject" } },
  leavesOut: { "two-alike": "names are unique in a domain" },
};
