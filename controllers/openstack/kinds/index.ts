/** Every kind of openstack.stowage.dev that is looked after. A new one is a file beside this, and a line here. */
import type { AnyActuator } from "../actuator.ts";
import { networkActuator } from "./network.ts";

export const actuators: readonly AnyActuator[] = [networkActuator];
