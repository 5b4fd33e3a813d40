import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const fixedIp = wire(
  { ip: z.string().optional(), subnetID: z.string().optional() },
  { ip: "ip_address", subnetID: "subnet_id" },
);

const addressPair = wire({ ip: z.string(), mac: z.string().optional() }, { ip: "ip_address", mac: "mac_address" });

const port = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    projectID: z.string().optional(),
    networkID: z.string().optional(),
    status: z.string().optional(),
    adminStateUp: z.boolean().optional(),
    macAddress: z.string().optional(),
    fixedIPs: z.array(fixedIp.schema).optional(),
    deviceID: z.string().optional(),
    /** compute:nova, network:router_interface, ... */
    deviceOwner: z.string().optional(),
    securityGroups: z.array(z.string()).optional(),
    allowedAddressPairs: z.array(addressPair.schema).optional(),
    portSecurityEnabled: z.boolean().optional(),
    propagateUplinkStatus: z.boolean().optional(),
    vnicType: z.string().optional(),
    /** For administrators only. */
    hostID: z.string().optional(),
    trustedVIF: z.boolean().optional(),
    tags: z.array(z.string()).optional(),
    createdAt: z.string().optional(),
    updatedAt: z.string().optional(),
    revisionNumber: z.int().optional(),
  },
  {
    projectID: "project_id",
    networkID: "network_id",
    fixedIPs: "fixed_ips",
    deviceID: "device_id",
    vnicType: "binding:vnic_type",
    hostID: "binding:host_id",
    trustedVIF: "trusted",
  },
);

/** Source: Networking API v2.0, "Ports". */
export type RemotePort = Of<typeof port>;
export type RemoteFixedIp = Of<typeof fixedIp>;

export const portsOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/ports",
    singular: "port",
    plural: "ports",
    wire: port,
  });
