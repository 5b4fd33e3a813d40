/** A router's interfaces are ports that only these requests make and take away. */
import { z } from "zod";
import { means } from "../errors.ts";
import type { Service } from "../service.ts";
import type { RemotePort } from "./ports.ts";
import { portsOf } from "./ports.ts";
import { routersOf } from "./routers.ts";

/** Device owners of such ports: of plain, distributed and highly available routers. Source: neutron-lib, constants.py. */
const interfaceOwners: readonly string[] = [
  "network:router_interface",
  "network:router_interface_distributed",
  "network:ha_router_replicated_interface",
];

export const isInterface = ({ deviceOwner }: Pick<RemotePort, "deviceOwner">): boolean =>
  deviceOwner !== undefined && interfaceOwners.includes(deviceOwner);

/** The interfaces that routers have on a subnet; `routerId` for those of one router. */
export const interfacesOn = (
  service: Service,
  subnetId: string,
  routerId?: string,
  signal?: AbortSignal,
): Promise<readonly RemotePort[]> =>
  portsOf(service).find(
    { fixed_ips: `subnet_id=${subnetId}`, device_owner: interfaceOwners, device_id: routerId },
    signal,
  );

/** Returns the id of the port. */
export const addInterface = (
  service: Service,
  routerId: string,
  subnetId: string,
  signal?: AbortSignal,
): Promise<string> =>
  routersOf(service).act(routerId, {
    method: "PUT",
    below: "/add_router_interface",
    body: { subnet_id: subnetId },
    action: `add an interface on subnet ${subnetId} to router ${routerId}`,
    schema: z.object({ port_id: z.string() }).transform((answer) => answer.port_id),
    ...(signal && { signal }),
  });

/** False when it was gone already. */
export async function removeInterface(
  service: Service,
  routerId: string,
  subnetId: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await routersOf(service).act(routerId, {
      method: "PUT",
      below: "/remove_router_interface",
      body: { subnet_id: subnetId },
      action: `remove the interface on subnet ${subnetId} from router ${routerId}`,
      schema: z.unknown(),
      ...(signal && { signal }),
    });
    return true;
  } catch (error) {
    if (means(error, "NotFound")) return false;
    throw error;
  }
}
