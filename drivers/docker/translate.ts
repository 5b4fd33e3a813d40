/** From what is asked for to what the Engine is told. Pure. */
import { z } from "zod";
import type { Container, ContainerSpec } from "../../crds/container.ts";
import { initSpec } from "../../crds/container.ts";
import { parseQuantity } from "../../crds/quantity.ts";
import type { InPlace } from "../driver.ts";
import { connectsInside } from "../../crds/probes.ts";
import type { Inputs, ProcessInputs } from "../inputs.ts";
import { labels } from "../labels.ts";
import { ownVolumes } from "../own-volumes.ts";
import { encodeSpecHash, specHash } from "../spec-hash.ts";
import type { IsolationConfig } from "./isolation.ts";
import { isolation, userOf } from "./isolation.ts";
import type { MountConfig, VolumeOwner } from "./mounts.ts";
import { mountConfig } from "./mounts.ts";
import { toolboxFolder } from "./toolbox/paths.ts";

/** Who creates, and where: goes into labels. */
export interface Place {
  readonly instance: string;
  readonly hostName: string;
}

/** Body of POST /containers/create: the fields that we use. Source: moby api/swagger.yaml. */
export interface CreateBody {
  readonly Image: string;
  readonly Hostname?: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly StopSignal?: string;
  readonly StopTimeout: number;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly HostConfig: Resources &
    IsolationConfig &
    MountConfig & {
      readonly PortBindings: Readonly<
        Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>
      >;
      readonly RestartPolicy: RestartPolicy;
      readonly Runtime?: string;
    };
}

/** The part of HostConfig that POST /containers/ID/update changes. Zero and absent mean "as it was" there. */
export interface Resources {
  CpuPeriod?: number;
  CpuQuota?: number;
  CpuShares?: number;
  Memory?: number;
  MemorySwap?: number;
  MemoryReservation?: number;
  CpusetCpus?: string;
  PidsLimit?: number;
}

export interface UpdateBody extends Resources {
  RestartPolicy?: RestartPolicy;
}

interface RestartPolicy {
  readonly Name: string;
}

/** The name of a container on its host: readable, and another one for another object of the same name. */
export function hostSideName({ metadata }: Pick<Container, "metadata">, initContainer?: string): string {
  const name = `${metadata.namespace ?? ""}_${metadata.name}_${metadata.uid.slice(0, 8)}`;
  return initContainer === undefined ? name : `${name}_${initContainer}`;
}

/** What a create is about: the Container itself, or one of its init containers. */
export interface Making {
  readonly initContainer?: string;
  /** See drivers/driver.ts, Beside. */
  readonly inputs?: Inputs | undefined;
  /** Volume that has the toolbox, where {@link needsToolbox}. */
  readonly toolbox?: string;
  /** The image's USER, where {@link needsImageUser}. */
  readonly imageUser?: string;
}

/** Throws StepError where the Container may not run as it would. */
export function createBody(container: Container, place: Place, making: Making = {}): CreateBody {
  const { metadata } = container;
  const { initContainer, inputs, toolbox, imageUser = "" } = making;
  const spec = specOf(container, initContainer);
  const process = initContainer === undefined ? inputs?.main : inputs?.initContainers.get(initContainer);
  const ports = (spec.ports ?? []).map((port) => ({
    ...port,
    key: `${port.containerPort}/${port.protocol.toLowerCase()}`,
  }));
  return {
    Image: spec.image,
    // On the host's network it has the host's name, as a pod has.
    ...given("Hostname", spec.hostname ?? (spec.hostNetwork ? undefined : defaultHostname(metadata.name))),
    Labels: {
      ...spec.labels,
      [labels.instance]: place.instance,
      [labels.host]: place.hostName,
      [labels.namespace]: metadata.namespace ?? "",
      [labels.name]: metadata.name,
      [labels.uid]: metadata.uid,
      // An init container's, too: it tells which container it was run for.
      [labels.specHash]: encodeSpecHash(specHash(container.spec)),
      [labels.initContainer]: initContainer ?? "",
      ...sourceLabels(container.spec, inputs),
    },
    ...entry(process ?? spec),
    Env: environment(spec, process),
    ...given("WorkingDir", spec.workingDir),
    ...given("User", userOf(spec, imageUser)),
    Tty: spec.tty,
    OpenStdin: spec.stdin,
    ...given("StopSignal", spec.stopSignal),
    StopTimeout: spec.terminationGracePeriodSeconds,
    ExposedPorts: Object.fromEntries(ports.map(({ key }) => [key, {}])),
    HostConfig: {
      ...resources(inPlace(spec)),
      ...isolation(spec),
      ...mounting({ ...place, ...ownerOf(container) }, spec, toolbox),
      PortBindings: Object.fromEntries(
        ports.flatMap(({ key, hostPort, hostIP }) =>
          hostPort === undefined || spec.hostNetwork
            ? []
            : [[key, [{ HostIp: hostIP ?? "", HostPort: String(hostPort) }]]],
        ),
      ),
      RestartPolicy: { Name: restartPolicies[spec.restartPolicy] },
      ...given("Runtime", spec.runtime),
    },
  };
}

/** Whether {@link Making.toolbox} is needed. */
export const needsToolbox = (container: Container, initContainer: string | undefined): boolean =>
  initContainer === undefined && connectsInside(container.spec);

/** The spec of what is made. Throws TypeError for an init container that the spec does not have. */
export function specOf({ spec }: Container, initContainer: string | undefined): ContainerSpec {
  if (initContainer === undefined) return spec;
  const init = spec.initContainers?.find(({ name }) => name === initContainer);
  if (init === undefined) throw new TypeError(`There is no init container "${initContainer}" in the spec`);
  return initSpec(spec, init);
}

const ownerOf = ({ metadata: { namespace = "", name, uid } }: Container) => ({ namespace, name, uid });

function mounting(owner: VolumeOwner, spec: ContainerSpec, toolbox: string | undefined): MountConfig {
  const config = mountConfig(owner, spec.volumes, spec.volumeMounts);
  if (toolbox === undefined) return config;
  return { ...config, Binds: [...(config.Binds ?? []), `${toolbox}:${toolboxFolder}:ro`] };
}

function environment(spec: ContainerSpec, process: ProcessInputs | undefined): readonly string[] {
  const literal = (spec.env ?? []).map(({ name, value = "" }) => [name, value] as const);
  return [...(process?.env ?? literal)].map(([name, value]) => `${name}=${value}`);
}

/** What it was made from besides its spec. Empty says so: an image that was made of a container of ours has labels, too. */
function sourceLabels(spec: ContainerSpec, inputs: Inputs | undefined): Readonly<Record<string, string>> {
  return {
    [labels.config]: encodeSpecHash(inputs?.config ?? {}),
    [labels.volumes]: ownVolumes(spec)
      .map(({ name }) => name)
      .join(","),
  };
}

/**
 * Kubernetes' rule: command without args drops the image's CMD too; an empty list is as good as none. The Engine
 * itself takes the image's CMD only where there is no Entrypoint (moby daemon/commit.go, merge).
 */
function entry(spec: {
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
}): Pick<CreateBody, "Entrypoint" | "Cmd"> {
  const args = spec.args ?? [];
  if (spec.command !== undefined && spec.command.length > 0) return { Entrypoint: spec.command, Cmd: args };
  return args.length > 0 ? { Cmd: args } : {};
}

/** Source: truncatePodHostnameIfNeeded in kubernetes/pkg/kubelet/kubelet_pods.go. */
function defaultHostname(name: string): string {
  return name.slice(0, 63).replace(/[-.]+$/, "");
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

/**
 * The Engine restarts by itself, also while Stowage is away. `unless-stopped` rather than `always`: what was stopped by
 * runState stays stopped when the Engine restarts. Its price: a dockerd that was killed, and finds its containers still
 * running without live-restore, stops them as if by hand (moby daemon/daemon.go, restore) and leaves it to us to start them.
 */
const restartPolicies: Readonly<Record<ContainerSpec["restartPolicy"], string>> = {
  Always: "unless-stopped",
  OnFailure: "on-failure",
  Never: "no",
};

// Bounds of the kernel and how requests become weights: kubernetes/pkg/kubelet/cm/helpers_linux.go.
const cpuPeriod = 100_000;
const minCpuQuota = 1_000;
const sharesPerCore = 1024;
const minShares = 2;
const maxShares = 262_144;

/** The least that the Engine accepts as a reservation (moby daemon/daemon_unix.go, linuxMinMemory). */
const minReservation = 6 * 2 ** 20;

/** More memory than any host has. The Engine takes no 0 in an update, so this is how a limit is lifted in place. */
const unlimitedMemory = 2 ** 50;

/** What the Engine would show of a container that was made from the spec. Requests are the limits where absent. */
export function inPlace(spec: ContainerSpec): InPlace {
  const limits = spec.resources?.limits;
  const requests = { ...limits, ...spec.resources?.requests };
  const amount = (quantity: string | number | undefined): number =>
    quantity === undefined ? 0 : parseQuantity(quantity);
  return {
    restartPolicy: spec.restartPolicy,
    cpuLimit: quotaOf(amount(limits?.["cpu"])) / cpuPeriod,
    cpuShares: ordinaryShares(sharesOf(amount(requests["cpu"]))),
    memoryLimit: ordinaryMemory(Math.ceil(amount(limits?.["memory"]))),
    memoryReservation: ordinaryReservation(Math.ceil(amount(requests["memory"]))),
    cpuset: spec.cpuset ?? "",
    pidsLimit: spec.pidsLimit ?? 0,
  };
}

function quotaOf(cores: number): number {
  return cores === 0 ? 0 : Math.max(minCpuQuota, Math.round(cores * cpuPeriod));
}

function sharesOf(cores: number): number {
  return cores === 0 ? 0 : Math.min(maxShares, Math.max(minShares, Math.floor(cores * sharesPerCore)));
}

/** 1024 is the kernel's default weight: asked for or not, it is the same. */
const ordinaryShares = (shares: number): number => (shares === sharesPerCore ? 0 : shares);
const ordinaryMemory = (bytes: number): number => (bytes >= unlimitedMemory ? 0 : bytes);
const ordinaryReservation = (bytes: number): number => (bytes <= minReservation ? 0 : bytes);

/** No quota but NanoCpus would bound a limit by the cores that the host has, and could not be lifted in place. */
function resources(wanted: InPlace): Resources {
  return {
    ...(wanted.cpuLimit === 0 ? {} : { CpuPeriod: cpuPeriod, CpuQuota: quotaOf(wanted.cpuLimit) }),
    ...(wanted.cpuShares === 0 ? {} : { CpuShares: wanted.cpuShares }),
    // As much swap as memory together means no swap.
    ...(wanted.memoryLimit === 0 ? {} : { Memory: wanted.memoryLimit, MemorySwap: wanted.memoryLimit }),
    ...(wanted.memoryReservation === 0 ? {} : { MemoryReservation: wanted.memoryReservation }),
    ...(wanted.cpuset === "" ? {} : { CpusetCpus: wanted.cpuset }),
    ...(wanted.pidsLimit === 0 ? {} : { PidsLimit: wanted.pidsLimit }),
  };
}

/** Body of POST /containers/ID/update: only what differs, so that what nobody limited stays as the Engine made it. */
export function updateBody(to: InPlace, from: InPlace): UpdateBody {
  const body: UpdateBody = {};
  if (to.restartPolicy !== from.restartPolicy) body.RestartPolicy = { Name: restartPolicies[to.restartPolicy] };
  if (to.cpuLimit !== from.cpuLimit) {
    body.CpuPeriod = cpuPeriod;
    body.CpuQuota = to.cpuLimit === 0 ? -1 : quotaOf(to.cpuLimit);
  }
  if (to.cpuShares !== from.cpuShares) body.CpuShares = to.cpuShares === 0 ? sharesPerCore : to.cpuShares;
  if (to.memoryLimit !== from.memoryLimit) {
    // Together: the Engine refuses a memory limit above the old sum of memory and swap.
    body.Memory = to.memoryLimit === 0 ? unlimitedMemory : to.memoryLimit;
    body.MemorySwap = body.Memory;
  }
  if (to.memoryReservation !== from.memoryReservation)
    body.MemoryReservation = to.memoryReservation === 0 ? minReservation : to.memoryReservation;
  // To an Engine no cpuset means "as it was": what has one and shall have none is replaced (spec-hash.ts).
  if (to.cpuset !== from.cpuset) body.CpusetCpus = to.cpuset;
  if (to.pidsLimit !== from.pidsLimit) body.PidsLimit = to.pidsLimit === 0 ? -1 : to.pidsLimit;
  return body;
}

/** What the Engine shows of HostConfig. */
export const HostConfig = z.object({
  RestartPolicy: z.object({ Name: z.string() }),
  NanoCpus: z.number().default(0),
  CpuPeriod: z.number().default(0),
  CpuQuota: z.number().default(0),
  CpuShares: z.number().default(0),
  Memory: z.number().default(0),
  MemoryReservation: z.number().default(0),
  CpusetCpus: z.string().default(""),
  PidsLimit: z.number().nullish(),
});
export type HostConfig = z.infer<typeof HostConfig>;

/** The opposite of {@link inPlace}: what is, in the same units. */
export function inPlaceOf(config: HostConfig): InPlace {
  const quota = config.CpuQuota > 0 ? config.CpuQuota / (config.CpuPeriod === 0 ? cpuPeriod : config.CpuPeriod) : 0;
  return {
    restartPolicy: restartPolicyOf(config.RestartPolicy.Name),
    cpuLimit: config.NanoCpus > 0 ? config.NanoCpus / 1e9 : quota,
    cpuShares: ordinaryShares(config.CpuShares),
    memoryLimit: ordinaryMemory(Math.max(0, config.Memory)),
    memoryReservation: ordinaryReservation(Math.max(0, config.MemoryReservation)),
    cpuset: config.CpusetCpus,
    pidsLimit: Math.max(0, config.PidsLimit ?? 0),
  };
}

function restartPolicyOf(name: string): ContainerSpec["restartPolicy"] {
  if (name === "on-failure") return "OnFailure";
  return name === "" || name === "no" ? "Never" : "Always";
}
