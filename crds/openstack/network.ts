import { z } from "zod";
import {
  externalKind,
  NeutronDescription,
  neutronObserved,
  OpenStackName,
  tagFilterFields,
  tagsField,
} from "./external.ts";
import { networks } from "./types.ts";

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: NeutronDescription.optional(),
  ...tagsField,
  adminStateUp: z.boolean().optional(),
  dnsDomain: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.?$/)
    .optional()
    .describe("DNS domain of its ports: example.org."),
  mtu: z.int().min(68).max(9216).optional().describe("In bytes; the cloud's own when absent."),
  portSecurityEnabled: z.boolean().optional().describe("Whether its ports have security groups unless they say so."),
  external: z.boolean().optional().describe("Whether routers take their gateways and floating IPs come from it."),
  shared: z.boolean().optional().describe("Whether other projects may use it; an administrator's choice."),
  availabilityZoneHints: z
    .array(z.string().min(1).max(255))
    .max(32)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" }),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: NeutronDescription.optional(),
  external: z.boolean().optional(),
  ...tagFilterFields,
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  status: text.describe("ACTIVE, DOWN, BUILD or ERROR."),
  adminStateUp: z.boolean().optional(),
  availabilityZoneHints: z.array(z.string().max(1024)).max(64).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  dnsDomain: text,
  mtu: z.int().optional(),
  portSecurityEnabled: z.boolean().optional(),
  provider: z.object({ networkType: text, physicalNetwork: text, segmentationID: z.int().optional() }).optional(),
  external: z.boolean().optional(),
  shared: z.boolean().optional(),
  subnets: z.array(z.string().max(1024)).max(256).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  ...neutronObserved,
});

export type NetworkResource = z.infer<typeof Resource>;
export type NetworkFilter = z.infer<typeof Filter>;

export const networkKind = externalKind({
  type: networks,
  description: "A Neutron network.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { availabilityZoneHints: "make another Network, and delete this one" },
});
