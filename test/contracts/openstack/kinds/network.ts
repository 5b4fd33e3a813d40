import { networkKind } from "../../../../crds/openstack/network.ts";
import { subnetKind } from "../../../../crds/openstack/subnet.ts";
import type { KindScenario } from "../scenario.ts";

export const networkScenario: KindScenario = {
  kind: networkKind,
  services: ["network"],
  needs: [],
  minimal: {},
  full: {
    name: "full-network",
    description: "everything that there is",
    tags: ["one", "two"],
    adminStateUp: true,
    mtu: 1400,
    portSecurityEnabled: true,
    external: false,
    shared: false,
  },
  fullObserved: { name: "full-network", description: "everything that there is", mtu: 1400, adminStateUp: true },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    { patch: { mtu: 1300, adminStateUp: false }, observed: { mtu: 1300, adminStateUp: false } },
    { patch: { description: null }, observed: { description: "" } },
  ],
  refused: [{ patch: { availabilityZoneHints: ["nova"] }, message: "availabilityZoneHints cannot be changed" }],
  filter: { finds: { name: "full-network", tags: ["one"] }, findsNothing: { name: "no-such-network" } },
  dependent: {
    kind: subnetKind,
    name: "user",
    resource: { networkRef: "subject", ipVersion: 4, cidr: "192.0.2.0/24" },
  },
};
