/** What a Container asks of a Host. Pure. */
import type { Container, ContainerSpec } from "../../crds/container.ts";
import { whyStays } from "../../crds/disruption.ts";
import type { Quantity } from "../../crds/schema.ts";
import { parseQuantity } from "../../crds/quantity.ts";
import type { Key } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";

/** Whole numbers, so that sums are exact. */
export interface Amounts {
  /** Thousandths of a core. */
  readonly milliCpu: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of the Engine's disk: `ephemeral-storage`. */
  readonly storage: number;
}

/** One port of a host. */
export interface HostPort {
  readonly port: number;
  readonly protocol: string;
  /** Empty for every address. */
  readonly ip: string;
}

export type Tenancy = "Shared" | "Exclusive";

/** What of its asking is not said in the Container itself. */
export interface Standing {
  /** Of its PriorityClass: who has more comes first. */
  readonly priority: number;
  /** Where placement.tenancy is absent. */
  readonly tenancy: Tenancy;
}

export interface Want {
  readonly key: Key;
  /** Its namespace: who shares a Host with Exclusive Containers, and among whom selectors look. */
  readonly tenant: string;
  /** Of the object, for the selectors of others. */
  readonly labels: Readonly<Record<string, string>>;
  readonly requests: Amounts;
  /** How many of each device, by its name. */
  readonly devices: ReadonlyMap<string, number>;
  /** Whether its cpus are its own. */
  readonly dedicated: boolean;
  readonly ports: readonly HostPort[];
  readonly image: string;
  readonly runtime: string | undefined;
  readonly placement: ContainerSpec["placement"];
  readonly tenancy: Tenancy;
  readonly priority: number;
  /** When the object was made: of equals, the older is the more important. */
  readonly createdAt: string;
  /** It is being deleted, or was asked to leave its Host. */
  readonly leaving: boolean;
  /** It cannot go on elsewhere: for nobody it has to make room. */
  readonly stays: boolean;
}

const ordinary: Standing = { priority: 0, tenancy: "Shared" };

export function wantOf(container: Container, standing: Standing = ordinary): Want {
  const { spec, metadata, status } = container;
  const asked = { ...spec.resources?.limits, ...spec.resources?.requests };
  return {
    key: keyOf(container),
    tenant: metadata.namespace ?? "",
    labels: metadata.labels ?? {},
    requests: requestsOf(spec),
    devices: new Map(
      Object.entries(asked).flatMap(([name, amount]) => {
        const count = name.includes("/") ? Math.ceil(parseQuantity(amount)) : 0;
        return count === 0 ? [] : [[name, count]];
      }),
    ),
    dedicated: spec.cpuPolicy === "Dedicated",
    ports: (spec.ports ?? []).flatMap(({ hostPort, hostIP = "", protocol }) =>
      hostPort === undefined ? [] : [{ port: hostPort, protocol, ip: isEveryAddress(hostIP) ? "" : hostIP }],
    ),
    image: spec.image,
    runtime: spec.runtime,
    placement: spec.placement,
    tenancy: spec.placement?.tenancy ?? standing.tenancy,
    priority: standing.priority,
    createdAt: metadata.creationTimestamp,
    leaving: metadata.deletionTimestamp !== undefined || status?.eviction !== undefined,
    stays: whyStays(container) !== undefined,
  };
}

/**
 * Limits where requests are absent. The initContainers run one at a time, before it: of each amount, the most that any
 * of them or the container itself asks for. Source: PodRequests in k8s.io/component-helpers/resource/helpers.go.
 */
function requestsOf({ resources, initContainers = [] }: ContainerSpec): Amounts {
  const all = [resources, ...initContainers.map((init) => init.resources)].map((given) =>
    amountsOf({ ...given?.limits, ...given?.requests }),
  );
  return {
    milliCpu: Math.max(...all.map(({ milliCpu }) => milliCpu)),
    memory: Math.max(...all.map(({ memory }) => memory)),
    storage: Math.max(...all.map(({ storage }) => storage)),
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
    milliCpu: Math.ceil(amount("cpu", 1000) - 1e-6),
    memory: Math.ceil(amount("memory")),
    storage: Math.ceil(amount("ephemeral-storage")),
  };
}

export const nothing: Amounts = { milliCpu: 0, memory: 0, storage: 0 };

const isEveryAddress = (ip: string): boolean => ip === "" || ip === "0.0.0.0" || ip === "::";
