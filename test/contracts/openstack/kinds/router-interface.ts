import { networkKind } from "../../../../crds/openstack/network.ts";
import { routerInterfaceKind } from "../../../../crds/openstack/router-interface.ts";
import { routerKind } from "../../../../crds/openstack/router.ts";
import { subnetKind } from "../../../../crds/openstack/subnet.ts";
import type { KindScenario } from "../scenario.ts";

const noImport = "it belongs to its Router, and cannot be imported";

export const routerInterfaceScenario: KindScenario = {
  kind: routerInterfaceKind,
  hasOwnSpec: true,
  services: ["network"],
  needs: [
    { kind: routerKind, name: "router", resource: {} },
    { kind: networkKind, name: "network", resource: {} },
    { kind: subnetKind, name: "subnet", resource: { networkRef: "network", ipVersion: 4, cidr: "192.0.2.0/24" } },
    { kind: subnetKind, name: "another", resource: { networkRef: "network", ipVersion: 4, cidr: "198.51.100.0/24" } },
  ],
  minimal: { type: "Subnet", routerRef: "router", subnetRef: "subnet" },
  full: { type: "Subnet", routerRef: "router", subnetRef: "another" },
  fullObserved: { fixedIPs: [{ ip: "198.51.100.1" }] },
  updates: [],
  refused: [
    { patch: { subnetRef: "subnet" }, message: "a RouterInterface cannot be changed" },
    { patch: { subnetRef: null }, message: "subnetRef is required when type is 'Subnet'" },
  ],
  leavesOut: {
    "external-deletion": "Neutron does not delete the port of a router by itself",
    import: noImport,
    "import-error": noImport,
    resync: "it has no resyncPeriod of its own",
    "two-alike": "a router has no two interfaces on one subnet",
  },
};
