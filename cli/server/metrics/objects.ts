/**
 * What Containers and Hosts are, in the style of kube-state-metrics (docs/metrics/workload/pod-metrics.md and
 * docs/metrics/cluster/node-metrics.md there). Read from informers' caches when somebody asks, and only then.
 */
import { Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { Cache } from "../../../controllers/runtime/reconciler.ts";
import type { Container } from "../../../crds/container.ts";
import type { Host } from "../../../crds/host.ts";
import type { Condition } from "../../../crds/meta.ts";
import { parseQuantity } from "../../../crds/quantity.ts";

export interface ObjectCaches {
  readonly containers: Pick<Cache<Container>, "list">;
  readonly hosts: Pick<Cache<Host>, "list">;
}

type Set = (labels: Record<string, string>, value: number) => void;

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly collect: (caches: ObjectCaches, set: Set) => void;
}

/** Tells nothing while it is given nothing to look at: only one replica knows, the one that runs the controllers. */
export class ObjectMetrics {
  #caches: ObjectCaches | undefined;

  constructor(registry: Registry) {
    const caches = (): ObjectCaches | undefined => this.#caches;
    for (const { name, help, labelNames, collect } of metrics) {
      new Gauge({
        name,
        help,
        labelNames,
        registers: [registry],
        collect() {
          this.reset();
          const found = caches();
          if (found === undefined) return;
          collect(found, (labels, value) => {
            this.set(labels, value);
          });
        },
      });
    }
  }

  /** Looks at these from now on, until disposed of. */
  watch(caches: ObjectCaches): Disposable {
    this.#caches = caches;
    return {
      [Symbol.dispose]: () => {
        if (this.#caches === caches) this.#caches = undefined;
      },
    };
  }
}

const nameOf = ({ metadata }: Container): { namespace: string; container: string } => ({
  namespace: metadata.namespace ?? "",
  container: metadata.name,
});

const phaseOf = ({ status }: Container): string => status?.phase ?? "Pending";
const hostOf = ({ status }: Container): string => status?.hostName ?? "";

/** A metric with one value of each Container. */
const ofContainer = (
  name: string,
  help: string,
  labels: readonly string[],
  describe: (container: Container) => { labels?: Record<string, string>; value: number },
): Metric => ({
  name,
  help,
  labelNames: ["namespace", "container", ...labels],
  collect({ containers }, set) {
    for (const container of containers.list()) {
      const { labels: more, value } = describe(container);
      set({ ...nameOf(container), ...more }, value);
    }
  },
});

const conditionStatuses = ["true", "false", "unknown"];

const readiness = (conditions: readonly Condition[] | undefined): string =>
  (conditions?.find(({ type }) => type === "Ready")?.status ?? "Unknown").toLowerCase();

const amountsOf = (name: string, help: string, amounts: "capacity" | "allocatable"): Metric => ({
  name,
  help,
  labelNames: ["host", "resource", "unit"],
  collect({ hosts }, set) {
    for (const { metadata, status } of hosts.list()) {
      const { cpu, memory } = status?.[amounts] ?? {};
      const host = metadata.name;
      if (cpu !== undefined) set({ host, resource: "cpu", unit: "core" }, parseQuantity(cpu));
      if (memory !== undefined) set({ host, resource: "memory", unit: "byte" }, parseQuantity(memory));
    }
  },
});

/** Of phases and readiness only what is so has a value, 1: ten thousand Containers are many lines as it is. */
const metrics: readonly Metric[] = [
  ofContainer(
    "stowage_container_info",
    "Where a Container runs, and from which image.",
    ["host", "image"],
    (container) => ({ labels: { host: hostOf(container), image: container.spec.image }, value: 1 }),
  ),
  ofContainer("stowage_container_status_phase", "The Container's current phase.", ["phase"], (container) => ({
    labels: { phase: phaseOf(container) },
    value: 1,
  })),
  ofContainer(
    "stowage_container_status_ready",
    "Whether the Container is ready: true, false or unknown.",
    ["condition"],
    (container) => ({ labels: { condition: readiness(container.status?.conditions) }, value: 1 }),
  ),
  ofContainer("stowage_container_status_restarts_total", "How often the Container was restarted.", [], (container) => ({
    value: container.status?.restartCount ?? 0,
  })),
  {
    name: "stowage_host_containers",
    help: "How many Containers are bound to the Host, by phase. Without a host: bound to none.",
    labelNames: ["host", "phase"],
    collect({ containers }, set) {
      const counts = new Map<string, number>();
      for (const container of containers.list()) {
        const key = `${hostOf(container)}\n${phaseOf(container)}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      for (const [key, count] of counts) {
        const [host = "", phase = ""] = key.split("\n");
        set({ host, phase }, count);
      }
    },
  },
  {
    name: "stowage_host_info",
    help: "What the Host is.",
    labelNames: ["host", "engine", "engine_version", "os", "kernel_version", "architecture"],
    collect({ hosts }, set) {
      for (const { metadata, status } of hosts.list()) {
        set(
          {
            host: metadata.name,
            engine: status?.engine?.type ?? "",
            engine_version: status?.engine?.version ?? "",
            os: status?.operatingSystem ?? "",
            kernel_version: status?.kernelVersion ?? "",
            architecture: status?.architecture ?? "",
          },
          1,
        );
      }
    },
  },
  {
    name: "stowage_host_status_condition",
    help: "The Host's conditions: 1 for the status that each has.",
    labelNames: ["host", "condition", "status"],
    collect({ hosts }, set) {
      for (const { metadata, status } of hosts.list()) {
        for (const condition of status?.conditions ?? []) {
          for (const name of conditionStatuses) {
            const labels = { host: metadata.name, condition: condition.type, status: name };
            set(labels, condition.status.toLowerCase() === name ? 1 : 0);
          }
        }
      }
    },
  },
  amountsOf("stowage_host_status_capacity", "What the Host has.", "capacity"),
  amountsOf("stowage_host_status_allocatable", "What Containers can ask for on the Host.", "allocatable"),
  {
    name: "stowage_host_spec_unschedulable",
    help: "Whether the Host takes no further Containers.",
    labelNames: ["host"],
    collect({ hosts }, set) {
      for (const { metadata, spec } of hosts.list()) set({ host: metadata.name }, spec.unschedulable ? 1 : 0);
    },
  },
  {
    name: "stowage_host_orphans",
    help: "Containers on the Host that carry our labels but belong to no object.",
    labelNames: ["host"],
    collect({ hosts }, set) {
      for (const { metadata, status } of hosts.list()) set({ host: metadata.name }, status?.orphans?.length ?? 0);
    },
  },
];
