import { z } from "zod";
import { withRules } from "../schema.ts";
import { Cidr, IpAddress } from "./address.ts";
import {
  externalKind,
  NameRef,
  NeutronDescription,
  neutronObserved,
  OpenStackName,
  tagFilterFields,
  tagsField,
} from "./external.ts";
import { ObservedRoute, Route } from "./route.ts";
import { subnets } from "./types.ts";

const Ipv6Mode = z.enum(["slaac", "dhcpv6-stateful", "dhcpv6-stateless"]);

const Ipv6Options = z
  .object({
    addressMode: Ipv6Mode.optional().describe("How ports come by their addresses."),
    raMode: Ipv6Mode.optional().describe("What routers announce."),
  })
  .meta({ minProperties: 1 });

const IpVersion = z.int().meta({ enum: [4, 6] });

const Gateway = withRules(
  z.object({
    type: z
      .enum(["None", "Automatic", "IP"])
      .describe("None: it has none. Automatic: any; the first address where it has none. IP: the one of the field ip."),
    ip: IpAddress.optional(),
  }),
  { rule: "self.type != 'IP' || has(self.ip)", message: "ip must be specified when type is IP" },
);

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: NeutronDescription.optional(),
  ...tagsField,
  networkRef: NameRef.describe("The Network that it is of."),
  ipVersion: IpVersion.describe("4 or 6."),
  cidr: Cidr.describe("Its addresses: 192.0.2.0/24."),
  allocationPools: z
    .array(z.object({ start: IpAddress, end: IpAddress }))
    .max(32)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Which addresses ports get; all but the gateway's when absent."),
  gateway: Gateway.optional().describe("The address of the router that leads out of it; Automatic when absent."),
  enableDHCP: z.boolean().optional(),
  dnsNameservers: z
    .array(IpAddress)
    .max(16)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("Told by DHCP, in this order."),
  dnsPublishFixedIP: z.boolean().optional().describe("Whether its addresses are published in DNS."),
  hostRoutes: z
    .array(Route)
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Routes told by DHCP."),
  ipv6: Ipv6Options.optional(),
  routerRef: NameRef.optional().describe("A Router that gets an interface on it, at its gateway's address."),
  projectRef: NameRef.optional().describe("Project that it is made in; that of the credentials when absent."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: NeutronDescription.optional(),
  ipVersion: IpVersion.optional(),
  gatewayIP: IpAddress.optional(),
  cidr: Cidr.optional(),
  ipv6: Ipv6Options.optional(),
  networkRef: NameRef.optional(),
  projectRef: NameRef.optional(),
  ...tagFilterFields,
});

const text = z.string().max(1024).optional();
const atomic = { "x-kubernetes-list-type": "atomic" };

const Observed = z.object({
  name: text,
  ipVersion: z.int().optional(),
  cidr: text,
  gatewayIP: text,
  dnsNameservers: z.array(z.string().max(1024)).max(16).optional().meta(atomic),
  dnsPublishFixedIP: z.boolean().optional(),
  allocationPools: z
    .array(z.object({ start: text, end: text }))
    .max(32)
    .optional()
    .meta(atomic),
  hostRoutes: z.array(ObservedRoute).max(256).optional().meta(atomic),
  enableDHCP: z.boolean().optional(),
  networkID: text,
  ipv6AddressMode: text,
  ipv6RAMode: text,
  subnetPoolID: text,
  ...neutronObserved,
});

export type SubnetResource = z.infer<typeof Resource>;
export type SubnetFilter = z.infer<typeof Filter>;
export type SubnetObserved = z.infer<typeof Observed>;

const another = "make another Subnet, and delete this one";

export const subnetKind = externalKind({
  type: subnets,
  description: "A subnet of a Neutron network.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: {
    networkRef: another,
    ipVersion: another,
    cidr: another,
    ipv6: another,
    routerRef: "make a RouterInterface instead",
    projectRef: another,
  },
  rules: [
    { rule: "!has(self.ipv6) || self.ipVersion == 6", message: "ipv6 may only be specified when ipVersion is 6" },
    { rule: "self.cidr.contains(':') == (self.ipVersion == 6)", message: "cidr must be of the ipVersion" },
  ],
  columns: [{ name: "CIDR", type: "string", jsonPath: ".status.resource.cidr" }],
});
