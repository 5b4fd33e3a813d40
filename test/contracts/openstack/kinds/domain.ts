import { domainKind } from "../../../../crds/openstack/domain.ts";
import { projectKind } from "../../../../crds/openstack/project.ts";
import type { KindScenario } from "../scenario.ts";

export const domainScenario: KindScenario = {
  kind: domainKind,
  services: [],
  needs: [],
  minimal: {},
  full: { name: "full-domain", description: "everything that there is", enabled: true },
  fullObserved: { name: "full-domain", description: "everything that there is", enabled: true },
  updates: [
    {
      patch: { name: "renamed-domain", description: "another" },
      observed: { name: "renamed-domain", description: "another" },
    },
    { patch: { enabled: false }, observed: { enabled: false } },
    { patch: { enabled: null, description: null }, observed: { enabled: true, description: "" } },
  ],
  refused: [{ patch: { name: "" }, message: "name" }],
  filter: { finds: { name: "full-domain", enabled: true }, findsNothing: { name: "no-such-domain" } },
  dependent: { kind: projectKind, name: "user", resource: { domainRef: "subject" } },
  leavesOut: { "two-alike": "names of domains are unique" },
};
