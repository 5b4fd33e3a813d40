import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const subport = wire({
  portId: z.string(),
  segmentationId: z.int().optional(),
  segmentationType: z.string().optional(),
});

const trunk = wire({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  projectId: z.string().optional(),
  status: z.string().optional(),
  adminStateUp: z.boolean().optional(),
  portId: z.string().optional(),
  subPorts: z.array(subport.schema).optional(),
  tags: z.array(z.string()).optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
  revisionNumber: z.int().optional(),
});

/** One network in a trunk. */
export type RemoteSubport = Of<typeof subport>;

/** Source: Networking API v2.0, "Trunk networking". */
export type RemoteTrunk = Of<typeof trunk>;

export const trunksOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/trunks",
    singular: "trunk",
    plural: "trunks",
    wire: trunk,
  });

/** Puts ports into a trunk. Returns the trunk as it is then. */
export const addSubports = (service: Service, id: string, subports: readonly RemoteSubport[], signal?: AbortSignal) =>
  changeSubports(service, id, "add_subports", subports, signal);

/** Takes ports out of a trunk. Returns the trunk as it is then. */
export const removeSubports = (service: Service, id: string, portIds: readonly string[], signal?: AbortSignal) =>
  changeSubports(
    service,
    id,
    "remove_subports",
    portIds.map((portId) => ({ portId })),
    signal,
  );

/** The answer is a trunk that is not wrapped in its name. Source: neutron, extensions/trunk.py, ACTION_MAP. */
function changeSubports(
  service: Service,
  id: string,
  verb: "add_subports" | "remove_subports",
  subports: readonly RemoteSubport[],
  signal: AbortSignal | undefined,
): Promise<RemoteTrunk> {
  return trunksOf(service).act(id, {
    below: `/${verb}`,
    method: "PUT",
    body: { sub_ports: subports.map((one) => subport.encode(one)) },
    action: `${verb.replace("_", " ")} of trunk ${id}`,
    schema: trunk.schema,
    ...(signal && { signal }),
  });
}
