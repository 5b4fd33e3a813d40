import { networkKind } from "../../../../crds/openstack/network.ts";
import { portKind } from "../../../../crds/openstack/port.ts";
import { securityGroupKind } from "../../../../crds/openstack/security-group.ts";
import { subnetKind } from "../../../../crds/openstack/subnet.ts";
import { trunkKind } from "../../../../crds/openstack/trunk.ts";
import type { KindScenario } from "../scenario.ts";

export const portScenario: KindScenario = {
  kind: portKind,
  services: ["network"],
  needs: [
    { kind: networkKind, name: "network", resource: {} },
    { kind: subnetKind, name: "subnet", resource: { networkRef: "network", ipVersion: 4, cidr: "192.0.2.0/24" } },
    { kind: securityGroupKind, name: "group", resource: {} },
    { kind: securityGroupKind, name: "another-group", resource: {} },
  ],
  minimal: { networkRef: "network" },
  full: {
    name: "full-port",
    description: "everything that there is",
    tags: ["one", "two"],
    networkRef: "network",
    addresses: [{ subnetRef: "subnet", ip: "192.0.2.77" }, { subnetRef: "subnet" }],
    adminStateUp: true,
    securityGroupRefs: ["group"],
    allowedAddressPairs: [{ ip: "192.0.2.200" }, { ip: "203.0.113.0/24", mac: "02:00:00:00:00:01" }],
    portSecurity: "Enabled",
    vnicType: "normal",
    macAddress: "02:00:00:00:00:77",
  },
  fullObserved: {
    name: "full-port",
    description: "everything that there is",
    adminStateUp: true,
    macAddress: "02:00:00:00:00:77",
    portSecurityEnabled: true,
    vnicType: "normal",
    status: "DOWN",
  },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    {
      patch: { addresses: [{ subnetRef: "subnet", ip: "192.0.2.78" }], adminStateUp: false },
      observed: { fixedIPs: [{ ip: "192.0.2.78" }], adminStateUp: false },
    },
    {
      patch: { allowedAddressPairs: [{ ip: "203.0.113.1", mac: "02:00:00:00:00:02" }] },
      observed: { allowedAddressPairs: [{ ip: "203.0.113.1", mac: "02:00:00:00:00:02" }] },
    },
    { patch: { macAddress: "02:00:00:00:00:78" }, observed: { macAddress: "02:00:00:00:00:78" } },
    { patch: { hostID: { id: "somewhere" } }, observed: { hostID: "somewhere" } },
    { patch: { securityGroupRefs: ["group", "another-group"] }, observed: { name: "renamed" } },
    {
      patch: { portSecurity: "Disabled", securityGroupRefs: null, allowedAddressPairs: null },
      observed: { portSecurityEnabled: false, securityGroups: [], allowedAddressPairs: [] },
    },
    { patch: { addresses: null, description: null }, observed: { fixedIPs: [], description: "" } },
  ],
  refused: [
    { patch: { networkRef: "another" }, message: "networkRef cannot be changed" },
    { patch: { valueSpecs: [{ key: "qos_policy_id", value: "gold" }] }, message: "valueSpecs cannot be changed" },
    { patch: { portSecurity: "Inherit" }, message: "portSecurity cannot be changed to Inherit" },
    {
      patch: { portSecurity: "Disabled", securityGroupRefs: ["group"] },
      message: "securityGroupRefs must be empty when portSecurity is set to Disabled",
    },
    {
      patch: { hostID: { id: "somewhere", serverRef: "server" } },
      message: "exactly one of id or serverRef must be set",
    },
  ],
  filter: {
    finds: { name: "full-port", networkRef: "network", macAddress: "02:00:00:00:00:77", tags: ["one"] },
    findsNothing: { name: "no-such-port" },
  },
  dependent: { kind: trunkKind, name: "user", resource: { portRef: "subject" } },
  leavesOut: { "two-alike": "an address is given once" },
};
