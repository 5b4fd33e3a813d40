import { z } from "zod";
import { IpAddress } from "./address.ts";
import { externalKind, NameRef, NeutronDescription, neutronObserved, tagFilterFields, tagsField } from "./external.ts";
import { floatingIPs } from "./types.ts";

const Resource = z.object({
  description: NeutronDescription.optional(),
  ...tagsField,
  floatingNetworkRef: NameRef.optional().describe("External Network that its address comes from."),
  floatingSubnetRef: NameRef.optional().describe("Subnet of an external Network that its address comes from."),
  floatingIP: IpAddress.optional().describe(
    "The address; any that is free when absent. Many clouds let administrators choose only.",
  ),
  portRef: NameRef.optional().describe("Port that it leads to; to none when absent."),
  fixedIP: IpAddress.optional().describe("Which of the Port's addresses it leads to; the first when absent."),
  projectRef: NameRef.optional().describe("Project that it is made in; that of the credentials when absent."),
});

const text = z.string().max(1024).optional();

const Filter = z.object({
  floatingIP: IpAddress.optional(),
  description: NeutronDescription.optional(),
  floatingNetworkRef: NameRef.optional(),
  portRef: NameRef.optional(),
  projectRef: NameRef.optional(),
  status: text.describe("ACTIVE, DOWN or ERROR."),
  ...tagFilterFields,
});

const Observed = z.object({
  floatingNetworkID: text,
  floatingIP: text,
  portID: text,
  fixedIP: text,
  routerID: text,
  tenantID: text,
  status: text.describe("ACTIVE, DOWN or ERROR."),
  ...neutronObserved,
});

export type FloatingIPResource = z.infer<typeof Resource>;
export type FloatingIPFilter = z.infer<typeof Filter>;

const another = "make another FloatingIP, and delete this one";

export const floatingIPKind = externalKind({
  type: floatingIPs,
  description: "A Neutron floating IP.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { floatingNetworkRef: another, floatingSubnetRef: another, floatingIP: another, projectRef: another },
  rules: [
    {
      rule: "has(self.floatingNetworkRef) != has(self.floatingSubnetRef)",
      message: "Exactly one of 'floatingNetworkRef' or 'floatingSubnetRef' must be set",
    },
    { rule: "!has(self.fixedIP) || has(self.portRef)", message: "fixedIP needs a portRef" },
  ],
  columns: [{ name: "Address", type: "string", jsonPath: ".status.resource.floatingIP" }],
});
