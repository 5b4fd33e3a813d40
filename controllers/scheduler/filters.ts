/** What a Host must offer for a Container to be placed there. Pure. */
import type { Container, ContainerSpec } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import { parseQuantity } from "../../crds/quantity.ts";
import type { LabelSelector } from "../../crds/schema.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Key } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";

/** Whole numbers, so that sums are exact. */
export interface Amounts {
  /** Thousandths of a core. */
  readonly milliCpu: number;
  /** Bytes. */
  readonly memory: number;
}

/** One port of a host. */
export interface HostPort {
  readonly port: number;
  readonly protocol: string;
  /** Empty for every address. */
  readonly ip: string;
}

/** What a Container asks of a Host. */
export interface Want {
  readonly key: Key;
  readonly requests: Amounts;
  readonly ports: readonly HostPort[];
  readonly runtime: string | undefined;
  readonly placement: ContainerSpec["placement"];
}

/** A Host, and what is taken of it. */
export interface Candidate {
  readonly host: Host;
  readonly allocatable: Amounts;
  readonly taken: Amounts;
  /** Addresses on which a port is taken, by `TCP/80`. */
  readonly ports: ReadonlyMap<string, readonly string[]>;
  /** How many Containers are bound to it. */
  readonly containers: number;
  /** Whose containers it had when it was last listed, bound to it or not. */
  readonly found: ReadonlySet<Key>;
}

/** Why the Host does not do, as it goes after a number: `1 too little memory`. Undefined when it does. */
export type Filter = (want: Want, candidate: Candidate) => string | undefined;

export function wantOf(container: Container): Want {
  const { spec } = container;
  const { requests, limits } = spec.resources ?? {};
  return {
    key: keyOf(container),
    requests: amountsOf({ ...limits, ...requests }),
    ports: (spec.ports ?? []).flatMap(({ hostPort, hostIP = "", protocol }) =>
      hostPort === undefined ? [] : [{ port: hostPort, protocol, ip: isEveryAddress(hostIP) ? "" : hostIP }],
    ),
    runtime: spec.runtime,
    placement: spec.placement,
  };
}

/** Rounded up, as Kubernetes does: Quantity.MilliValue in k8s.io/apimachinery/pkg/api/resource/quantity.go. */
export function amountsOf(given: { cpu?: string | number | undefined; memory?: string | number | undefined }): Amounts {
  // The subtrahend keeps 0.57 cores, 569.9999999999999 in binary, and 0.07 cores, 70.00000000000001, what they say.
  const milliCpu = Math.ceil(parseQuantity(given.cpu ?? 0) * 1000 - 1e-6);
  return { milliCpu, memory: Math.ceil(parseQuantity(given.memory ?? 0)) };
}

export const portKey = ({ protocol, port }: HostPort): string => `${protocol}/${port}`;

const isEveryAddress = (ip: string): boolean => ip === "" || ip === "0.0.0.0" || ip === "::";

/** Whether both cannot be had: the same port, and an address in common. */
const clash = (a: string, b: string): boolean => a === "" || b === "" || a === b;

/** Of a Host of which nobody can tell yet what it has: it came a moment ago. */
export const notProbed = "was not probed yet";

const takesContainers: Filter = (_, { host }) => {
  if (host.metadata.deletionTimestamp !== undefined) return "is being deleted";
  if (host.spec.unschedulable) return "is unschedulable";
  const ready = findCondition(host.status?.conditions, "Ready");
  if (ready === undefined) return notProbed;
  return ready.status === "True" ? undefined : "is not ready";
};

const hasName: Filter = ({ placement }, { host }) =>
  placement?.hostName === undefined || placement.hostName === host.metadata.name
    ? undefined
    : "is not placement.hostName";

const hasLabels: Filter = ({ placement }, { host }) =>
  matches(placement?.hostSelector, host.metadata.labels ?? {}) ? undefined : "does not match placement.hostSelector";

const hasRuntime: Filter = ({ runtime }, { host }) =>
  runtime === undefined || host.status?.runtimes?.includes(runtime) === true
    ? undefined
    : `has no runtime "${runtime}"`;

// What is not asked for is not looked at, so that a Host that is full, or has too much bound already, still takes
// Containers that request nothing. Source: kubernetes/pkg/scheduler/framework/plugins/noderesources/fit.go.
const hasCpu: Filter = ({ requests: { milliCpu } }, { allocatable, taken }) =>
  milliCpu === 0 || milliCpu <= allocatable.milliCpu - taken.milliCpu ? undefined : "too little cpu";

const hasMemory: Filter = ({ requests: { memory } }, { allocatable, taken }) =>
  memory === 0 || memory <= allocatable.memory - taken.memory ? undefined : "too little memory";

const hasPorts: Filter = ({ ports }, candidate) => {
  const busy = ports.find((port) => candidate.ports.get(portKey(port))?.some((ip) => clash(ip, port.ip)));
  return busy === undefined ? undefined : `has host port ${busy.port}/${busy.protocol} taken`;
};

/** Those that say where a Container belongs, rather than where it fits. */
export const placementFilters: readonly Filter[] = [hasName, hasLabels];

/** In the order in which they are told: the first that a Host fails stands for it. */
export const filters: readonly Filter[] = [
  ...placementFilters,
  takesContainers,
  hasRuntime,
  hasPorts,
  hasCpu,
  hasMemory,
];

/** Source: LabelSelectorAsSelector in k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go. */
export function matches(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
      }
    })
  );
}
