/** What a Container asks of a Host. Pure. */
import type { Amounts } from "../../crds/allocation.ts";
import { devicesAsked, requestsOf } from "../../crds/allocation.ts";
import type { Container, ContainerSpec } from "../../crds/container.ts";
import { whyStays } from "../../crds/disruption.ts";
import type { Key } from "../runtime/reconciler.ts";
import { keyOf } from "../runtime/reconciler.ts";

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
  return {
    key: keyOf(container),
    tenant: metadata.namespace ?? "",
    labels: metadata.labels ?? {},
    requests: requestsOf(spec),
    devices: devicesAsked(spec),
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

const isEveryAddress = (ip: string): boolean => ip === "" || ip === "0.0.0.0" || ip === "::";
