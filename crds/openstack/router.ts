import { z } from "zod";
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
import { routers } from "./types.ts";

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: NeutronDescription.optional(),
  ...tagsField,
  adminStateUp: z.boolean().optional().describe("true when absent."),
  externalGateways: z
    .array(z.object({ networkRef: NameRef.describe("An external Network.") }))
    .max(1)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("The ways out of the cloud; none when absent."),
  distributed: z
    .boolean()
    .optional()
    .describe(
      "Whether each host routes for itself; an administrator's choice. Changing it takes the router down meanwhile.",
    ),
  routes: z
    .array(Route)
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Further routes, over next hops on the subnets of its interfaces. Left as they are when absent."),
  availabilityZoneHints: z
    .array(z.string().min(1).max(255))
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" }),
  projectRef: NameRef.optional().describe("Project that it is made in; that of the credentials when absent."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: NeutronDescription.optional(),
  projectRef: NameRef.optional(),
  ...tagFilterFields,
});

const text = z.string().max(1024).optional();
const atomic = { "x-kubernetes-list-type": "atomic" };

const Observed = z.object({
  name: text,
  status: text.describe("ACTIVE, ALLOCATING or ERROR."),
  adminStateUp: z.boolean().optional(),
  externalGateways: z
    .array(z.object({ networkID: text }))
    .max(32)
    .optional()
    .meta(atomic),
  distributed: z.boolean().optional(),
  routes: z.array(ObservedRoute).max(256).optional().meta(atomic),
  availabilityZoneHints: z.array(z.string().max(1024)).max(64).optional().meta(atomic),
  ...neutronObserved,
});

export type RouterResource = z.infer<typeof Resource>;
export type RouterFilter = z.infer<typeof Filter>;

const another = "make another Router, and delete this one";

export const routerKind = externalKind({
  type: routers,
  description: "A Neutron router.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { availabilityZoneHints: another, projectRef: another },
});
