import { z } from "zod";
import type { Kind } from "./kind.ts";
import type { Resource, ResourceType } from "./meta.ts";
import { Conditions, LabelSelector, Quantity, withRules } from "./schema.ts";

/**
 * distribution/reference's grammar: an optional registry, a lower-case repository, an optional tag and digest.
 * Written without look-around: CRD patterns are RE2.
 */
const imageReference =
  /^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]+)?\/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[a-f0-9]{64})?$/;

export const ContainerPort = z.object({
  containerPort: z.int().min(1).max(65535).describe("Port that the container listens on."),
  hostPort: z
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe("Port of the host that leads to it. Nothing is published without one."),
  hostIP: z
    .string()
    .regex(/^[0-9a-fA-F.:]+$/)
    .max(45)
    .optional()
    .describe("Address of the host that hostPort is bound to; all of them when absent."),
  protocol: z.enum(["TCP", "UDP", "SCTP"]).default("TCP"),
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
    .max(15)
    .optional(),
});

const ResourceList = z.object({
  cpu: Quantity.optional().describe("Cores: 2, 500m."),
  memory: Quantity.optional().describe("Bytes: 128Mi, 1G."),
});

export const ContainerSpec = z.object({
  image: z
    .string()
    .max(1024)
    .regex(imageReference)
    .describe("Image to run, as `docker pull` takes it: [registry/]repository[:tag][@digest]."),
  imagePullPolicy: z
    .enum(["Always", "IfNotPresent", "Never"])
    .optional()
    .describe("When to pull. Always where the tag is latest or absent, IfNotPresent otherwise."),
  command: z
    .array(z.string())
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Replaces the image's ENTRYPOINT."),
  args: z
    .array(z.string())
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Replaces the image's CMD. Where command is given and args is not, the image's CMD is dropped."),
  workingDir: z.string().min(1).optional().describe("Replaces the image's WORKDIR."),
  hostname: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
    .max(63)
    .optional()
    .describe("Host name inside the container; the object's name when absent."),
  env: z
    .array(
      z.object({
        name: z
          .string()
          .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/)
          .describe("Name of the variable."),
        value: z.string().default("").describe("Its value, taken literally."),
      }),
    )
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("Environment variables, added to the image's own."),
  ports: withRules(
    z
      .array(ContainerPort)
      .max(128)
      .optional()
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["containerPort", "protocol"] })
      .describe("Ports that the container listens on."),
    {
      rule: "self.all(p, !has(p.hostPort) || self.exists_one(q, has(q.hostPort) && q.hostPort == p.hostPort && q.protocol == p.protocol && (has(q.hostIP) ? q.hostIP : '') == (has(p.hostIP) ? p.hostIP : '')))",
      message: "two ports ask for the same hostPort: each hostPort, protocol and hostIP can be used once",
    },
  ),
  resources: z
    .object({
      requests: ResourceList.optional().describe("What the scheduler sets aside; the limits where absent."),
      limits: ResourceList.optional().describe("What the container can use at most."),
    })
    .optional(),
  restartPolicy: z
    .enum(["Always", "OnFailure", "Never"])
    .default("Always")
    .describe("Whether the container is started again after it ended."),
  runState: z
    .enum(["Running", "Stopped", "Paused"])
    .default("Running")
    .describe("Whether the container should run now. Stopped and Paused keep what is in it."),
  stopSignal: z
    .string()
    .regex(/^(SIG)?[A-Z0-9+-]+$/)
    .optional()
    .describe("Signal that asks the container to end; the image's STOPSIGNAL or SIGTERM when absent."),
  terminationGracePeriodSeconds: z
    .int()
    .min(0)
    .max(2147483647)
    .default(30)
    .describe("Seconds between the stop signal and SIGKILL."),
  tty: z.boolean().default(false).describe("Give the container a terminal."),
  stdin: z.boolean().default(false).describe("Keep the container's standard input open."),
  user: z
    .string()
    .regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*(:[a-zA-Z0-9_][a-zA-Z0-9_.-]*)?$/)
    .optional()
    .describe("User, or user:group, by name or number; the image's USER when absent."),
  labels: withRules(
    z
      .record(z.string(), z.string())
      .optional()
      .describe("Labels for the container on its host (metadata.labels stay in the API)."),
    {
      rule: "self.all(k, !k.startsWith('stowage.dev/'))",
      message: "labels that begin with stowage.dev/ say who owns a container and cannot be set here",
    },
  ),
  runtime: z.string().min(1).optional().describe("OCI runtime of the host, by name; the host's default when absent."),
  placement: z
    .object({
      hostName: z.string().min(1).optional().describe("The one Host to run on."),
      hostSelector: LabelSelector.optional().describe("Labels that the Host must have."),
    })
    .optional()
    .describe("Where to run."),
});
export type ContainerSpec = z.infer<typeof ContainerSpec>;

/** What was so before the present run. */
const TerminatedState = z.object({
  containerID: z.string().optional(),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  startedAt: z.string().optional().meta({ format: "date-time" }),
  finishedAt: z.string().optional().meta({ format: "date-time" }),
});

export const ContainerStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  phase: z.enum(["Pending", "Running", "Succeeded", "Failed", "Stopped", "Paused", "Unknown"]).optional(),
  summary: z
    .string()
    .optional()
    .describe("What `get` shows as STATUS: the phase, or in one word why it is not yet as asked (ImagePullBackOff)."),
  message: z.string().optional().describe("The same for people, in a sentence."),
  hostName: z.string().optional().describe("The Host that the scheduler chose."),
  containerID: z.string().optional().describe("docker://<id>."),
  imageID: z.string().optional().describe("Digest of the image that runs."),
  addresses: z
    .array(z.object({ network: z.string(), ip: z.string(), mac: z.string().optional() }))
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  startedAt: z.string().optional().meta({ format: "date-time" }),
  finishedAt: z.string().optional().meta({ format: "date-time" }),
  exitCode: z.int().optional(),
  restartCount: z.int().min(0).optional(),
  lastState: TerminatedState.optional().describe("How the run before this one ended."),
  conditions: Conditions.optional(),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

export type Container = Resource<ContainerSpec, ContainerStatus>;

export const containers: ResourceType = {
  group: "stowage.dev",
  version: "v1alpha1",
  plural: "containers",
  kind: "Container",
  namespaced: true,
};

export const containerKind: Kind = {
  type: containers,
  singular: "container",
  shortNames: ["ctr"],
  categories: ["all"],
  description: "One container that runs on one Host, and stays as declared.",
  spec: ContainerSpec.describe("What is asked for."),
  status: ContainerStatus.describe("What was seen last."),
  columns: [
    { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: "Status", type: "string", jsonPath: ".status.summary" },
    { name: "Restarts", type: "integer", jsonPath: ".status.restartCount" },
    { name: "Host", type: "string", jsonPath: ".status.hostName" },
    { name: "Image", type: "string", jsonPath: ".spec.image" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    { name: "IP", type: "string", jsonPath: ".status.addresses[0].ip", priority: 1 },
    { name: "Container-ID", type: "string", jsonPath: ".status.containerID", priority: 1 },
    { name: "Message", type: "string", jsonPath: ".status.message", priority: 1 },
  ],
};
