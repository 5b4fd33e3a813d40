/** What a Container asks of its Host, and what of that the scheduler has set aside for it there. Pure. */
import type { Container, ContainerSpec, ContainerStatus } from "./container.ts";
import { hasEnded } from "./disruption.ts";
import { formatBytes, formatCpu, parseQuantity } from "./quantity.ts";
import type { Quantity } from "./schema.ts";

/** Whole numbers, so that sums are exact. */
export interface Amounts {
  /** Thousandths of a core. */
  readonly milliCpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of the Engine's disk: `ephemeral-storage`. */
  readonly storage: number;
}

export const nothing: Amounts = { milliCpu: 0, memory: 0, storage: 0 };

/**
 * Condition of a Container that asks for more than is set aside for it, with reason Deferred, or Infeasible where its Host
 * never has as much. Source: PodResizePending in k8s.io/api/core/v1/types.go, KEP-1287.
 */
export const resizePending = "ResizePending";

/** What of a Host is a Container's own, as it stands in its status. */
export type Allotment = Pick<ContainerStatus, "allocatedResources" | "cpuset" | "devices" | "releasing">;

/** What stands of it in a status. */
export function allotmentOf({ allocatedResources, cpuset, devices, releasing }: ContainerStatus = {}): Allotment {
  return {
    ...(allocatedResources === undefined ? {} : { allocatedResources }),
    ...(cpuset === undefined ? {} : { cpuset }),
    ...(devices === undefined ? {} : { devices }),
    ...(releasing === undefined ? {} : { releasing }),
  };
}

/** 4 PiB: sums with it are still exact. */
const most = 2 ** 52;

/** Rounded up, as Kubernetes does: Quantity.MilliValue in k8s.io/apimachinery/pkg/api/resource/quantity.go. */
export function amountsOf(given: Readonly<Record<string, Quantity | undefined>>): Amounts {
  // What no machine has, 1e99, is cut: added to a sum and taken off again, it would take with it what is in there.
  const amount = (name: string, unit = 1): number => Math.min(most, parseQuantity(given[name] ?? 0) * unit);
  return {
    // The subtrahend keeps 0.57 cores, 569.9999999999999 in binary, and 0.07 cores, 70.00000000000001, what they say.
    milliCpu: Math.max(0, Math.ceil(amount("cpu", 1000) - 1e-6)),
    memory: Math.ceil(amount("memory")),
    storage: Math.ceil(amount("ephemeral-storage")),
  };
}

/**
 * Limits where requests are absent. The initContainers run one at a time, before it: of each amount, the most that any
 * of them or the container itself asks for. Source: PodRequests in k8s.io/component-helpers/resource/helpers.go.
 */
export function requestsOf({ resources, initContainers = [] }: ContainerSpec): Amounts {
  const all = [resources, ...initContainers.map((init) => init.resources)].map((given) =>
    amountsOf({ ...given?.limits, ...given?.requests }),
  );
  return all.reduce(greater);
}

/** Of each amount the greater. */
export const greater = (a: Amounts, b: Amounts): Amounts => ({
  milliCpu: Math.max(a.milliCpu, b.milliCpu),
  memory: Math.max(a.memory, b.memory),
  storage: Math.max(a.storage, b.storage),
});

/** How many of each device, by its name. */
export function devicesAsked({ resources }: ContainerSpec): ReadonlyMap<string, number> {
  return new Map(
    Object.entries({ ...resources?.limits, ...resources?.requests }).flatMap(([name, amount]) => {
      const count = name.includes("/") ? Math.ceil(parseQuantity(amount)) : 0;
      return count === 0 ? [] : [[name, count]];
    }),
  );
}

/** The opposite of {@link amountsOf}: without what there is none of, and undefined where that is all. */
export function allocatedResources({ milliCpu, memory, storage }: Amounts): Allotment["allocatedResources"] {
  if (milliCpu === 0 && memory === 0 && storage === 0) return undefined;
  return {
    ...(milliCpu === 0 ? {} : { cpu: formatCpu(milliCpu / 1000) }),
    ...(memory === 0 ? {} : { memory: formatBytes(memory) }),
    ...(storage === 0 ? {} : { "ephemeral-storage": formatBytes(storage) }),
  };
}

/**
 * What counts as taken of its Host by a bound Container. Where nothing is written, nothing was asked for, or it was given
 * back: unless the spec is the one with which it was bound or is run, which then is from before there was the field.
 */
export function allocatedOf(container: Container): Amounts {
  const { metadata, spec, status = {} } = container;
  if (status.allocatedResources !== undefined) return amountsOf(status.allocatedResources);
  if (hasEnded(container) || isResizePending(container)) return nothing;
  const scheduled = status.conditions?.find(({ type }) => type === "Scheduled");
  const known = status.observedGeneration ?? scheduled?.observedGeneration ?? metadata.generation;
  return known === metadata.generation ? requestsOf(spec) : nothing;
}

export const isResizePending = ({ status }: Pick<Container, "status">): boolean =>
  status?.conditions?.some(({ type }) => type === resizePending) === true;

/**
 * Whether what is set aside for a bound Container is enough for its spec: amounts that are more are, but of devices and
 * of CPUs of its own it has exactly as many as it asks for, because it is made with these.
 */
export function isAllotted(container: Container): boolean {
  const { spec, status = {} } = container;
  const asked = requestsOf(spec);
  const held = allocatedOf(container);
  if (asked.milliCpu > held.milliCpu || asked.memory > held.memory || asked.storage > held.storage) return false;
  const dedicated = spec.cpuPolicy === "Dedicated";
  if (dedicated !== (status.cpuset !== undefined)) return false;
  if (dedicated && asked.milliCpu !== held.milliCpu) return false;
  const wanted = devicesAsked(spec);
  const devices = status.devices ?? [];
  return devices.length === wanted.size && devices.every(({ name, ids }) => wanted.get(name) === ids.length);
}
