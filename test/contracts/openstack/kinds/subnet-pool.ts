import { addressScopeKind } from "../../../../crds/openstack/address-scope.ts";
import { subnetPoolKind } from "../../../../crds/openstack/subnet-pool.ts";
import type { KindScenario } from "../scenario.ts";

export const subnetPoolScenario: KindScenario = {
  kind: subnetPoolKind,
  services: ["network"],
  needs: [
    { kind: addressScopeKind, name: "pool-scope", resource: { ipVersion: 4 } },
    { kind: addressScopeKind, name: "other-pool-scope", resource: { ipVersion: 4 } },
  ],
  minimal: { prefixes: ["10.20.0.0/16"] },
  full: {
    name: "full-pool",
    description: "everything that there is",
    tags: ["one", "two"],
    addressScopeRef: "pool-scope",
    prefixes: ["10.30.0.0/24", "10.30.1.0/24"],
    minPrefixLength: 24,
    maxPrefixLength: 30,
    defaultPrefixLength: 26,
    defaultQuota: 1000,
    shared: false,
    isDefault: false,
  },
  fullObserved: {
    name: "full-pool",
    description: "everything that there is",
    prefixes: ["10.30.0.0/23"],
    minPrefixLength: 24,
    maxPrefixLength: 30,
    defaultPrefixLength: 26,
    defaultQuota: 1000,
    ipVersion: 4,
  },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    {
      patch: { minPrefixLength: 25, maxPrefixLength: 28, defaultPrefixLength: 27, defaultQuota: 2000 },
      observed: { minPrefixLength: 25, maxPrefixLength: 28, defaultPrefixLength: 27, defaultQuota: 2000 },
    },
    {
      patch: { prefixes: ["10.30.0.0/24", "10.30.1.0/24", "10.30.2.0/24"] },
      observed: { prefixes: ["10.30.0.0/23", "10.30.2.0/24"] },
    },
    { patch: { addressScopeRef: "other-pool-scope", description: null }, observed: { description: "" } },
  ],
  refused: [
    { patch: { prefixes: ["10.30.0.0/24"] }, message: "prefixes can be added only" },
    { patch: { shared: true }, message: "shared cannot be changed" },
    { patch: { minPrefixLength: 31 }, message: "maxPrefixLength should be equal" },
  ],
  filter: {
    finds: { name: "full-pool", addressScopeRef: "pool-scope", tags: ["one"] },
    findsNothing: { name: "no-such-pool" },
  },
  leavesOut: { "two-alike": "the prefixes of an address scope do not overlap" },
};
