import { networkKind } from "../../../../crds/openstack/network.ts";
import { routerInterfaceKind } from "../../../../crds/openstack/router-interface.ts";
import { routerKind } from "../../../../crds/openstack/router.ts";
import { subnetKind } from "../../../../crds/openstack/subnet.ts";
import type { KindScenario } from "../scenario.ts";

export const routerScenario: KindScenario = {
  kind: routerKind,
  services: ["network"],
  needs: [
    { kind: networkKind, name: "outside", resource: { external: true } },
    { kind: subnetKind, name: "outside", resource: { networkRef: "outside", ipVersion: 4, cidr: "198.51.100.0/24" } },
    { kind: networkKind, name: "inside", resource: {} },
    { kind: subnetKind, name: "inside", resource: { networkRef: "inside", ipVersion: 4, cidr: "192.0.2.0/24" } },
  ],
  minimal: {},
  full: {
    name: "full-router",
    description: "everything that there is",
    tags: ["one", "two"],
    adminStateUp: true,
    externalGateways: [{ networkRef: "outside" }],
    distributed: false,
  },
  fullObserved: {
    name: "full-router",
    description: "everything that there is",
    adminStateUp: true,
    distributed: false,
  },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    {
      patch: { adminStateUp: false, externalGateways: null },
      observed: { adminStateUp: false, externalGateways: [] },
    },
    { patch: { externalGateways: [{ networkRef: "outside" }], adminStateUp: null }, observed: { adminStateUp: true } },
    {
      patch: { routes: [{ destination: "203.0.113.0/24", nextHop: "198.51.100.200" }] },
      observed: { routes: [{ destination: "203.0.113.0/24", nextHop: "198.51.100.200" }] },
    },
    { patch: { routes: [], description: null }, observed: { routes: [], description: "" } },
  ],
  refused: [{ patch: { availabilityZoneHints: ["nova"] }, message: "availabilityZoneHints cannot be changed" }],
  filter: { finds: { name: "full-router", tags: ["one"] }, findsNothing: { name: "no-such-router" } },
  dependent: {
    kind: routerInterfaceKind,
    name: "user",
    resource: { type: "Subnet", routerRef: "subject", subnetRef: "inside" },
  },
};
