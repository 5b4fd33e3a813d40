import { z } from "zod";
import { withRules } from "../schema.ts";
import { Cidr } from "./address.ts";
import {
  externalKind,
  NameRef,
  NeutronDescription,
  neutronObserved,
  OpenStackName,
  tagFilterFields,
  tagsField,
} from "./external.ts";
import { securityGroups } from "./types.ts";

/** Neutron's names for protocols, and their numbers. Source: neutron-lib, constants.py. */
export const protocolNumbers = {
  ah: 51,
  dccp: 33,
  egp: 8,
  esp: 50,
  gre: 47,
  icmp: 1,
  icmpv6: 58,
  igmp: 2,
  ipip: 4,
  "ipv6-encap": 41,
  "ipv6-frag": 44,
  "ipv6-icmp": 58,
  "ipv6-nonxt": 59,
  "ipv6-opts": 60,
  "ipv6-route": 43,
  ospf: 89,
  pgm: 113,
  rsvp: 46,
  sctp: 132,
  tcp: 6,
  udp: 17,
  udplite: 136,
  vrrp: 112,
} as const satisfies Readonly<Record<string, number>>;

const byte = "[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5]";

const Port = z.int().min(0).max(65535);

const Rule = withRules(
  z.object({
    description: NeutronDescription.optional(),
    direction: z.enum(["ingress", "egress"]).describe("ingress: what comes to its ports. egress: what goes from them."),
    ethertype: z.enum(["IPv4", "IPv6"]),
    protocol: z
      .string()
      .max(16)
      .regex(new RegExp(`^(${byte}|${Object.keys(protocolNumbers).join("|")})$`))
      .optional()
      .describe("Its name, or its number as text; any when absent."),
    portRange: z
      .object({ min: Port, max: Port })
      .optional()
      .describe("First and last port; with ICMP its type and code."),
    remoteIPPrefix: Cidr.optional().describe("Who is at the other end: 192.0.2.0/24; anybody when absent."),
  }),
  {
    rule: "!has(self.portRange) || has(self.protocol)",
    message: "portRange needs a protocol",
  },
  {
    rule: "!has(self.portRange) || !has(self.protocol) || !(self.protocol in ['tcp', 'udp', 'dccp', 'sctp', 'udplite', '6', '17', '33', '132', '136']) || self.portRange.min <= self.portRange.max",
    message: "portRange.max should be equal to or greater than portRange.min",
  },
  {
    rule: "!has(self.portRange) || !has(self.protocol) || !(self.protocol in ['icmp', 'icmpv6', 'ipv6-icmp', '1', '58']) || (self.portRange.min <= 255 && self.portRange.max <= 255)",
    message: "When protocol is ICMP or ICMPv6 portRange.min and portRange.max should be between 0 and 255",
  },
  {
    rule: "!has(self.remoteIPPrefix) || self.remoteIPPrefix.contains(':') == (self.ethertype == 'IPv6')",
    message: "remoteIPPrefix should be of the ethertype",
  },
);

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: NeutronDescription.optional(),
  ...tagsField,
  projectRef: NameRef.optional().describe("Project that it is made in; that of the credentials when absent."),
  stateful: z
    .boolean()
    .optional()
    .describe("Whether answers pass that no rule names. It can change while no port has it."),
  rules: z
    .array(Rule)
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("What passes. All of it: what Neutron lets out of new groups is taken away unless a rule here says so."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: NeutronDescription.optional(),
  projectRef: NameRef.optional(),
  ...tagFilterFields,
});

const text = z.string().max(1024).optional();

const ObservedRule = z.object({
  id: text,
  description: text,
  direction: text,
  ethertype: text,
  protocol: text,
  portRange: z.object({ min: z.int().optional(), max: z.int().optional() }).optional(),
  remoteIPPrefix: text,
  remoteGroupID: text,
});

const Observed = z.object({
  name: text,
  stateful: z.boolean().optional(),
  rules: z.array(ObservedRule).max(1024).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  ...neutronObserved,
});

export type SecurityGroupRule = z.infer<typeof Rule>;
export type SecurityGroupResource = z.infer<typeof Resource>;
export type SecurityGroupFilter = z.infer<typeof Filter>;

export const securityGroupKind = externalKind({
  type: securityGroups,
  description: "A Neutron security group with its rules.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { projectRef: "make another SecurityGroup, and delete this one" },
});
