import { volumeSnapshotKind } from "../../../../crds/openstack/volume-snapshot.ts";
import { volumeKind } from "../../../../crds/openstack/volume.ts";
import type { KindScenario } from "../scenario.ts";

export const volumeSnapshotScenario: KindScenario = {
  kind: volumeSnapshotKind,
  services: ["block-storage"],
  needs: [{ kind: volumeKind, name: "origin", resource: { size: 1 } }],
  minimal: { volumeRef: "origin" },
  full: {
    name: "full-snapshot",
    description: "everything that there is",
    volumeRef: "origin",
    force: true,
    metadata: [{ name: "one", value: "1" }],
  },
  fullObserved: {
    name: "full-snapshot",
    description: "everything that there is",
    size: 1,
    status: "available",
    metadata: [{ name: "one", value: "1" }],
  },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    { patch: { metadata: [{ name: "two", value: "2" }] }, observed: { metadata: [{ name: "two", value: "2" }] } },
    { patch: { description: null, metadata: null }, observed: { description: "", metadata: [] } },
  ],
  refused: [
    { patch: { volumeRef: "another" }, message: "volumeRef cannot be changed" },
    { patch: { force: false }, message: "force cannot be changed" },
  ],
  filter: {
    finds: { name: "full-snapshot", status: "available" },
    findsNothing: { name: "full-snapshot", status: "error" },
  },
  dependent: { kind: volumeKind, name: "user", resource: { size: 1, snapshotRef: "subject" } },
};
