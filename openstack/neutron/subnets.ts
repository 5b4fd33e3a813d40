import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { route } from "./routes.ts";

const pool = wire({ start: z.string(), end: z.string() });

const subnet = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    projectID: z.string().optional(),
    networkID: z.string().optional(),
    ipVersion: z.int().optional(),
    cidr: z.string().optional(),
    gatewayIP: z.string().optional(),
    allocationPools: z.array(pool.schema).optional(),
    dnsNameservers: z.array(z.string()).optional(),
    dnsPublishFixedIP: z.boolean().optional(),
    hostRoutes: z.array(route.schema).optional(),
    enableDHCP: z.boolean().optional(),
    ipv6AddressMode: z.string().optional(),
    ipv6RAMode: z.string().optional(),
    subnetPoolID: z.string().optional(),
    tags: z.array(z.string()).optional(),
    createdAt: z.string().optional(),
    updatedAt: z.string().optional(),
    revisionNumber: z.int().optional(),
  },
  {
    projectID: "project_id",
    networkID: "network_id",
    gatewayIP: "gateway_ip",
    dnsPublishFixedIP: "dns_publish_fixed_ip",
    enableDHCP: "enable_dhcp",
    ipv6RAMode: "ipv6_ra_mode",
    subnetPoolID: "subnetpool_id",
  },
);

/** Source: Networking API v2.0, "Subnets". */
export type RemoteSubnet = Of<typeof subnet>;

export const subnetsOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/subnets",
    singular: "subnet",
    plural: "subnets",
    wire: subnet,
  });
