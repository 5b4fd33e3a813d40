import { volumeBackupKind } from "../../../../crds/openstack/volume-backup.ts";
import { volumeKind } from "../../../../crds/openstack/volume.ts";
import type { KindScenario } from "../scenario.ts";

export const volumeBackupScenario: KindScenario = {
  kind: volumeBackupKind,
  services: ["block-storage", "volume-backup"],
  needs: [{ kind: volumeKind, name: "origin", resource: { size: 1 } }],
  minimal: { volumeRef: "origin" },
  full: {
    name: "full-backup",
    description: "everything that there is",
    volumeRef: "origin",
    container: "vault",
    incremental: false,
    force: true,
    metadata: [{ name: "one", value: "1" }],
  },
  fullObserved: {
    name: "full-backup",
    description: "everything that there is",
    size: 1,
    status: "available",
    container: "vault",
    isIncremental: false,
    metadata: [{ name: "one", value: "1" }],
  },
  updates: [
    { patch: { name: "renamed", description: "another" }, observed: { name: "renamed", description: "another" } },
    { patch: { metadata: [{ name: "two", value: "2" }] }, observed: { metadata: [{ name: "two", value: "2" }] } },
    { patch: { description: null, metadata: null }, observed: { description: "", metadata: [] } },
  ],
  refused: [
    { patch: { volumeRef: "another" }, message: "volumeRef cannot be changed" },
    { patch: { container: "elsewhere" }, message: "container cannot be changed" },
    { patch: { incremental: true }, message: "incremental cannot be changed" },
  ],
  filter: {
    finds: { name: "full-backup", container: "vault" },
    findsNothing: { name: "full-backup", container: "elsewhere" },
  },
  dependent: { kind: volumeKind, name: "user", resource: { size: 1, backupRef: "subject" } },
};
