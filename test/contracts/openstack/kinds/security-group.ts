import { networkKind } from "../../../../crds/openstack/network.ts";
import { portKind } from "../../../../crds/openstack/port.ts";
import { securityGroupKind } from "../../../../crds/openstack/security-group.ts";
import type { KindScenario } from "../scenario.ts";

const web = {
  description: "web",
  direction: "ingress",
  ethertype: "IPv4",
  protocol: "tcp",
  portRange: { min: 80, max: 80 },
  remoteIPPrefix: "198.51.100.0/24",
};
const ping = { direction: "ingress", ethertype: "IPv6", protocol: "icmpv6", portRange: { min: 128, max: 0 } };
const anywhere = { direction: "egress", ethertype: "IPv4" };

export const securityGroupScenario: KindScenario = {
  kind: securityGroupKind,
  services: ["network"],
  needs: [{ kind: networkKind, name: "group-network", resource: {} }],
  minimal: {},
  full: {
    name: "full-group",
    description: "everything that there is",
    tags: ["one", "two"],
    stateful: false,
    rules: [web, ping, anywhere],
  },
  fullObserved: { name: "full-group", description: "everything that there is", stateful: false },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    { patch: { stateful: true }, observed: { stateful: true } },
    {
      patch: { rules: [{ ...web, description: "websites", remoteIPPrefix: "198.51.100.7/24" }] },
      observed: { rules: [{ ...web, description: "websites" }] },
    },
    { patch: { rules: null, description: null }, observed: { rules: [], description: "" } },
  ],
  refused: [
    { patch: { projectRef: "another" }, message: "projectRef cannot be changed" },
    { patch: { rules: [{ ...web, ethertype: "IPv6" }] }, message: "remoteIPPrefix should be of the ethertype" },
    { patch: { rules: [{ ...web, portRange: { min: 90, max: 80 } }] }, message: "portRange.max should be equal" },
    { patch: { rules: [{ ...ping, portRange: { min: 256, max: 0 } }] }, message: "between 0 and 255" },
  ],
  filter: { finds: { name: "full-group", tags: ["one"] }, findsNothing: { name: "no-such-group" } },
  dependent: {
    kind: portKind,
    name: "group-user",
    resource: { networkRef: "group-network", securityGroupRefs: ["subject"] },
  },
};
