import { means } from "../../openstack/errors.ts";
import { addInterface, interfacesOn } from "../../openstack/neutron/router-interfaces.ts";
import type { Context } from "./actuator.ts";
import { WaitingError } from "./actuator.ts";

/** How soon an interface is asked for again that the router or the subnet does not allow as they are. */
const refusedPollMs = 5000;

/**
 * Gives a router an interface on a subnet, and returns the id of its port: that of the one which is there already, as a
 * router has no two on one subnet. Throws WaitingError where it is what they are like that does not allow it, which can
 * change: the subnet has no gateway, another interface has the range. Source: neutron/db/l3_db.py, add_router_interface.
 */
export async function attach({ cloud, signal }: Context, routerID: string, subnetID: string): Promise<string> {
  try {
    return await addInterface(cloud, routerID, subnetID, signal);
  } catch (error) {
    if (!means(error, "BadRequest", "Conflict")) throw error;
    const [already] = await interfacesOn(cloud, subnetID, routerID, signal);
    if (already !== undefined) return already.id;
    throw means(error, "BadRequest") ? new WaitingError(error.message, refusedPollMs) : error;
  }
}
