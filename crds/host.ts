import { z } from "zod";
import type { Kind } from "./kind.ts";
import type { Resource, ResourceType } from "./meta.ts";
import { Conditions, Quantity, withRules } from "./schema.ts";

export const DockerEndpoint = z.object({
  endpoint: z
    .string()
    .regex(/^(unix:\/\/\/.+|tcp:\/\/[^/\s]+:[0-9]{1,5})$/)
    .describe("Where the Engine listens: unix:///var/run/docker.sock or tcp://host:2376."),
  tls: z
    .object({
      secretRef: z
        .object({ namespace: z.string().min(1), name: z.string().min(1) })
        .meta({ "x-kubernetes-map-type": "atomic" })
        .describe("Secret of type kubernetes.io/tls with the keys ca.crt, tls.crt and tls.key."),
      serverName: z
        .string()
        .min(1)
        .optional()
        .describe("Name in the Engine's certificate, where it is not the endpoint's."),
    })
    .optional()
    .describe("Client certificate for a tcp endpoint. Without it the connection is plain."),
});

export const HostSpec = z.object({
  docker: DockerEndpoint.describe("A Docker Engine."),
  unschedulable: z.boolean().default(false).describe("Take no further Containers; those that run there stay."),
});
export type HostSpec = z.infer<typeof HostSpec>;

const Amounts = z.object({ cpu: Quantity.optional(), memory: Quantity.optional() });

export const HostStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  engine: z
    .object({
      type: z.string().describe("docker."),
      version: z.string(),
      apiVersion: z.string().describe("The version agreed on with the Engine, not its newest."),
    })
    .optional(),
  operatingSystem: z.string().optional(),
  kernelVersion: z.string().optional(),
  architecture: z.string().optional(),
  capacity: Amounts.optional().describe("What the host has."),
  allocatable: Amounts.optional().describe("What Containers can ask for."),
  runtimes: z.array(z.string()).optional().meta({ "x-kubernetes-list-type": "set" }).describe("OCI runtimes, by name."),
  defaultRuntime: z.string().optional(),
  containers: z.int().min(0).optional().describe("Containers of ours on the host."),
  orphans: z
    .array(z.string())
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Containers that carry our labels but belong to no object, by name. They are reported, never removed."),
  lastHeartbeatTime: z.string().optional().meta({ format: "date-time" }),
  conditions: Conditions.optional(),
});
export type HostStatus = z.infer<typeof HostStatus>;

export type Host = Resource<HostSpec, HostStatus>;

export const hosts: ResourceType = {
  group: "stowage.dev",
  version: "v1alpha1",
  plural: "hosts",
  kind: "Host",
  namespaced: false,
};

export const hostKind: Kind = {
  type: hosts,
  singular: "host",
  shortNames: [],
  categories: [],
  description: "Somewhere Containers can run: a Docker Engine.",
  spec: withRules(HostSpec.describe("What is asked for."), {
    rule: "!has(self.docker.tls) || self.docker.endpoint.startsWith('tcp://')",
    message: "tls is for tcp:// endpoints: a unix socket has none",
    fieldPath: ".docker.tls",
  }),
  status: HostStatus.describe("What was seen last."),
  columns: [
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Engine", type: "string", jsonPath: ".status.engine.version" },
    { name: "CPU", type: "string", jsonPath: ".status.allocatable.cpu" },
    { name: "Memory", type: "string", jsonPath: ".status.allocatable.memory" },
    { name: "Containers", type: "integer", jsonPath: ".status.containers" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    { name: "Endpoint", type: "string", jsonPath: ".spec.docker.endpoint", priority: 1 },
    { name: "OS", type: "string", jsonPath: ".status.operatingSystem", priority: 1 },
    { name: "Kernel", type: "string", jsonPath: ".status.kernelVersion", priority: 1 },
  ],
};
