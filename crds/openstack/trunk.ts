import { z } from "zod";
import { withRules } from "../schema.ts";
import {
  externalKind,
  NameRef,
  NeutronDescription,
  neutronObserved,
  OpenStackName,
  tagFilterFields,
  tagsField,
} from "./external.ts";
import { trunks } from "./types.ts";

const Subport = withRules(
  z.object({
    portRef: NameRef.describe("Port whose traffic passes through the trunk."),
    segmentationType: z
      .enum(["vlan", "inherit"])
      .describe("How the traffic is marked in the parent port; inherit: as in the Port's network."),
    segmentationID: z.int().min(1).max(4094).optional().describe("VLAN ID in the parent port."),
  }),
  {
    rule: "self.segmentationType == 'inherit' || has(self.segmentationID)",
    message: "segmentationID must be specified unless segmentationType is inherit",
  },
);

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: NeutronDescription.optional(),
  ...tagsField,
  portRef: NameRef.describe("Parent Port: the one that a server has."),
  adminStateUp: z.boolean().optional(),
  subports: z
    .array(Subport)
    .max(1024)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("All that it is to have."),
  projectRef: NameRef.optional().describe("Project that it is made in; that of the credentials when absent."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: NeutronDescription.optional(),
  portRef: NameRef.optional(),
  projectRef: NameRef.optional(),
  adminStateUp: z.boolean().optional(),
  ...tagFilterFields,
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  portID: text,
  tenantID: text,
  status: text.describe("ACTIVE, DOWN, BUILD, DEGRADED or ERROR."),
  adminStateUp: z.boolean().optional(),
  subports: z
    .array(z.object({ portID: text, segmentationID: z.int().optional(), segmentationType: text }))
    .max(1024)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  ...neutronObserved,
});

export type TrunkSubport = z.infer<typeof Subport>;
export type TrunkResource = z.infer<typeof Resource>;
export type TrunkFilter = z.infer<typeof Filter>;

const another = "make another Trunk, and delete this one";

export const trunkKind = externalKind({
  type: trunks,
  description: "A Neutron trunk: several networks through one port.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { portRef: another, projectRef: another },
});
