import { networkKind } from "../../../../crds/openstack/network.ts";
import { portKind } from "../../../../crds/openstack/port.ts";
import { routerKind } from "../../../../crds/openstack/router.ts";
import { subnetKind } from "../../../../crds/openstack/subnet.ts";
import type { KindScenario } from "../scenario.ts";

export const subnetScenario: KindScenario = {
  kind: subnetKind,
  services: ["network"],
  needs: [
    { kind: networkKind, name: "network", resource: {} },
    { kind: routerKind, name: "router", resource: {} },
  ],
  minimal: { networkRef: "network", ipVersion: 4, cidr: "192.0.2.0/24" },
  full: {
    name: "full-subnet",
    description: "everything that there is",
    tags: ["one", "two"],
    networkRef: "network",
    ipVersion: 4,
    cidr: "198.51.100.0/24",
    allocationPools: [
      { start: "198.51.100.10", end: "198.51.100.19" },
      { start: "198.51.100.30", end: "198.51.100.39" },
    ],
    gateway: { type: "IP", ip: "198.51.100.254" },
    enableDHCP: true,
    dnsNameservers: ["198.51.100.3", "198.51.100.2"],
    hostRoutes: [{ destination: "203.0.113.0/24", nextHop: "198.51.100.5" }],
  },
  fullObserved: {
    name: "full-subnet",
    description: "everything that there is",
    ipVersion: 4,
    cidr: "198.51.100.0/24",
    gatewayIP: "198.51.100.254",
    enableDHCP: true,
    dnsNameservers: ["198.51.100.3", "198.51.100.2"],
    hostRoutes: [{ destination: "203.0.113.0/24", nextHop: "198.51.100.5" }],
  },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    {
      patch: { dnsNameservers: ["198.51.100.2", "198.51.100.3"], hostRoutes: null },
      observed: { dnsNameservers: ["198.51.100.2", "198.51.100.3"], hostRoutes: [] },
    },
    {
      patch: { allocationPools: [{ start: "198.51.100.10", end: "198.51.100.49" }], enableDHCP: false },
      observed: { allocationPools: [{ start: "198.51.100.10", end: "198.51.100.49" }], enableDHCP: false },
    },
    {
      patch: { gateway: { type: "None", ip: null }, dnsNameservers: null },
      observed: { name: "renamed", dnsNameservers: [] },
    },
    {
      patch: { gateway: { type: "Automatic" }, description: null },
      observed: { gatewayIP: "198.51.100.1", description: "" },
    },
  ],
  refused: [
    { patch: { cidr: "198.51.100.0/25" }, message: "cidr cannot be changed" },
    { patch: { networkRef: "another" }, message: "networkRef cannot be changed" },
    { patch: { ipVersion: 6, cidr: "2001:db8::/64" }, message: "ipVersion cannot be changed" },
    { patch: { routerRef: "router" }, message: "routerRef cannot be changed: make a RouterInterface instead" },
    { patch: { gateway: { type: "IP", ip: null } }, message: "ip must be specified when type is IP" },
  ],
  filter: {
    finds: { name: "full-subnet", networkRef: "network", cidr: "198.51.100.0/24", tags: ["one"] },
    findsNothing: { name: "no-such-subnet" },
  },
  dependent: {
    kind: portKind,
    name: "user",
    resource: { networkRef: "network", addresses: [{ subnetRef: "subject" }] },
  },
  leavesOut: { "two-alike": "a network has no two subnets of the same addresses" },
};
