import { z } from "zod";
import type { Kind } from "./kind.ts";
import { Env, EnvFrom } from "./environment.ts";
import type { Resource, ResourceType } from "./meta.ts";
import { Placement } from "./placement.ts";
import { Lifecycle, Probe } from "./probes.ts";
import type { CelRule } from "./schema.ts";
import { Conditions, CpuList, ObjectName, Quantity, withRules } from "./schema.ts";
import { SecurityContext } from "./security-context.ts";
import { VolumeMounts, Volumes } from "./volumes.ts";

/**
 * distribution/reference's grammar: an optional registry, a lower-case repository, an optional tag and digest.
 * Written without look-around: CRD patterns are RE2.
 */
export const imageReference =
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

const noWayUp: CelRule = { rule: "!self.matches('/[.][.](/|$)')", message: "must not contain '..'" };

/** Refused by the Engine where it is no address after all. */
const IpAddress = z
  .string()
  .max(45)
  .regex(/^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*)$/);

// What goes into resolv.conf must not bring a line of its own.
const SearchDomain = z
  .string()
  .max(253)
  .regex(/^([a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]*[a-zA-Z0-9_])?)*\.?|\.)$/);
const ResolverWord = z
  .string()
  .max(63)
  .regex(/^[a-zA-Z0-9_-]+$/);

const Amounts = z.record(z.string().max(316), Quantity).meta({ maxProperties: 16 });

const resourcesOf = (amounts: typeof Amounts) =>
  z.object({
    requests: amounts.optional().describe("What the scheduler sets aside; the limits where absent."),
    limits: amounts.optional().describe("What the container can use at most."),
  });

/** A device has a name with a domain: vendor.example/gpu. */
const Resources = resourcesOf(
  withRules(Amounts, {
    rule: "self.all(k, k in ['cpu', 'memory', 'ephemeral-storage'] || k.contains('/'))",
    message:
      "resources are cpu (cores: 2, 500m), memory and ephemeral-storage (bytes: 128Mi, 1G), and devices by a name with a domain (vendor.example/gpu)",
  }),
);

const InitResources = resourcesOf(
  withRules(Amounts, {
    rule: "self.all(k, k in ['cpu', 'memory', 'ephemeral-storage'])",
    message: "resources of an initContainer are cpu (cores: 2, 500m), memory and ephemeral-storage (bytes: 128Mi, 1G)",
  }),
);

/** What the main container and the initContainers have alike. */
const processFields = {
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
  env: Env,
  envFrom: EnvFrom,
  volumeMounts: VolumeMounts,
  securityContext: SecurityContext.optional().describe("What its processes are allowed to."),
};

const InitContainer = z.object({
  name: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
  ...processFields,
  resources: InitResources.optional(),
});
export type InitContainer = z.infer<typeof InitContainer>;

export const ContainerSpec = z.object({
  ...processFields,
  resources: Resources.optional(),
  hostname: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
    .max(63)
    .optional()
    .describe("Host name inside the container; the object's name when absent."),
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
  initContainers: z
    .array(InitContainer)
    .max(16)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("Run one after the other before the container, each until it ends with exit code 0."),
  volumes: Volumes,
  restartOnConfigChange: z
    .boolean()
    .default(false)
    .describe(
      "Replace the container when a ConfigMap or Secret that it uses changes. Otherwise mounted files change in place, and variables with the next container.",
    ),
  livenessProbe: Probe.optional().describe("The container is restarted where it fails."),
  readinessProbe: Probe.optional().describe("The container is not Ready while it fails."),
  startupProbe: Probe.optional().describe(
    "The other probes begin once it succeeds; the container is restarted where it fails.",
  ),
  lifecycle: Lifecycle.optional(),
  hostNetwork: z.boolean().default(false).describe("Use the host's network instead of one of its own."),
  hostPID: z.boolean().default(false).describe("See the host's processes."),
  hostIPC: z.boolean().default(false).describe("Share the host's IPC namespace."),
  ulimits: z
    .array(
      withRules(
        z.object({
          name: z
            .enum([
              "core",
              "cpu",
              "data",
              "fsize",
              "locks",
              "memlock",
              "msgqueue",
              "nice",
              "nofile",
              "nproc",
              "rss",
              "rtprio",
              "rttime",
              "sigpending",
              "stack",
            ])
            .describe("As `docker run --ulimit` names it."),
          soft: z.int().min(-1).describe("-1 is no limit."),
          hard: z.int().min(-1),
        }),
        {
          rule: "self.hard == -1 || (self.soft != -1 && self.soft <= self.hard)",
          message: "soft must not be more than hard",
        },
      ),
    )
    .max(15)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }),
  shmSize: Quantity.optional().describe("Bytes of /dev/shm; 64Mi when absent."),
  dnsConfig: z
    .object({
      nameservers: z.array(IpAddress).max(3).optional().meta({ "x-kubernetes-list-type": "atomic" }),
      searches: z.array(SearchDomain).max(32).optional().meta({ "x-kubernetes-list-type": "atomic" }),
      options: z
        .array(z.object({ name: ResolverWord, value: ResolverWord.optional() }))
        .max(32)
        .optional()
        .meta({ "x-kubernetes-list-type": "atomic" }),
    })
    .optional()
    .describe("resolv.conf of the container; the Engine's own when absent."),
  hostAliases: z
    .array(
      z.object({
        ip: IpAddress,
        hostnames: z.array(ObjectName).min(1).max(64).meta({ "x-kubernetes-list-type": "atomic" }),
      }),
    )
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["ip"] })
    .describe("Further lines of /etc/hosts."),
  devices: z
    .array(
      z.object({
        hostPath: z
          .string()
          .max(1024)
          .regex(/^\/dev\/[^:]+$/)
          .meta({ "x-kubernetes-validations": [noWayUp] }),
        containerPath: z
          .string()
          .max(1024)
          .regex(/^\/[^:]+$/)
          .meta({ "x-kubernetes-validations": [noWayUp] })
          .optional()
          .describe("hostPath when absent."),
        permissions: z
          .string()
          .regex(/^[rwm]{1,3}$/)
          .default("rwm"),
      }),
    )
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["hostPath"] })
    .describe("Devices of the host. Needs a namespace whose Pod Security level is privileged."),
  cpuset: CpuList.optional().describe("CPUs of the host to run on: 0-2,7."),
  cpuPolicy: z
    .enum(["Shared", "Dedicated"])
    .default("Shared")
    .describe(
      "Dedicated: whole CPUs of its own, of one NUMA node where they fit into one; needs a whole number of cpus.",
    ),
  pidsLimit: z.int().min(1).optional().describe("Most processes and threads; no limit when absent."),
  logging: z
    .object({
      driver: z.string().min(1).max(64).describe("Logging driver of the Engine: json-file, local, journald, ..."),
      options: z.record(z.string(), z.string()).optional(),
    })
    .optional()
    .describe("Where the Engine writes what the container says; the Engine's default when absent."),
  imagePullSecrets: z
    .array(z.object({ name: ObjectName }))
    .max(16)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("Secrets of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg, to pull with."),
  imageUpdatePolicy: z
    .object({
      intervalSeconds: z.int().min(10).max(2_592_000).describe("How often the registry is asked."),
    })
    .optional()
    .describe("Replace the container when its tag stands for another image. Never when absent."),
  priorityClassName: ObjectName.optional().describe(
    "PriorityClass: who has more may take the place of who has less, and is placed first.",
  ),
  placement: Placement.optional().describe("Where to run."),
});
export type ContainerSpec = z.infer<typeof ContainerSpec>;

/** The spec of a container that an init container runs in: what it does not say itself, the Container says. */
export function initSpec(spec: ContainerSpec, init: InitContainer): ContainerSpec {
  return {
    ...spec,
    image: init.image,
    imagePullPolicy: init.imagePullPolicy,
    command: init.command,
    args: init.args,
    workingDir: init.workingDir,
    env: init.env,
    envFrom: init.envFrom,
    volumeMounts: init.volumeMounts,
    securityContext: init.securityContext,
    resources: init.resources,
    user: undefined,
    ports: undefined,
    restartPolicy: "Never",
    stopSignal: undefined,
    tty: false,
    stdin: false,
    initContainers: undefined,
    livenessProbe: undefined,
    readinessProbe: undefined,
    startupProbe: undefined,
    lifecycle: undefined,
  };
}

/** What was so before the present run. */
const TerminatedState = z.object({
  containerID: z.string().optional(),
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  startedAt: z.string().optional().meta({ format: "date-time" }),
  finishedAt: z.string().optional().meta({ format: "date-time" }),
});

const Time = z.string().meta({ format: "date-time" });

const Backoff = z.object({
  restarts: z.int().min(1).describe("Restarts in a row without a good run of ten minutes in between."),
  until: Time.optional().describe("When it is started again, once it has ended."),
});

const Condemned = z.object({
  startedAt: Time.describe("When that run began, as its host says it."),
  reason: z.string().describe("Why in one word: Unhealthy, PostStartHookFailed."),
  message: z.string(),
  graceSeconds: z.int().min(0),
});
export type Condemned = z.infer<typeof Condemned>;

const InitContainerStatus = z.object({
  name: z.string(),
  state: z.enum(["Waiting", "Running", "Terminated"]),
  reason: z.string().optional().describe("Of a run that has ended: Completed, Error, OOMKilled, CrashLoopBackOff."),
  exitCode: z.int().optional(),
  restartCount: z.int().min(0),
  containerID: z.string().optional(),
  imageID: z.string().optional(),
  startedAt: Time.optional(),
  finishedAt: Time.optional(),
  backoff: Backoff.optional(),
});
export type InitContainerStatus = z.infer<typeof InitContainerStatus>;

const AllocatedResources = z.object({
  cpu: Quantity.optional(),
  memory: Quantity.optional(),
  "ephemeral-storage": Quantity.optional(),
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
  eviction: z
    .object({
      reason: z.string().max(64).describe("Who asks: Preempted, Evicted, Drained, Maintenance."),
      message: z.string().max(1024),
      requestedAt: z.string().meta({ format: "date-time" }),
      hostLost: z
        .boolean()
        .optional()
        .describe(
          "Leave without asking the Host, which does not answer; what is left there is removed when it is back.",
        ),
    })
    .optional()
    .describe("Asks it to leave its Host: the container is stopped and removed there, then it is placed anew."),
  formerHosts: z
    .array(z.string())
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("Hosts that it left while they did not answer: something of it may run there until they are back."),
  priority: z.int().optional().describe("Of its PriorityClass when it was placed."),
  allocatedResources: AllocatedResources.optional().describe(
    "What is set aside for it on the Host. While it asks for more, the condition ResizePending says why.",
  ),
  releasing: z
    .object({
      allocatedResources: AllocatedResources.optional().describe("Of each amount of which it had more: how much."),
      cpuset: CpuList.optional(),
      devices: z
        .array(
          z.object({
            name: z.string().describe("Resource that was asked for."),
            ids: z.array(z.string()).meta({ "x-kubernetes-list-type": "set" }),
          }),
        )
        .optional()
        .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }),
    })
    .optional()
    .describe("What it had on the Host and no longer asks for: nobody else gets it before what runs does without."),
  cpuset: CpuList.optional().describe("CPUs of the Host that are its own: cpuPolicy Dedicated."),
  devices: z
    .array(
      z.object({
        name: z.string().describe("Resource that was asked for."),
        ids: z.array(z.string()).meta({ "x-kubernetes-list-type": "set" }),
        paths: z
          .array(z.string())
          .meta({ "x-kubernetes-list-type": "atomic" })
          .describe("What its container sees of them."),
      }),
    )
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("Devices of the Host that are its own."),
  containerID: z.string().optional().describe("docker://<id>."),
  imageID: z.string().optional().describe("Digest of the image that runs."),
  imageDigest: z
    .string()
    .optional()
    .describe("Digest of it in its repository, which is what its tag is compared with: imageUpdatePolicy."),
  addresses: z
    .array(z.object({ network: z.string(), ip: z.string(), mac: z.string().optional() }))
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  startedAt: z.string().optional().meta({ format: "date-time" }),
  finishedAt: z.string().optional().meta({ format: "date-time" }),
  exitCode: z.int().optional(),
  restartCount: z.int().min(0).optional(),
  lastState: TerminatedState.optional().describe("How the run before this one ended."),
  backoff: Backoff.optional().describe("There while restarts are put off because it keeps ending."),
  condemned: Condemned.optional().describe("The run that is being ended because it is not well."),
  postStarted: Time.optional().describe("Beginning of the run whose postStart hook is done."),
  initContainerStatuses: z
    .array(InitContainerStatus)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] }),
  conditions: Conditions.optional(),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

export type Container = Resource<ContainerSpec, ContainerStatus>;

const rulesAcrossFields: readonly CelRule[] = [
  {
    rule: "!has(self.user) || !has(self.securityContext) || !has(self.securityContext.runAsUser)",
    message: "user and securityContext.runAsUser say the same: give one of them",
    fieldPath: ".user",
  },
  {
    rule: "!has(self.volumeMounts) || cel.bind(names, has(self.volumes) ? self.volumes.map(v, v.name) : [], self.volumeMounts.all(m, m.name in names))",
    message: "every volumeMount needs a volume of its name in spec.volumes",
    fieldPath: ".volumeMounts",
  },
  {
    rule: "!has(self.initContainers) || cel.bind(names, has(self.volumes) ? self.volumes.map(v, v.name) : [], self.initContainers.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, m.name in names)))",
    message: "every volumeMount needs a volume of its name in spec.volumes",
    fieldPath: ".initContainers",
  },
  {
    rule: "!has(self.volumes) || cel.bind(names, self.volumes.filter(v, has(v.hostPath)).map(v, v.name), (!has(self.volumeMounts) || self.volumeMounts.all(m, !has(m.subPath) || !(m.name in names))) && (!has(self.initContainers) || self.initContainers.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, !has(m.subPath) || !(m.name in names)))))",
    message: "a hostPath cannot be mounted with a subPath: put the whole path into hostPath.path",
    fieldPath: ".volumeMounts",
  },
  {
    rule: "!has(self.volumes) || cel.bind(names, self.volumes.filter(v, has(v.emptyDir) && has(v.emptyDir.medium) && v.emptyDir.medium == 'Memory').map(v, v.name), (!has(self.volumeMounts) || names.all(n, self.volumeMounts.filter(m, m.name == n).size() <= 1) && self.volumeMounts.all(m, !has(m.subPath) || !(m.name in names))) && (!has(self.initContainers) || self.initContainers.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, !(m.name in names)))))",
    message:
      "an emptyDir of medium Memory ends with the container that mounts it: the main container alone can mount it, once, and without a subPath",
    fieldPath: ".volumes",
  },
  {
    rule: "!has(self.livenessProbe) || !has(self.livenessProbe.successThreshold) || self.livenessProbe.successThreshold == 1",
    message: "successThreshold must be 1 for a livenessProbe",
    fieldPath: ".livenessProbe",
  },
  {
    rule: "!has(self.startupProbe) || !has(self.startupProbe.successThreshold) || self.startupProbe.successThreshold == 1",
    message: "successThreshold must be 1 for a startupProbe",
    fieldPath: ".startupProbe",
  },
  {
    rule: "!has(self.hostNetwork) || !self.hostNetwork || !has(self.ports) || self.ports.all(p, !has(p.hostPort) || p.hostPort == p.containerPort)",
    message: "with hostNetwork the container's ports are the host's: hostPort must be the same as containerPort",
    fieldPath: ".ports",
  },
  {
    rule: "!has(self.hostNetwork) || !self.hostNetwork || !has(self.securityContext) || !has(self.securityContext.sysctls) || self.securityContext.sysctls.all(s, !s.name.startsWith('net'))",
    message: "with hostNetwork the parameters net.* would be the host's: leave them out",
    fieldPath: ".securityContext.sysctls",
  },
  {
    rule: "!has(self.hostIPC) || !self.hostIPC || !has(self.securityContext) || !has(self.securityContext.sysctls) || self.securityContext.sysctls.all(s, !s.name.matches('^(kernel[./](shm|msg|sem)|fs[./]mqueue[./])'))",
    message:
      "with hostIPC the parameters kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.* would be the host's: leave them out",
    fieldPath: ".securityContext.sysctls",
  },
  {
    rule: "!has(self.imageUpdatePolicy) || !self.image.contains('@')",
    message: "an image with a digest never moves: leave out imageUpdatePolicy, or the digest",
    fieldPath: ".imageUpdatePolicy",
  },
  {
    rule: "!has(self.imageUpdatePolicy) || !has(self.imagePullPolicy) || self.imagePullPolicy != 'Never'",
    message: "imageUpdatePolicy pulls, which imagePullPolicy Never forbids: give one of them",
    fieldPath: ".imageUpdatePolicy",
  },
  {
    rule: "!has(self.cpuPolicy) || self.cpuPolicy != 'Dedicated' || !has(self.cpuset)",
    message: "cpuPolicy Dedicated chooses the CPUs itself: leave out cpuset",
    fieldPath: ".cpuset",
  },
  {
    rule: "!has(self.cpuPolicy) || self.cpuPolicy != 'Dedicated' || (has(self.resources) && ((has(self.resources.limits) && 'cpu' in self.resources.limits) || (has(self.resources.requests) && 'cpu' in self.resources.requests)))",
    message: "cpuPolicy Dedicated needs resources.requests.cpu or resources.limits.cpu, a whole number",
    fieldPath: ".cpuPolicy",
  },
  {
    rule: "!has(self.cpuPolicy) || self.cpuPolicy != 'Dedicated' || !has(self.resources) || (has(self.resources.requests) && 'cpu' in self.resources.requests ? quantity(string(self.resources.requests['cpu'])).sign() > 0 : !has(self.resources.limits) || !('cpu' in self.resources.limits) || quantity(string(self.resources.limits['cpu'])).sign() > 0)",
    message: "cpuPolicy Dedicated needs one cpu or more: 0 is none",
    fieldPath: ".cpuPolicy",
  },
];

/**
 * Ours in metadata.finalizers: there may be something of it on a host. A Container has it before anything is made for it: from
 * its creation on, or, where no server of ours that runs controllers admitted it, from the first work on it.
 */
export const containerFinalizer = "stowage.dev/container";

/**
 * metadata.annotations: the full id of a container on placement.hostName that nobody's control plane made, and that the
 * Container takes over as it is. docs/adr/0005-adoption.md.
 */
export const adoptAnnotation = "stowage.dev/adopt";

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
  spec: withRules(ContainerSpec.describe("What is asked for."), ...rulesAcrossFields),
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
