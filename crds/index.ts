/** Every kind that Stowage defines. The API server installs them at start; `npm run generate` writes their YAML. */
import { containerKind } from "./container.ts";
import { disruptionBudgetKind } from "./disruption-budget.ts";
import { hostKind } from "./host.ts";
import type { Kind } from "./kind.ts";
import { imageKind } from "./openstack/image.ts";
import { networkKind } from "./openstack/network.ts";
import { volumeBackupKind } from "./openstack/volume-backup.ts";
import { volumeSnapshotKind } from "./openstack/volume-snapshot.ts";
import { volumeTypeKind } from "./openstack/volume-type.ts";
import { volumeKind } from "./openstack/volume.ts";

export const kinds: readonly Kind[] = [
  containerKind,
  hostKind,
  disruptionBudgetKind,
  imageKind,
  networkKind,
  volumeKind,
  volumeBackupKind,
  volumeSnapshotKind,
  volumeTypeKind,
];
