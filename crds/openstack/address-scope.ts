import { z } from "zod";
import { IpVersion } from "./address.ts";
import { externalKind, NameRef, OpenStackName } from "./external.ts";
import { addressScopes } from "./types.ts";

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  projectRef: NameRef.optional().describe("Project that it is made in; that of the credentials when absent."),
  ipVersion: IpVersion,
  shared: z
    .boolean()
    .optional()
    .describe("Whether other projects may use it; an administrator's choice, which cannot be taken back."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  projectRef: NameRef.optional(),
  ipVersion: IpVersion.optional(),
  shared: z.boolean().optional(),
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  projectID: text,
  ipVersion: z.int().optional(),
  shared: z.boolean().optional(),
});

export type AddressScopeResource = z.infer<typeof Resource>;
export type AddressScopeFilter = z.infer<typeof Filter>;

const another = "make another AddressScope, and delete this one";

export const addressScopeKind = externalKind({
  type: addressScopes,
  description: "A Neutron address scope: addresses within it are unique and routed as they are.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { ipVersion: another, projectRef: another },
  rules: [
    {
      rule: "!(has(oldSelf.shared) && oldSelf.shared && has(self.shared) && !self.shared)",
      message: `shared address scope can't be unshared: ${another}`,
    },
  ],
});
