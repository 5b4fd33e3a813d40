import { z } from "zod";
import { Cidr, IpVersion } from "./address.ts";
import {
  externalKind,
  NameRef,
  NeutronDescription,
  neutronObserved,
  OpenStackName,
  tagFilterFields,
  tagsField,
} from "./external.ts";
import { subnetPools } from "./types.ts";

const prefixLength = z.int().min(1).max(128).optional();

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: NeutronDescription.optional(),
  ...tagsField,
  projectRef: NameRef.optional().describe("Project that it is made in; that of the credentials when absent."),
  addressScopeRef: NameRef.optional().describe("AddressScope that its prefixes belong to; to none when absent."),
  prefixes: z
    .array(Cidr)
    .min(1)
    .max(64)
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("What subnets are cut from; more can be added."),
  minPrefixLength: prefixLength.describe("Of the largest subnet; 8 with IPv4 and 64 with IPv6 when absent."),
  maxPrefixLength: prefixLength.describe("Of the smallest subnet; 32 with IPv4 and 128 with IPv6 when absent."),
  defaultPrefixLength: prefixLength.describe("Of subnets that do not say; minPrefixLength when absent."),
  defaultQuota: z
    .int()
    .min(0)
    .max(2147483647)
    .optional()
    .describe("How much of it one project may have: addresses with IPv4, networks of length 64 with IPv6."),
  shared: z.boolean().optional().describe("Whether other projects may use it; an administrator's choice."),
  isDefault: z.boolean().optional().describe("Whether subnets come from it that name none; an administrator's choice."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: NeutronDescription.optional(),
  projectRef: NameRef.optional(),
  addressScopeRef: NameRef.optional(),
  minPrefixLength: prefixLength,
  maxPrefixLength: prefixLength,
  defaultPrefixLength: prefixLength,
  ipVersion: IpVersion.optional(),
  shared: z.boolean().optional(),
  isDefault: z.boolean().optional(),
  revisionNumber: z.int().min(0).optional(),
  ...tagFilterFields,
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  addressScopeID: text,
  prefixes: z.array(z.string().max(64)).max(1024).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  minPrefixLength: z.int().optional(),
  maxPrefixLength: z.int().optional(),
  defaultPrefixLength: z.int().optional(),
  defaultQuota: z.int().optional(),
  ipVersion: z.int().optional(),
  shared: z.boolean().optional(),
  isDefault: z.boolean().optional(),
  ...neutronObserved,
});

export type SubnetPoolResource = z.infer<typeof Resource>;
export type SubnetPoolFilter = z.infer<typeof Filter>;

const another = "make another SubnetPool, and delete this one";

export const subnetPoolKind = externalKind({
  type: subnetPools,
  description: "A Neutron subnet pool: prefixes that subnets are cut from.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { projectRef: another, shared: another },
  rules: [
    {
      rule: "oldSelf.prefixes.all(prefix, prefix in self.prefixes)",
      message: `prefixes can be added only: to be without one, ${another}`,
    },
    {
      rule: "!has(self.minPrefixLength) || !has(self.maxPrefixLength) || self.minPrefixLength <= self.maxPrefixLength",
      message: "maxPrefixLength should be equal to or greater than minPrefixLength",
    },
  ],
});
