/** What every kind of openstack.stowage.dev is tried with. */
import type { KindScenario } from "../scenario.ts";
import { imageScenario } from "./image.ts";
import { networkScenario } from "./network.ts";
import { volumeBackupScenario } from "./volume-backup.ts";
import { volumeSnapshotScenario } from "./volume-snapshot.ts";
import { volumeTypeScenario } from "./volume-type.ts";
import { volumeScenario } from "./volume.ts";

export const scenarios: readonly KindScenario[] = [
  imageScenario,
  networkScenario,
  volumeScenario,
  volumeBackupScenario,
  volumeSnapshotScenario,
  volumeTypeScenario,
];
