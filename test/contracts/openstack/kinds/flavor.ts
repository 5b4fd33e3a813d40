import { flavorKind } from "../../../../crds/openstack/flavor.ts";
import type { KindScenario } from "../scenario.ts";

export const flavorScenario: KindScenario = {
  kind: flavorKind,
  services: ["compute"],
  needs: [],
  minimal: { ram: 64, vcpus: 1, disk: 1 },
  full: {
    name: "full-flavor",
    id: "full-flavor-id",
    description: "everything that there is",
    ram: 128,
    vcpus: 2,
    disk: 1,
    swap: 16,
    isPublic: true,
    ephemeral: 1,
    extraSpecs: [
      { name: "hw:cpu_policy", value: "shared" },
      { name: "quota:vif_inbound_average", value: "1000" },
    ],
  },
  fullObserved: {
    name: "full-flavor",
    description: "everything that there is",
    ram: 128,
    vcpus: 2,
    disk: 1,
    swap: 16,
    isPublic: true,
    ephemeral: 1,
  },
  updates: [
    { patch: { description: "another" }, observed: { description: "another" } },
    {
      patch: { extraSpecs: [{ name: "hw:cpu_policy", value: "dedicated" }] },
      observed: { extraSpecs: [{ name: "hw:cpu_policy", value: "dedicated" }] },
    },
    { patch: { extraSpecs: [], description: "bare" }, observed: { extraSpecs: [], description: "bare" } },
  ],
  refused: [
    { patch: { ram: 256 }, message: "ram cannot be changed" },
    { patch: { name: "renamed" }, message: "name cannot be changed" },
    { patch: { isPublic: false }, message: "isPublic cannot be changed" },
  ],
  filter: { finds: { name: "full-flavor", ram: 128 }, findsNothing: { name: "full-flavor", ram: 129 } },
  leavesOut: { "two-alike": "Nova refuses a second one of the same name" },
};
