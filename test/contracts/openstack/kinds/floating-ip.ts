import { floatingIPKind } from "../../../../crds/openstack/floating-ip.ts";
import { networkKind } from "../../../../crds/openstack/network.ts";
import { portKind } from "../../../../crds/openstack/port.ts";
import { routerKind } from "../../../../crds/openstack/router.ts";
import { subnetKind } from "../../../../crds/openstack/subnet.ts";
import type { KindScenario, Needed } from "../scenario.ts";

const port = (name: string, ...ips: readonly string[]): Needed => ({
  kind: portKind,
  name,
  resource: { networkRef: "inside", addresses: ips.map((ip) => ({ subnetRef: "inside", ip })) },
});

export const floatingIPScenario: KindScenario = {
  kind: floatingIPKind,
  services: ["network"],
  needs: [
    { kind: networkKind, name: "outside", resource: { external: true } },
    { kind: subnetKind, name: "outside", resource: { networkRef: "outside", ipVersion: 4, cidr: "198.51.100.0/24" } },
    { kind: routerKind, name: "door", resource: { externalGateways: [{ networkRef: "outside" }] } },
    { kind: networkKind, name: "inside", resource: {} },
    {
      kind: subnetKind,
      name: "inside",
      resource: { networkRef: "inside", ipVersion: 4, cidr: "192.0.2.0/24", routerRef: "door" },
    },
    port("first-port", "192.0.2.11", "192.0.2.12"),
    port("second-port", "192.0.2.21"),
  ],
  minimal: { floatingNetworkRef: "outside" },
  full: {
    description: "everything that there is",
    tags: ["one", "two"],
    floatingSubnetRef: "outside",
    floatingIP: "198.51.100.77",
    portRef: "first-port",
    fixedIP: "192.0.2.12",
  },
  fullObserved: { description: "everything that there is", floatingIP: "198.51.100.77", fixedIP: "192.0.2.12" },
  updates: [
    { patch: { description: "another" }, observed: { description: "another", fixedIP: "192.0.2.12" } },
    { patch: { fixedIP: "192.0.2.11" }, observed: { fixedIP: "192.0.2.11" } },
    { patch: { portRef: "second-port", fixedIP: null }, observed: { fixedIP: "192.0.2.21" } },
    { patch: { portRef: null, description: null }, observed: { description: "", floatingIP: "198.51.100.77" } },
  ],
  refused: [
    { patch: { floatingIP: "198.51.100.78" }, message: "floatingIP cannot be changed" },
    { patch: { floatingSubnetRef: "inside" }, message: "floatingSubnetRef cannot be changed" },
    { patch: { floatingNetworkRef: "outside" }, message: "Exactly one of 'floatingNetworkRef' or 'floatingSubnetRef'" },
    { patch: { portRef: null, fixedIP: "192.0.2.11" }, message: "fixedIP needs a portRef" },
  ],
  filter: {
    finds: { floatingIP: "198.51.100.77", floatingNetworkRef: "outside", tags: ["one"] },
    findsNothing: { description: "no such address" },
  },
  leavesOut: { "two-alike": "an address is given once" },
};
