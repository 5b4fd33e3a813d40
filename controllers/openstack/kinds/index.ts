/** Every kind of openstack.stowage.dev that is looked after. A new one is a file beside this, and a line here. */
import type { AnyActuator } from "../actuator.ts";
import { imageActuator } from "./image.ts";
import { networkActuator } from "./network.ts";
import { volumeBackupActuator } from "./volume-backup.ts";
import { volumeSnapshotActuator } from "./volume-snapshot.ts";
import { volumeTypeActuator } from "./volume-type.ts";
import { volumeActuator } from "./volume.ts";

export const actuators: readonly AnyActuator[] = [
  imageActuator,
  networkActuator,
  volumeActuator,
  volumeBackupActuator,
  volumeSnapshotActuator,
  volumeTypeActuator,
];
