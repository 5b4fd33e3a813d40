import { z } from "zod";
import type { Kind } from "./kind.ts";
import type { Resource, ResourceType } from "./meta.ts";
import { taintEffects } from "./placement.ts";
import { Conditions, CpuList, LabelKey, Quantity, withRules } from "./schema.ts";

export const DockerEndpoint = z.object({
  endpoint: z
    .string()
    .regex(/^(unix:\/\/\/.+|tcp:\/\/[^/\s]+:[0-9]{1,5}|ssh:\/\/([a-zA-Z0-9._-]+@)?[a-zA-Z0-9.:\[\]-]+(\/.*)?)$/)
    .describe(
      "Where the Engine listens: unix:///var/run/docker.sock, tcp://host:2376, or ssh://[user@]host[:port][/path/of/docker.sock], as docker's own -H has them; the user is root where none is named.",
    ),
  ssh: z
    .object({
      secretRef: z
        .object({ namespace: z.string().min(1), name: z.string().min(1) })
        .meta({ "x-kubernetes-map-type": "atomic" })
        .describe("Secret of type kubernetes.io/ssh-auth with the keys ssh-privatekey and known_hosts."),
    })
    .optional()
    .describe("Key for an ssh endpoint."),
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

const Taint = z.object({
  key: LabelKey,
  value: z.string().max(63).optional(),
  effect: z
    .enum(taintEffects)
    .describe("NoSchedule keeps Containers away that do not tolerate it, NoExecute also moves those that are there."),
  timeAdded: z.string().optional().meta({ format: "date-time" }).describe("When it began, for NoExecute."),
});
export type Taint = z.infer<typeof Taint>;

const percent = z.int().min(1).max(100);

export const HostSpec = z.object({
  docker: DockerEndpoint.describe("A Docker Engine."),
  unschedulable: z.boolean().default(false).describe("Take no further Containers; those that run there stay."),
  maintenance: z
    .boolean()
    .default(false)
    .describe("Take no further Containers, and move those away that may move, as DisruptionBudgets allow."),
  taints: z
    .array(Taint)
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key", "effect"] })
    .describe("What Containers have to tolerate to run here."),
  reserved: z
    .record(z.string().max(316), Quantity)
    .optional()
    .describe("What is kept from Containers, of cpu, memory and ephemeral-storage."),
  devices: z
    .array(
      z.object({
        name: LabelKey.describe("Resource that Containers ask for: vendor.example/gpu."),
        paths: z
          .array(
            z
              .string()
              .max(1024)
              .regex(/^\/dev\/[^:]+$/),
          )
          .min(1)
          .max(256)
          .meta({ "x-kubernetes-list-type": "atomic" })
          .describe("One device each; a Container gets as many as it asks for."),
      }),
    )
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("Devices that Containers can ask for, besides those that the host reports."),
  imageGC: z
    .object({
      highThresholdPercent: percent
        .default(85)
        .describe("Fullness of the Engine's disk at which images are removed; 100 switches it off."),
      lowThresholdPercent: percent.default(80).describe("Fullness down to which they are."),
      minimumAgeSeconds: z.int().min(0).default(120).describe("Images that were unused for less stay."),
    })
    .optional()
    .describe("When unused images are removed; kubelet's defaults when absent."),
  diskPressurePercent: percent
    .default(90)
    .describe("Fullness of the Engine's disk at which the Host takes no further Containers."),
});
export type HostSpec = z.infer<typeof HostSpec>;

/** As many as kubelet tells of (nodeStatusMaxImages). */
const mostImages = 50;

const Amounts = z.record(z.string().max(316), Quantity);

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
  disks: z
    .array(
      z.object({
        name: z.string().describe("data, where volumes and logs are, or images, where that is another file system."),
        capacity: Quantity,
        usedPercent: z.int().min(0).max(100),
      }),
    )
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("How full the Engine's disk is, looked at once a minute."),
  runtimes: z.array(z.string()).optional().meta({ "x-kubernetes-list-type": "set" }).describe("OCI runtimes, by name."),
  defaultRuntime: z.string().optional(),
  numa: z
    .array(
      z.object({
        id: z.int().min(0),
        cpus: CpuList.describe("Its CPUs: 0-3,8-11."),
      }),
    )
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"] })
    .describe("NUMA nodes, with the CPUs that are online. Without them no Container gets CPUs of its own."),
  devices: z
    .array(
      z.object({
        name: z.string().describe("Resource that Containers ask for: pci.stowage.dev/10de_1eb8."),
        ids: z.array(z.string()).meta({ "x-kubernetes-list-type": "set" }).describe("One device each."),
        paths: z
          .record(z.string(), z.array(z.string()).meta({ "x-kubernetes-list-type": "atomic" }))
          .describe("What a container has to see of each device, by its id: /dev/vfio/12."),
      }),
    )
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("Devices that the host reports, besides those of spec.devices."),
  images: z
    .array(
      z.object({
        names: z
          .array(z.string())
          .meta({ "x-kubernetes-list-type": "atomic" })
          .describe("References under which the host has it: by tag and by digest."),
        sizeBytes: z.int().min(0).optional(),
      }),
    )
    .max(mostImages)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Images that the host has, the largest first."),
  taints: z
    .array(Taint)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key", "effect"] })
    .describe("Taints that the Host has for what was seen of it, besides those of spec.taints."),
  containers: z.int().min(0).optional().describe("Containers of ours on the host."),
  orphans: z
    .array(z.string())
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe(
      "Containers that carry our labels but belong to no object, by name, and volumes whose containers are gone as well, as `volume NAME`. They are reported, never removed.",
    ),
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
  spec: withRules(
    HostSpec.describe("What is asked for."),
    {
      rule: "!has(self.docker.tls) || self.docker.endpoint.startsWith('tcp://')",
      message: "tls is for tcp:// endpoints: a unix socket has none",
      fieldPath: ".docker.tls",
    },
    {
      rule: "has(self.docker.ssh) == self.docker.endpoint.startsWith('ssh://')",
      message: "ssh is for ssh:// endpoints, which need it",
      fieldPath: ".docker.ssh",
    },
    {
      rule: "!has(self.imageGC) || self.imageGC.lowThresholdPercent <= self.imageGC.highThresholdPercent",
      message: "lowThresholdPercent must not be above highThresholdPercent",
      fieldPath: ".imageGC",
    },
  ),
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
