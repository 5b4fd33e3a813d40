import { z } from "zod";
import { withRules } from "../schema.ts";
import type { ExternalSpec } from "./external.ts";
import { externalKindOf, NameRef } from "./external.ts";
import { routerInterfaces } from "./types.ts";

const Spec = withRules(
  z.object({
    type: z.enum(["Subnet"]).describe("What it is on."),
    routerRef: NameRef.describe("The Router that it is of, whose credentials it is made with."),
    subnetRef: NameRef.optional().describe("The Subnet that it is on, at its gateway's address."),
  }),
  {
    rule: "self.type == 'Subnet' ? has(self.subnetRef) : !has(self.subnetRef)",
    message: "subnetRef is required when type is 'Subnet' and not permitted otherwise",
  },
  {
    rule: "self == oldSelf",
    message: "a RouterInterface cannot be changed: make another RouterInterface, and delete this one",
  },
);

const text = z.string().max(1024).optional();

const Observed = z.object({
  status: text.describe("Of its port: ACTIVE, DOWN, BUILD or ERROR."),
  networkID: text,
  macAddress: text,
  fixedIPs: z
    .array(z.object({ ip: text, subnetID: text }))
    .max(128)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
});

/** The spec itself is what is asked for: it is always managed, and deleted with the object. */
export type RouterInterfaceSpec = ExternalSpec<never, never> & z.infer<typeof Spec>;

export const routerInterfaceKind = externalKindOf(
  {
    type: routerInterfaces,
    description: "An interface of a Neutron router on a subnet.",
    observed: Observed,
    columns: [{ name: "IP", type: "string", jsonPath: ".status.resource.fixedIPs[0].ip" }],
  },
  Spec,
);
