import { networkKind } from "../../../../crds/openstack/network.ts";
import { portKind } from "../../../../crds/openstack/port.ts";
import { trunkKind } from "../../../../crds/openstack/trunk.ts";
import type { KindScenario, Needed } from "../scenario.ts";

const port = (name: string): Needed => ({ kind: portKind, name, resource: { networkRef: "trunk-network" } });

const vlan = (portRef: string, segmentationID: number) => ({ portRef, segmentationType: "vlan", segmentationID });

export const trunkScenario: KindScenario = {
  kind: trunkKind,
  services: ["network"],
  needs: [
    { kind: networkKind, name: "trunk-network", resource: {} },
    ...["parent", "full-parent", "sub-one", "sub-two", "sub-three"].map(port),
  ],
  minimal: { portRef: "parent" },
  full: {
    name: "full-trunk",
    description: "everything that there is",
    tags: ["one", "two"],
    portRef: "full-parent",
    adminStateUp: false,
    subports: [vlan("sub-one", 101), vlan("sub-two", 102)],
  },
  fullObserved: { name: "full-trunk", description: "everything that there is", adminStateUp: false },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    {
      patch: { subports: [vlan("sub-two", 101)] },
      observed: { adminStateUp: false, subports: [{ segmentationID: 101, segmentationType: "vlan" }] },
    },
    { patch: { adminStateUp: true }, observed: { adminStateUp: true } },
    {
      patch: { subports: [vlan("sub-three", 101)] },
      observed: { subports: [{ segmentationID: 101, segmentationType: "vlan" }] },
    },
    { patch: { subports: null, description: null }, observed: { subports: [], description: "" } },
  ],
  refused: [
    { patch: { portRef: "parent" }, message: "portRef cannot be changed" },
    { patch: { subports: [{ portRef: "sub-one", segmentationType: "vlan" }] }, message: "segmentationID must be" },
  ],
  filter: { finds: { name: "full-trunk", portRef: "full-parent" }, findsNothing: { name: "no-such-trunk" } },
  leavesOut: { "two-alike": "a port is the parent of one trunk only" },
};
