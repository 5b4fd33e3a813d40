/**
 * From a container that somebody else made to the spec that describes it: the opposite of translate.ts. Pure. Whatever a
 * spec has no words for is told, so that nothing gets lost unnoticed. Source of the fields: moby api/swagger.yaml.
 */
import { z } from "zod";
import { ContainerSpec } from "../../crds/container.ts";
import { dnsLabel, takeLabel } from "../../crds/dns-label.ts";
import { formatBytes } from "../../crds/quantity.ts";
import { Inspect } from "./observe.ts";
import { HostConfig, inPlaceOf } from "./translate.ts";

const Texts = z.array(z.string()).nullish();
const TextMap = z.record(z.string(), z.string()).nullish();
const Keys = z.record(z.string(), z.unknown()).nullish();

const Healthcheck = z
  .object({
    Test: Texts,
    Interval: z.number().default(0),
    Timeout: z.number().default(0),
    StartPeriod: z.number().default(0),
    Retries: z.number().default(0),
  })
  .nullish();

/** What an image says of the containers that are made from it; all of it may be absent. */
const ImageConfig = z.looseObject({
  Env: Texts,
  Cmd: Texts,
  Entrypoint: Texts,
  ExposedPorts: Keys,
  Labels: TextMap,
  User: z.string().nullish(),
  WorkingDir: z.string().nullish(),
  StopSignal: z.string().nullish(),
  Healthcheck,
});

/** GET /images/ID/json. */
export const ImageInspect = z.object({ RepoTags: Texts, Config: ImageConfig.nullish() });
export type ImageInspect = z.infer<typeof ImageInspect>;

const Config = ImageConfig.extend({
  Image: z.string(),
  Hostname: z.string().default(""),
  Domainname: z.string().default(""),
  Tty: z.boolean().default(false),
  OpenStdin: z.boolean().default(false),
  StopTimeout: z.number().nullish(),
});

const Bindings = z.array(z.object({ HostIp: z.string().default(""), HostPort: z.string().default("") })).nullish();

const FullHostConfig = z.looseObject({
  ...HostConfig.shape,
  RestartPolicy: z.object({ Name: z.string(), MaximumRetryCount: z.number().default(0) }),
  MemorySwap: z.number().default(0),
  PortBindings: z.record(z.string(), Bindings).nullish(),
  NetworkMode: z.string().default("default"),
  PidMode: z.string().default(""),
  IpcMode: z.string().default(""),
  Runtime: z.string().default(""),
  LogConfig: z.object({ Type: z.string(), Config: TextMap }).optional(),
  CpusetCpus: z.string().default(""),
  PidsLimit: z.number().nullish(),
  ShmSize: z.number().default(0),
  Privileged: z.boolean().default(false),
  ReadonlyRootfs: z.boolean().default(false),
  CapAdd: Texts,
  CapDrop: Texts,
  GroupAdd: Texts,
  SecurityOpt: Texts,
  Sysctls: TextMap,
  Ulimits: z.array(z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() })).nullish(),
  Dns: Texts,
  DnsSearch: Texts,
  DnsOptions: Texts,
  ExtraHosts: Texts,
  Devices: z
    .array(z.object({ PathOnHost: z.string(), PathInContainer: z.string(), CgroupPermissions: z.string() }))
    .nullish(),
  Tmpfs: TextMap,
  MaskedPaths: Texts,
});

const Mount = z.object({
  Type: z.string(),
  Name: z.string().optional(),
  Source: z.string().default(""),
  Destination: z.string(),
  Driver: z.string().optional(),
  RW: z.boolean(),
  Propagation: z.string().default(""),
});

/** GET /containers/ID/json, all of it that says how the container was made. */
export const FullInspect = Inspect.extend({ Config, HostConfig: FullHostConfig, Mounts: z.array(Mount).nullish() });
export type FullInspect = z.infer<typeof FullInspect>;

/** What the Engine gives where nobody says anything: from GET /info. */
export interface EngineDefaults {
  readonly runtime: string;
  readonly loggingDriver: string;
}

export interface Description {
  /** As little of it as describes the container; ContainerSpec.parse fills in the rest. */
  readonly spec: Partial<z.input<typeof ContainerSpec>> & { readonly image: string };
  /** What the spec does not say: the container has it until it is replaced. */
  readonly lost: readonly string[];
  /** What the spec says in another way than Docker. */
  readonly notes: readonly string[];
}

type SpecInput = z.input<typeof ContainerSpec>;

/** What was found besides the spec. */
class Findings {
  readonly lost: string[] = [];
  readonly notes: string[] = [];

  lose(what: string): void {
    this.lost.push(what);
  }

  /** `value` where it is one that the spec takes; lost otherwise. */
  keep(what: string, value: string, { success }: { readonly success: boolean }): string | undefined {
    if (!success) this.lose(`${what} "${value}"`);
    return success ? value : undefined;
  }
}

/** `image` is what the container was made from; undefined where the Engine has it no more: then nothing counts as the image's. */
export function fromInspect(
  inspect: FullInspect,
  image: ImageInspect | undefined,
  defaults: EngineDefaults,
): Description {
  const findings = new Findings();
  const { Config: config, HostConfig: host } = inspect;
  const base = image?.Config ?? {};
  const onHost = host.NetworkMode === "host";
  const spec = {
    image: imageOf(config.Image, image, findings),
    ...entryOf(config, base),
    ...given("workingDir", config.WorkingDir === (base.WorkingDir ?? "") ? "" : (config.WorkingDir ?? "")),
    ...given("env", envOf(config, base, findings)),
    ...given("user", userOf(config, base, findings)),
    ...(onHost ? { hostNetwork: true } : given("hostname", hostnameOf(inspect, findings))),
    ...given("ports", portsOf(inspect, base, findings)),
    ...given("stopSignal", config.StopSignal === base.StopSignal ? undefined : config.StopSignal),
    // The Engine's own default: moby container/container.go, defaultStopTimeout. Ours is pods' 30.
    terminationGracePeriodSeconds: config.StopTimeout ?? 10,
    ...(config.Tty ? { tty: true } : {}),
    ...(config.OpenStdin ? { stdin: true } : {}),
    ...given("labels", labelsOf(config, base)),
    ...restartOf(host, findings),
    ...given("resources", resourcesOf(host, findings)),
    ...given("runtime", host.Runtime === defaults.runtime ? "" : host.Runtime),
    ...given("logging", loggingOf(host, defaults)),
    ...isolationOf(host, findings),
    ...volumesOf(inspect, findings),
    ...given("readinessProbe", probeOf(config, base, findings)),
  };
  networks(inspect, findings);
  unspoken("Config", config, configFields, base, findings);
  unspoken("HostConfig", host, hostFields, {}, findings);
  const { error } = ContainerSpec.safeParse(spec);
  if (error !== undefined) findings.lose(`what no Container may say: ${z.prettifyError(error)}`);
  return { spec, lost: findings.lost, notes: findings.notes };
}

/** The same with everything that is so by default. Undefined where no Container could be made of it. */
export function specOf({ spec }: Pick<Description, "spec">): ContainerSpec | undefined {
  return ContainerSpec.safeParse(spec).data;
}

type Image = z.infer<typeof ImageConfig>;
type Host = z.infer<typeof FullHostConfig>;
type OwnConfig = z.infer<typeof Config>;

/** Nothing where there is nothing to say. */
function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, NonNullable<V>>> {
  const empty =
    value === undefined ||
    value === null ||
    value === "" ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === "object" && Object.keys(value).length === 0);
  return empty ? {} : ({ [key]: value } as Record<K, NonNullable<V>>);
}

const imageReference = ContainerSpec.shape.image;

/** A container may have been made from an image's id, which names it on this host only. */
function imageOf(name: string, image: ImageInspect | undefined, findings: Findings): string {
  const isID = /^(sha256:)?[0-9a-f]{12,64}$/.test(name);
  if (!isID && imageReference.safeParse(name).success) return name;
  const [tag] = (image?.RepoTags ?? []).filter((one) => imageReference.safeParse(one).success);
  if (tag === undefined) findings.lose(`image "${name}" has no name by which another host could have it`);
  return tag ?? name.replace(/^sha256:/, "");
}

const same = (a: readonly string[] | null | undefined, b: readonly string[] | null | undefined): boolean =>
  JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

/** So that nothing of it stands for a variable: Docker takes every text as it is. */
const literal = (text: string): string => (/\$[$(]/.test(text) ? text.replaceAll("$", () => "$$") : text);

/** The opposite of translate.ts's entry(). */
function entryOf(config: OwnConfig, base: Image): Pick<SpecInput, "command" | "args"> {
  const entrypoint = (config.Entrypoint ?? []).filter((word, index) => index > 0 || word !== "");
  const cmd = config.Cmd ?? [];
  const [command, args] = [entrypoint.map(literal), cmd.map(literal)];
  if (same(entrypoint, base.Entrypoint)) {
    if (same(cmd, base.Cmd)) return {};
    if (cmd.length > 0) return { args };
  }
  // `--entrypoint ""`: what is left is the whole command.
  if (entrypoint.length === 0) return given("command", args);
  return { command, ...given("args", args) };
}

const envName = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

function envOf(config: OwnConfig, base: Image, findings: Findings): SpecInput["env"] {
  const inherited = new Set(base.Env ?? []);
  return (config.Env ?? [])
    .filter((entry) => !inherited.has(entry))
    .flatMap((entry) => {
      const equals = entry.indexOf("=");
      const name = equals < 0 ? entry : entry.slice(0, equals);
      if (envName.test(name) && equals > 0) return [{ name, value: literal(entry.slice(equals + 1)) }];
      findings.lose(`environment variable "${name}", whose name or form Kubernetes does not take`);
      return [];
    });
}

function userOf(config: OwnConfig, base: Image, findings: Findings): string | undefined {
  const user = config.User ?? "";
  if (user === (base.User ?? "")) return undefined;
  return findings.keep("user", user, ContainerSpec.shape.user.safeParse(user));
}

/** By default it is the beginning of the id, which nobody chose. */
function hostnameOf({ Id: id, Config: config }: FullInspect, findings: Findings): string | undefined {
  if (config.Domainname !== "") findings.lose(`domain name "${config.Domainname}"`);
  const { Hostname: hostname } = config;
  if (hostname === "" || hostname === id.slice(0, 12)) return undefined;
  return findings.keep("host name", hostname, ContainerSpec.shape.hostname.safeParse(hostname));
}

type Port = NonNullable<SpecInput["ports"]>[number];

function portsOf(
  { Config: config, HostConfig: host }: FullInspect,
  base: Image,
  findings: Findings,
): SpecInput["ports"] {
  const bindings = host.PortBindings ?? {};
  const fromImage = new Set(Object.keys(base.ExposedPorts ?? {}));
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter((key) => !fromImage.has(key));
  return [...new Set([...exposed, ...Object.keys(bindings)])].sort().flatMap((key) => {
    const [, port = "", protocol = ""] = /^(\d+)\/(tcp|udp|sctp)$/.exec(key) ?? [];
    if (port === "") {
      findings.lose(`port "${key}"`);
      return [];
    }
    const own: Port = { containerPort: Number(port), protocol: protocol.toUpperCase() as "TCP" | "UDP" | "SCTP" };
    return [{ ...own, ...publishedAs(key, bindings[key] ?? [], findings) }];
  });
}

function publishedAs(
  key: string,
  [first, ...more]: NonNullable<z.infer<typeof Bindings>>,
  findings: Findings,
): Pick<Port, "hostPort" | "hostIP"> {
  for (const { HostPort: port } of more) findings.lose(`port ${key} is published as ${port}, too`);
  if (first === undefined) return {};
  const hostPort = Number(first.HostPort);
  if (!/^\d+$/.test(first.HostPort) || hostPort === 0) {
    findings.lose(`port ${key} is published as any free port of the host`);
    return {};
  }
  return { hostPort, ...given("hostIP", first.HostIp) };
}

/** Those of the image come with it; those of Stowage say whose a container is, and are not part of it. */
function labelsOf(config: OwnConfig, base: Image): SpecInput["labels"] {
  const inherited = base.Labels ?? {};
  return Object.fromEntries(
    Object.entries(config.Labels ?? {})
      .filter(([key, value]) => inherited[key] !== value && !key.startsWith("stowage.dev/"))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function restartOf({ RestartPolicy: policy, ...host }: Host, findings: Findings): Pick<SpecInput, "restartPolicy"> {
  if (policy.MaximumRetryCount > 0) findings.lose(`at most ${policy.MaximumRetryCount} restarts (${policy.Name})`);
  const { restartPolicy } = inPlaceOf({ ...host, RestartPolicy: policy });
  return restartPolicy === "Always" ? {} : { restartPolicy };
}

/**
 * Requests are said even where they are none: the limits would stand for them otherwise, and a container that reserves
 * nothing would be told to.
 */
function resourcesOf(host: Host, findings: Findings): SpecInput["resources"] {
  const { cpuLimit, cpuShares, memoryLimit, memoryReservation } = inPlaceOf(host);
  const limits = {
    ...(cpuLimit === 0 ? {} : { cpu: String(cpuLimit) }),
    ...(memoryLimit === 0 ? {} : { memory: formatBytes(memoryLimit) }),
  };
  const requests = {
    ...(cpuShares === 0 && cpuLimit === 0 ? {} : { cpu: String(cpuShares / 1024) }),
    ...(memoryReservation === 0 && memoryLimit === 0 ? {} : { memory: formatBytes(memoryReservation) }),
  };
  swap(host, memoryLimit, findings);
  return { ...given("limits", limits), ...given("requests", requests) };
}

/** The Engine gives as much swap as memory where nobody says anything (moby daemon/daemon_unix.go); a Container has none. */
function swap({ MemorySwap: sum }: Host, memory: number, findings: Findings): void {
  if (memory === 0 || sum === memory || sum === 0) return;
  if (sum === 2 * memory) findings.notes.push("swap as large as its memory; a container that replaces it has none");
  else findings.lose(`swap (--memory-swap ${sum})`);
}

function loggingOf({ LogConfig: log }: Host, defaults: EngineDefaults): SpecInput["logging"] {
  const options = log?.Config ?? {};
  if (log === undefined || (log.Type === defaults.loggingDriver && Object.keys(options).length === 0)) return undefined;
  return { driver: log.Type, ...given("options", options) };
}

/** What keeps it apart from its host, and what it is given of it. */
function isolationOf(host: Host, findings: Findings): Partial<SpecInput> {
  return {
    ...given("securityContext", securityOf(host, findings)),
    ...hostNamespaces(host, findings),
    ...given("ulimits", ulimitsOf(host, findings)),
    // The Engine's own: moby daemon/config, DefaultShmSize.
    ...(host.ShmSize === 0 || host.ShmSize === 64 * 2 ** 20 ? {} : { shmSize: formatBytes(host.ShmSize) }),
    ...given("dnsConfig", {
      ...given("nameservers", host.Dns ?? []),
      ...given("searches", host.DnsSearch ?? []),
      ...given("options", (host.DnsOptions ?? []).map(dnsOption)),
    }),
    ...given("hostAliases", hostAliasesOf(host, findings)),
    ...given("devices", devicesOf(host, findings)),
    ...given("cpuset", host.CpusetCpus),
    ...((host.PidsLimit ?? 0) > 0 ? { pidsLimit: host.PidsLimit ?? 0 } : {}),
  };
}

function dnsOption(text: string): { name: string; value?: string } {
  const [name = "", value] = text.split(":", 2);
  return { name, ...(value === undefined ? {} : { value }) };
}

function securityOf(host: Host, findings: Findings): SpecInput["securityContext"] {
  const bare = (names: readonly string[] | null | undefined): string[] =>
    (names ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, ""));
  const [groups, named] = [/^\d+$/, /\D/].map((form) => (host.GroupAdd ?? []).filter((group) => form.test(group)));
  for (const group of named ?? []) findings.lose(`group "${group}"`);
  return {
    ...(host.Privileged ? { privileged: true } : {}),
    ...given("capabilities", { ...given("add", bare(host.CapAdd)), ...given("drop", bare(host.CapDrop)) }),
    ...(host.ReadonlyRootfs ? { readOnlyRootFilesystem: true } : {}),
    ...given("supplementalGroups", groups?.map(Number)),
    ...given(
      "sysctls",
      Object.entries(host.Sysctls ?? {}).map(([name, value]) => ({ name, value })),
    ),
    ...securityOptions(host, findings),
  };
}

function securityOptions(host: Host, findings: Findings): NonNullable<SpecInput["securityContext"]> {
  // With its default the Engine hides parts of /proc and /sys, except from who is privileged.
  if (!host.Privileged && host.MaskedPaths === null) findings.lose("systempaths=unconfined");
  let found: NonNullable<SpecInput["securityContext"]> = {};
  for (const option of host.SecurityOpt ?? []) {
    const [, key = option, value = ""] = /^([a-z-]+)[=:](.*)$/s.exec(option) ?? [];
    if (key === "no-new-privileges")
      found = { ...found, ...(value === "false" ? {} : { allowPrivilegeEscalation: false }) };
    else if (key === "seccomp" && value === "unconfined") found = { ...found, seccompProfile: { type: "Unconfined" } };
    else if (key === "seccomp") found = { ...found, seccompProfile: { type: "Localhost", localhostProfile: value } };
    // The Engine adds it to who is privileged.
    else if (!(host.Privileged && option === "label=disable")) findings.lose(`security option "${option}"`);
  }
  return found;
}

function hostNamespaces({ PidMode: pid, IpcMode: ipc }: Host, findings: Findings): Partial<SpecInput> {
  if (pid !== "" && pid !== "host") findings.lose(`pid namespace "${pid}"`);
  if (!["", "host", "private", "shareable"].includes(ipc)) findings.lose(`ipc namespace "${ipc}"`);
  return { ...(pid === "host" ? { hostPID: true } : {}), ...(ipc === "host" ? { hostIPC: true } : {}) };
}

type Ulimits = NonNullable<SpecInput["ulimits"]>;

function ulimitsOf({ Ulimits: ulimits }: Host, findings: Findings): SpecInput["ulimits"] {
  const { name: names } = ContainerSpec.shape.ulimits.unwrap().element.shape;
  return (ulimits ?? []).flatMap(({ Name, Soft: soft, Hard: hard }): Ulimits => {
    const name = names.safeParse(Name);
    if (name.success) return [{ name: name.data, soft, hard }];
    findings.lose(`ulimit "${Name}"`);
    return [];
  });
}

/** `name:ip`; addresses of IPv6 have colons, too. */
function hostAliasesOf({ ExtraHosts: extra }: Host, findings: Findings): SpecInput["hostAliases"] {
  const pairs = (extra ?? []).flatMap((entry) => {
    const [, hostname = "", ip = ""] = /^([^:]+):(.+)$/.exec(entry) ?? [];
    if (/^[0-9a-fA-F.:]+$/.test(ip)) return [{ hostname, ip }];
    findings.lose(`line "${entry}" of /etc/hosts`);
    return [];
  });
  return [...Map.groupBy(pairs, ({ ip }) => ip)].map(([ip, all]) => ({
    ip,
    hostnames: all.map(({ hostname }) => hostname),
  }));
}

function devicesOf({ Devices: devices }: Host, findings: Findings): SpecInput["devices"] {
  return (devices ?? []).flatMap(
    ({ PathOnHost: hostPath, PathInContainer: inside, CgroupPermissions: permissions }) => {
      if (!/^\/dev\/[^:]+$/.test(hostPath)) {
        findings.lose(`device "${hostPath}"`);
        return [];
      }
      return [
        {
          hostPath,
          ...given("containerPath", inside === hostPath ? "" : inside),
          ...given("permissions", permissions === "rwm" ? "" : permissions),
        },
      ];
    },
  );
}

type Volume = NonNullable<SpecInput["volumes"]>[number];
type VolumeMount = NonNullable<SpecInput["volumeMounts"]>[number];

/** Sorted: the Engine shows them in another order each time. */
function volumesOf({ HostConfig: host, Mounts: mounts }: FullInspect, findings: Findings): Partial<SpecInput> {
  const found = [
    ...(mounts ?? []).flatMap((mount) => volumeOf(mount, findings)),
    ...Object.entries(host.Tmpfs ?? {}).map(([path, options]) => tmpfsOf(path, options, findings)),
  ].sort((a, b) => (a.mount.mountPath < b.mount.mountPath ? -1 : 1));
  const taken = new Set<string>();
  const volumes: Volume[] = [];
  const volumeMounts: VolumeMount[] = [];
  for (const { source, mount } of found) {
    const name = takeLabel(dnsLabel(mount.mountPath), taken);
    volumes.push({ name, ...source });
    volumeMounts.push({ name, ...mount });
  }
  return { ...given("volumes", volumes), ...given("volumeMounts", volumeMounts) };
}

interface FoundVolume {
  readonly source: Omit<Volume, "name">;
  readonly mount: Omit<VolumeMount, "name">;
}

function volumeOf(mount: z.infer<typeof Mount>, findings: Findings): readonly FoundVolume[] {
  const {
    Type: type,
    Name: name,
    Source: path,
    Destination: mountPath,
    Driver: driver = "local",
    RW,
    Propagation,
  } = mount;
  const place = { mountPath, ...(RW ? {} : { readOnly: true }) };
  if (type === "bind") {
    if (!["", "rprivate", "private"].includes(Propagation))
      findings.lose(`propagation "${Propagation}" of the mount at ${mountPath}`);
    return [{ source: { hostPath: { path } }, mount: place }];
  }
  if (type === "volume" && name !== undefined)
    return [{ source: { dockerVolume: { name, ...(driver === "local" ? {} : { driver }) } }, mount: place }];
  if (type === "tmpfs") return [{ source: { emptyDir: { medium: "Memory" } }, mount: place }];
  findings.lose(`mount of type "${type}" at ${mountPath}`);
  return [];
}

function tmpfsOf(mountPath: string, options: string, findings: Findings): FoundVolume {
  const words = options.split(",").filter((word) => word !== "");
  const size = words.map((word) => /^size=(\d+)([kmg]?)b?$/i.exec(word)).find((match) => match !== null);
  const units: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
  const bytes = size && Number(size[1]) * (units[(size[2] ?? "").toLowerCase()] ?? 1);
  for (const word of words)
    if (!word.startsWith("size=") && !["rw", "ro", "nosuid", "nodev", "noexec"].includes(word))
      findings.lose(`option "${word}" of the tmpfs at ${mountPath}`);
  return {
    source: { emptyDir: { medium: "Memory", ...(bytes === undefined ? {} : { sizeLimit: formatBytes(bytes) }) } },
    mount: { mountPath, ...(words.includes("ro") ? { readOnly: true } : {}) },
  };
}

/** What Docker only shows, and never acts on. Source of the form: moby api/types/container/config.go, HealthConfig. */
function probeOf(config: OwnConfig, base: Image, findings: Findings): SpecInput["readinessProbe"] {
  const { Healthcheck: check } = config;
  const [kind, ...words] = check?.Test ?? [];
  if (check === undefined || check === null || kind === undefined) return undefined;
  if (JSON.stringify(check) === JSON.stringify(base.Healthcheck)) return undefined;
  if (kind === "NONE") {
    findings.lose("the image's HEALTHCHECK is switched off");
    return undefined;
  }
  findings.notes.push("its health check becomes a readinessProbe");
  const seconds = (nanoseconds: number, otherwise: number): number =>
    nanoseconds === 0 ? otherwise : Math.max(1, Math.round(nanoseconds / 1e9));
  return {
    exec: { command: kind === "CMD-SHELL" ? ["/bin/sh", "-c", words.join(" ")] : words },
    // Docker's defaults: moby daemon/health.go.
    periodSeconds: seconds(check.Interval, 30),
    timeoutSeconds: seconds(check.Timeout, 30),
    failureThreshold: check.Retries === 0 ? 3 : check.Retries,
    ...(check.StartPeriod === 0 ? {} : { initialDelaySeconds: seconds(check.StartPeriod, 0) }),
  };
}

function networks({ HostConfig: host, NetworkSettings: { Networks: all } }: FullInspect, findings: Findings): void {
  const ordinary = ["default", "bridge", "host"];
  const joined = Object.keys(all ?? {}).filter((name) => !ordinary.includes(name));
  if (!ordinary.includes(host.NetworkMode) && !joined.includes(host.NetworkMode)) joined.unshift(host.NetworkMode);
  for (const name of joined) findings.lose(`network "${name}", and its name there`);
}

/** Those that are said above, and those that say nothing of how a container runs. */
const configFields: ReadonlySet<string> = new Set([
  ...["Image", "Hostname", "Domainname", "User", "Env", "Cmd", "Entrypoint", "WorkingDir", "Labels", "ExposedPorts"],
  ...["Tty", "OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr", "StopSignal", "StopTimeout"],
  ...["Healthcheck", "Volumes", "OnBuild", "ArgsEscaped", "Shell"],
]);
const hostFields: ReadonlySet<string> = new Set([
  ...["Binds", "Mounts", "VolumesFrom", "Tmpfs", "ContainerIDFile", "LogConfig", "NetworkMode", "PortBindings"],
  ...["RestartPolicy", "CapAdd", "CapDrop", "CgroupnsMode", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd"],
  ...["IpcMode", "PidMode", "Privileged", "ReadonlyRootfs", "SecurityOpt", "ShmSize", "Runtime", "ConsoleSize"],
  ...["CpuShares", "Memory", "NanoCpus", "CpuPeriod", "CpuQuota", "CpusetCpus", "Devices", "MemoryReservation"],
  ...["MemorySwap", "PidsLimit", "Ulimits", "Sysctls", "MaskedPaths", "ReadonlyPaths"],
]);

/** Whatever else was asked for when it was made. Source of what says nothing: the zero values of Go, and -1. */
function unspoken(
  where: string,
  fields: Readonly<Record<string, unknown>>,
  spoken: ReadonlySet<string>,
  base: Readonly<Record<string, unknown>>,
  findings: Findings,
): void {
  for (const [field, value] of Object.entries(fields)) {
    if (spoken.has(field) || saysNothing(value) || JSON.stringify(value) === JSON.stringify(base[field])) continue;
    findings.lose(`${where}.${field} ${JSON.stringify(value)}`);
  }
}

function saysNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === -1 || value === false)
    return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
