import { addressScopeKind } from "../../../../crds/openstack/address-scope.ts";
import { subnetPoolKind } from "../../../../crds/openstack/subnet-pool.ts";
import type { KindScenario } from "../scenario.ts";

export const addressScopeScenario: KindScenario = {
  kind: addressScopeKind,
  services: ["network"],
  needs: [],
  minimal: { ipVersion: 4 },
  full: { name: "full-scope", ipVersion: 6, shared: false },
  fullObserved: { name: "full-scope", ipVersion: 6, shared: false },
  updates: [
    { patch: { name: "renamed" }, observed: { name: "renamed" } },
    { patch: { shared: true }, observed: { shared: true } },
  ],
  refused: [{ patch: { ipVersion: 4 }, message: "ipVersion cannot be changed" }],
  filter: { finds: { name: "full-scope", ipVersion: 6 }, findsNothing: { name: "no-such-scope" } },
  dependent: {
    kind: subnetPoolKind,
    name: "scope-user",
    resource: { addressScopeRef: "subject", prefixes: ["10.10.0.0/16"] },
  },
};
