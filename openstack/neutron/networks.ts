import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const network = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    projectId: z.string().optional(),
    status: z.string().optional(),
    adminStateUp: z.boolean().optional(),
    availabilityZoneHints: z.array(z.string()).optional(),
    dnsDomain: z.string().optional(),
    mtu: z.int().optional(),
    portSecurityEnabled: z.boolean().optional(),
    external: z.boolean().optional(),
    shared: z.boolean().optional(),
    providerNetworkType: z.string().optional(),
    providerPhysicalNetwork: z.string().optional(),
    providerSegmentationId: z.int().optional(),
    subnets: z.array(z.string()).optional(),
    tags: z.array(z.string()).optional(),
    createdAt: z.string().optional(),
    updatedAt: z.string().optional(),
    revisionNumber: z.int().optional(),
  },
  {
    external: "router:external",
    providerNetworkType: "provider:network_type",
    providerPhysicalNetwork: "provider:physical_network",
    providerSegmentationId: "provider:segmentation_id",
  },
);

/** Source: Networking API v2.0, "Networks". */
export type RemoteNetwork = Of<typeof network>;

export const networksOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/networks",
    singular: "network",
    plural: "networks",
    wire: network,
  });
