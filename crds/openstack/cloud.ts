/** A cloud that several namespaces may use, without its credentials in any of them. */
import { z } from "zod";
import type { Kind } from "../kind.ts";
import type { KubeObject, Resource, ResourceType } from "../meta.ts";
import { Conditions, LabelSelector, ObjectName } from "../schema.ts";
import { matches } from "../selector.ts";
import { openstackGroup } from "./external.ts";

/** On a Namespace: the id of the Keystone project that it is bound to. */
export const projectAnnotation = "openstack.stowage.dev/project-id";

export const CloudSpec = z.object({
  credentials: z
    .object({
      secretRef: z
        .object({ namespace: ObjectName.min(1), name: ObjectName.min(1) })
        .meta({ "x-kubernetes-map-type": "atomic" })
        .describe("Secret with the key clouds.yaml, and cacert where the cloud's certificate needs one."),
    })
    .describe("How to sign in. Who uses the Cloud sees nothing of it."),
  cloudName: z.string().min(1).max(256).describe("Which of the clouds in clouds.yaml."),
  regionName: z.string().min(1).max(255).optional().describe("Which of its regions; clouds.yaml's when absent."),
  namespaces: z
    .array(ObjectName.min(1))
    .max(1024)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("Namespaces that may use it, by name."),
  namespaceSelector: LabelSelector.optional().describe(
    "Namespaces that may use it besides, by their labels; an empty one selects all. Where there is neither, nobody may.",
  ),
});
export type CloudSpec = z.infer<typeof CloudSpec>;

const text = z.string().max(1024).optional();

export const CloudStatus = z.object({
  conditions: Conditions.max(32).optional(),
  authURL: text.describe("Where its Keystone is."),
  region: text,
  project: z.object({ id: text, name: text }).optional().describe("Which project its own credentials are for."),
  services: z
    .array(
      z.object({
        type: z.string().max(255).describe("As the catalog calls it."),
        url: text,
        version: text.describe("Of its API: v2.0."),
        minMicroversion: text,
        maxMicroversion: text,
      }),
    )
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
    .describe("What its catalog has."),
  lastSyncTime: z.string().meta({ format: "date-time" }).optional().describe("When it last gave a token."),
});
export type CloudStatus = z.infer<typeof CloudStatus>;

export type Cloud = Resource<CloudSpec, CloudStatus>;

export const clouds: ResourceType = {
  group: openstackGroup,
  version: "v1alpha1",
  plural: "clouds",
  kind: "Cloud",
  namespaced: false,
};

export const cloudKind: Kind = {
  type: clouds,
  singular: "cloud",
  shortNames: [],
  // Not among those of `kubectl get openstack`: who works in a namespace may not read it.
  categories: [],
  description: "An OpenStack cloud, its credentials, and which namespaces may use it.",
  spec: CloudSpec.describe("What is asked for."),
  status: CloudStatus.describe("What was seen last."),
  columns: [
    { name: "Available", type: "string", jsonPath: ".status.conditions[?(@.type=='Available')].status" },
    { name: "Region", type: "string", jsonPath: ".status.region" },
    { name: "Project", type: "string", jsonPath: ".status.project.name" },
    { name: "Message", type: "string", jsonPath: ".status.conditions[?(@.type=='Available')].message" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    { name: "Auth-URL", type: "string", jsonPath: ".status.authURL", priority: 1 },
  ],
};

/** Whether objects of `namespace` may use a Cloud. Pure. */
export function admits(
  { namespaces = [], namespaceSelector }: Pick<CloudSpec, "namespaces" | "namespaceSelector">,
  { metadata }: Pick<KubeObject, "metadata">,
): boolean {
  if (namespaces.includes(metadata.name)) return true;
  return namespaceSelector !== undefined && matches(namespaceSelector, metadata.labels ?? {});
}
