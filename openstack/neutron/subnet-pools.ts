import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

/** A number that Neutron tells as text. Source: neutron, db/db_base_plugin_common.py, _make_subnetpool_dict. */
const length = z.coerce.number<number | string>().int().optional();

const subnetPool = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    projectId: z.string().optional(),
    addressScopeId: z.string().optional(),
    prefixes: z.array(z.string()).optional(),
    minPrefixLength: length,
    maxPrefixLength: length,
    defaultPrefixLength: length,
    defaultQuota: z.int().optional(),
    ipVersion: z.int().optional(),
    shared: z.boolean().optional(),
    isDefault: z.boolean().optional(),
    tags: z.array(z.string()).optional(),
    createdAt: z.string().optional(),
    updatedAt: z.string().optional(),
    revisionNumber: z.int().optional(),
  },
  {
    minPrefixLength: "min_prefixlen",
    maxPrefixLength: "max_prefixlen",
    defaultPrefixLength: "default_prefixlen",
  },
);

/** Source: Networking API v2.0, "Subnet pools". */
export type RemoteSubnetPool = Of<typeof subnetPool>;

export const subnetPoolsOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/subnetpools",
    singular: "subnetpool",
    plural: "subnetpools",
    noun: "subnet pool",
    wire: subnetPool,
  });
