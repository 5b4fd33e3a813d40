import { z } from "zod";
import { withRules } from "../schema.ts";
import { IpAddress } from "./address.ts";
import {
  externalKind,
  NameRef,
  NeutronDescription,
  neutronObserved,
  OpenStackName,
  tagFilterFields,
  tagsField,
} from "./external.ts";
import { ports } from "./types.ts";

const MacAddress = z
  .string()
  .min(1)
  .max(32)
  .regex(/^[0-9A-Fa-f]{1,4}([:.-][0-9A-Fa-f]{1,4})+$/);

const AllowedAddressPair = z.object({
  ip: z
    .string()
    .min(1)
    .max(49)
    .regex(/^[0-9A-Fa-f:.]+(\/[0-9]{1,3})?$/),
  mac: MacAddress.optional().describe("The port's own when absent."),
});

const Address = z.object({
  ip: IpAddress.optional().describe("Any free one of the subnet when absent."),
  subnetRef: NameRef.describe("Subnet that it is of."),
});

const HostId = withRules(
  z.object({
    id: z.string().max(255).optional().describe("The host as Neutron's agents call it."),
    serverRef: NameRef.optional().describe("Server whose host it is."),
  }),
  {
    rule: "(has(self.id) && size(self.id) > 0) != (has(self.serverRef) && size(self.serverRef) > 0)",
    message: "exactly one of id or serverRef must be set",
  },
);

const ValueSpec = z.object({
  key: z.string().min(1).max(255).describe("A field of Neutron's, as Neutron calls it."),
  value: z.string().max(255),
});

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: NeutronDescription.optional(),
  ...tagsField,
  networkRef: NameRef.describe("The Network that it is on."),
  addresses: z
    .array(Address)
    .max(128)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Its addresses. None when absent, but for those that IPv6 subnets give to every port by themselves."),
  adminStateUp: z.boolean().default(true),
  securityGroupRefs: z
    .array(NameRef)
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe(
      "SecurityGroups that say what passes. None when absent, not even the project's default: nothing passes then.",
    ),
  allowedAddressPairs: z
    .array(AllowedAddressPair)
    .max(128)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Addresses or networks that it may send from besides its own."),
  portSecurity: z
    .enum(["Enabled", "Disabled", "Inherit"])
    .default("Inherit")
    .describe("Whether only what is allowed passes. Inherit: as its network says when it is made."),
  vnicType: z
    .string()
    .max(64)
    .optional()
    .describe("normal, direct, macvtap, baremetal or another that the cloud knows."),
  macAddress: MacAddress.optional(),
  hostID: HostId.optional().describe("Host that it is bound to. What Nova binds stays where Nova put it."),
  trustedVIF: z.boolean().optional().describe("Whether its virtual function is trusted; an administrator's choice."),
  propagateUplinkStatus: z.boolean().optional(),
  valueSpecs: z
    .array(ValueSpec)
    .max(128)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"] })
    .describe("Further fields to make it with, handed to Neutron as they are and not looked at again."),
  projectRef: NameRef.optional().describe("Project that it is made in; that of the credentials when absent."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: NeutronDescription.optional(),
  networkRef: NameRef.optional(),
  projectRef: NameRef.optional(),
  adminStateUp: z.boolean().optional(),
  macAddress: MacAddress.optional(),
  ...tagFilterFields,
});

const text = z.string().max(1024).optional();
const atomic = { "x-kubernetes-list-type": "atomic" };

const Observed = z.object({
  name: text,
  networkID: text,
  status: text.describe("ACTIVE, DOWN, BUILD or ERROR. DOWN until something is plugged in."),
  adminStateUp: z.boolean().optional(),
  macAddress: text,
  deviceID: text,
  deviceOwner: text,
  allowedAddressPairs: z
    .array(z.object({ ip: text, mac: text }))
    .max(128)
    .optional()
    .meta(atomic),
  fixedIPs: z
    .array(z.object({ ip: text, subnetID: text }))
    .max(128)
    .optional()
    .meta(atomic),
  securityGroups: z.array(z.string().max(1024)).max(64).optional().meta(atomic),
  propagateUplinkStatus: z.boolean().optional(),
  vnicType: text,
  portSecurityEnabled: z.boolean().optional(),
  hostID: text,
  trustedVIF: z.boolean().optional(),
  ...neutronObserved,
});

export type PortResource = z.infer<typeof Resource>;
export type PortFilter = z.infer<typeof Filter>;

const another = "make another Port, and delete this one";

export const portKind = externalKind({
  type: ports,
  description: "A port of a Neutron network.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { networkRef: another, projectRef: another, propagateUplinkStatus: another, valueSpecs: another },
  rules: [
    {
      rule: "has(self.portSecurity) && self.portSecurity == 'Disabled' ? !has(self.securityGroupRefs) : true",
      message: "securityGroupRefs must be empty when portSecurity is set to Disabled",
    },
    {
      rule: "has(self.portSecurity) && self.portSecurity == 'Disabled' ? !has(self.allowedAddressPairs) : true",
      message: "allowedAddressPairs must be empty when portSecurity is set to Disabled",
    },
    {
      rule: "!has(oldSelf.portSecurity) || oldSelf.portSecurity == 'Inherit' || (has(self.portSecurity) && self.portSecurity != 'Inherit')",
      message: "portSecurity cannot be changed to Inherit: say Enabled or Disabled",
    },
  ],
  columns: [
    { name: "IP", type: "string", jsonPath: ".status.resource.fixedIPs[0].ip" },
    { name: "Status", type: "string", jsonPath: ".status.resource.status", priority: 1 },
  ],
});
