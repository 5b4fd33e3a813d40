import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const floatingIp = wire({
  id: z.string(),
  description: z.string().optional(),
  projectId: z.string().optional(),
  status: z.string().optional(),
  floatingNetworkId: z.string().optional(),
  floatingIpAddress: z.string().optional(),
  /** Taken with the creation only, and not told again. */
  subnetId: z.string().optional(),
  portId: z.string().optional(),
  fixedIpAddress: z.string().optional(),
  routerId: z.string().optional(),
  tags: z.array(z.string()).optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
  revisionNumber: z.int().optional(),
});

/** Source: Networking API v2.0, "Floating IPs". */
export type RemoteFloatingIp = Of<typeof floatingIp>;

export const floatingIpsOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/floatingips",
    singular: "floatingip",
    plural: "floatingips",
    noun: "floating IP",
    wire: floatingIp,
  });
