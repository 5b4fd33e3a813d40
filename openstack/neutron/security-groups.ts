import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const rule = wire({
  id: z.string(),
  description: z.string().optional(),
  projectId: z.string().optional(),
  securityGroupId: z.string().optional(),
  direction: z.string(),
  ethertype: z.string(),
  /** Its name, or its number as text. */
  protocol: z.string().optional(),
  portRangeMin: z.int().optional(),
  portRangeMax: z.int().optional(),
  remoteIpPrefix: z.string().optional(),
  remoteGroupId: z.string().optional(),
  remoteAddressGroupId: z.string().optional(),
});

const group = wire({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  projectId: z.string().optional(),
  stateful: z.boolean().optional(),
  securityGroupRules: z.array(rule.schema).optional(),
  tags: z.array(z.string()).optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
  revisionNumber: z.int().optional(),
});

/** Source: Networking API v2.0, "Security group rules". */
export type RemoteSecurityGroupRule = Of<typeof rule>;

/** Source: Networking API v2.0, "Security groups". */
export type RemoteSecurityGroup = Of<typeof group>;

export const securityGroupsOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/security-groups",
    singular: "security_group",
    plural: "security_groups",
    wire: group,
  });

/** Rules are made and deleted; Neutron changes none. */
export const securityGroupRulesOf = (service: Service) =>
  new Collection(service, {
    service: "network",
    path: "/security-group-rules",
    singular: "security_group_rule",
    plural: "security_group_rules",
    wire: rule,
  });
