/**
 * What would happen to the world: asked for with a create, answered in its status, and kept nowhere (as an access review
 * is). `stowage plan` shows it.
 */
import { z } from "zod";
import type { KubeObject, ResourceType } from "./meta.ts";

const ObjectKey = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
});
export type ObjectKey = z.infer<typeof ObjectKey>;

export const PlanSpec = z.object({
  apply: z
    .array(z.object({}).meta({ "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }))
    .max(10_000)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Manifests, as they would be applied, in this order."),
  delete: z
    .array(ObjectKey)
    .max(10_000)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Objects that would be deleted."),
});
export interface PlanSpec {
  readonly apply?: readonly object[];
  readonly delete?: readonly ObjectKey[];
}

/** What becomes of a Container on its Host. `None`: it is as asked. */
export const actions = [
  "Create",
  "Replace",
  "Move",
  "Update",
  "Start",
  "Stop",
  "Pause",
  "Unpause",
  "Delete",
  "Unschedulable",
  "Unknown",
  "Blocked",
  "None",
] as const;
export type Action = (typeof actions)[number];

const PlannedStep = z.object({
  do: z.enum([
    "pull",
    "prepare",
    "create",
    "postStart",
    "start",
    "preStop",
    "stop",
    "pause",
    "unpause",
    "write",
    "remove",
    "update",
  ]),
  image: z.string().optional().describe("That is pulled, or that a container is created from."),
  initContainer: z.string().optional().describe("Of the Container, that is created."),
  volumes: z.array(z.string()).optional().describe("Whose files are replaced."),
  id: z.string().optional().describe("Of the container on the host."),
  why: z.string().optional().describe("It is removed."),
});
export type PlannedStep = z.infer<typeof PlannedStep>;

const PlannedContainer = z.object({
  namespace: z.string(),
  name: z.string(),
  hostName: z.string().optional().describe("Where; absent while no Host does."),
  toHostName: z.string().optional().describe("Where it goes to; absent where it stays, and while no Host does."),
  action: z.enum(actions).describe("What becomes of it; None where it is as asked."),
  replacing: z
    .array(z.string())
    .optional()
    .describe("Fields of the spec whose change makes a new container necessary."),
  updating: z.array(z.string()).optional().describe("What changes in place: `cpuLimit 0 -> 0.5`."),
  message: z.string().optional().describe("Why nothing can be done, or what else is to be known."),
  steps: z.array(PlannedStep).describe("What is done on the host, in this order."),
});
export type PlannedContainer = z.infer<typeof PlannedContainer>;

const PlannedObject = ObjectKey.extend({
  change: z.enum(["Created", "Changed", "Unchanged", "Deleted"]),
});
export type PlannedObject = z.infer<typeof PlannedObject>;

export const PlanStatus = z.object({
  changes: z.boolean().describe("Whether anything would change, in the API or on a host."),
  objects: z.array(PlannedObject).describe("What becomes of the objects in the API."),
  containers: z.array(PlannedContainer).describe("What becomes of Containers on their Hosts."),
});
export type PlanStatus = z.infer<typeof PlanStatus>;

export interface Plan extends Pick<KubeObject, "apiVersion" | "kind"> {
  readonly spec?: PlanSpec;
  readonly status: PlanStatus;
}

export const plans: ResourceType = {
  group: "stowage.dev",
  version: "v1alpha1",
  plural: "plans",
  kind: "Plan",
  namespaced: false,
};
