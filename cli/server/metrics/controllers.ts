/**
 * What controllers do, under the names that dashboards for Kubernetes know. Sources of names, labels, buckets and help:
 * sigs.k8s.io/controller-runtime/pkg/metrics/workqueue.go and pkg/internal/controller/metrics/metrics.go.
 */
import { Counter, Gauge, Histogram } from "prom-client";
import type { Registry } from "prom-client";
import type { ControllerMetrics, MetricsProvider, ReconcileResult } from "../../../controllers/runtime/metrics.ts";
import type { Key } from "../../../controllers/runtime/reconciler.ts";

const queueLabels = ["name", "controller"] as const;
/** From ten nanoseconds to a thousand seconds. */
const queueBuckets = Array.from({ length: 12 }, (_, i) => 1e-8 * 10 ** i);
const reconcileBuckets = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5],
  ...[1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60],
];

/** Keys that wait and keys that are worked on, each with since when, in seconds of performance.now(). */
interface Work {
  readonly workers: number;
  readonly waiting: Map<Key, number>;
  readonly running: Map<Key, number>;
}

const seconds = (): number => performance.now() / 1000;

export class PrometheusControllers implements MetricsProvider {
  readonly #running = new Map<string, Work>();
  readonly #adds: Counter<"name" | "controller">;
  readonly #waits: Histogram<"name" | "controller">;
  readonly #works: Histogram<"name" | "controller">;
  readonly #retries: Counter<"name" | "controller">;
  readonly #results: Counter<"controller" | "result">;
  readonly #errors: Counter<"controller">;
  readonly #terminal: Counter<"controller">;
  readonly #times: Histogram<"controller">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#adds = new Counter({
      name: "workqueue_adds_total",
      help: "Total number of adds handled by workqueue",
      labelNames: queueLabels,
      registers,
    });
    this.#waits = new Histogram({
      name: "workqueue_queue_duration_seconds",
      help: "How long in seconds an item stays in workqueue before being requested",
      labelNames: queueLabels,
      buckets: queueBuckets,
      registers,
    });
    this.#works = new Histogram({
      name: "workqueue_work_duration_seconds",
      help: "How long in seconds processing an item from workqueue takes.",
      labelNames: queueLabels,
      buckets: queueBuckets,
      registers,
    });
    this.#retries = new Counter({
      name: "workqueue_retries_total",
      help: "Total number of retries handled by workqueue",
      labelNames: queueLabels,
      registers,
    });
    this.#results = new Counter({
      name: "controller_runtime_reconcile_total",
      help: "Total number of reconciliations per controller",
      labelNames: ["controller", "result"],
      registers,
    });
    this.#errors = new Counter({
      name: "controller_runtime_reconcile_errors_total",
      help: "Total number of reconciliation errors per controller",
      labelNames: ["controller"],
      registers,
    });
    this.#terminal = new Counter({
      name: "controller_runtime_terminal_reconcile_errors_total",
      help: "Total number of terminal reconciliation errors per controller",
      labelNames: ["controller"],
      registers,
    });
    this.#times = new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "Length of time per reconciliation per controller",
      labelNames: ["controller"],
      buckets: reconcileBuckets,
      registers,
    });
    this.#addGauges(registry);
  }

  controller(name: string, workers: number): ControllerMetrics {
    const work: Work = { workers, waiting: new Map(), running: new Map() };
    this.#running.set(name, work);
    const labels = { name, controller: name };
    const [adds, retries] = [this.#adds.labels(labels), this.#retries.labels(labels)];
    const [waits, works] = [this.#waits.labels(labels), this.#works.labels(labels)];
    const [errors, terminal, times] = [
      this.#errors.labels(name),
      this.#terminal.labels(name),
      this.#times.labels(name),
    ];
    const results: Readonly<Record<ReconcileResult, Counter.Internal>> = {
      success: this.#results.labels(name, "success"),
      requeue_after: this.#results.labels(name, "requeue_after"),
      error: this.#results.labels(name, "error"),
      terminal: this.#results.labels(name, "error"),
    };
    // They are there from the beginning, so that a rate can be told of the first: initMetrics in
    // controller-runtime/pkg/internal/controller/controller.go.
    for (const counter of [adds, retries, errors, terminal, ...Object.values(results)]) counter.inc(0);
    return {
      added(key) {
        adds.inc();
        if (!work.waiting.has(key)) work.waiting.set(key, seconds());
      },
      taken(key) {
        const now = seconds();
        const since = work.waiting.get(key);
        if (since !== undefined) waits.observe(now - since);
        work.waiting.delete(key);
        work.running.set(key, now);
      },
      retried() {
        retries.inc();
      },
      reconciled(key, result) {
        results[result].inc();
        if (result === "terminal") terminal.inc();
        if (result === "terminal" || result === "error") errors.inc();
        times.observe(seconds() - (work.running.get(key) ?? seconds()));
      },
      done(key) {
        const since = work.running.get(key);
        if (since !== undefined) works.observe(seconds() - since);
        work.running.delete(key);
      },
      [Symbol.dispose]: () => {
        if (this.#running.get(name) === work) this.#running.delete(name);
      },
    };
  }

  /** Computed when somebody asks. */
  #addGauges(registry: Registry): void {
    const gauge = <Label extends string>(
      name: string,
      help: string,
      labelNames: readonly Label[],
      labelsOf: (controller: string) => Record<Label, string>,
      valueOf: (work: Work) => number,
    ): void => {
      const running = this.#running;
      new Gauge({
        name,
        help,
        labelNames,
        registers: [registry],
        collect() {
          this.reset();
          for (const [controller, work] of running) this.set(labelsOf(controller), valueOf(work));
        },
      });
    };
    const ofQueue = (controller: string) => ({ name: controller, controller });
    const ofController = (controller: string) => ({ controller });
    const ages = (work: Work): number[] => {
      const now = seconds();
      return [...work.running.values()].map((since) => now - since);
    };
    gauge(
      "workqueue_depth",
      "Current depth of workqueue by workqueue and priority",
      [...queueLabels, "priority"],
      (controller) => ({ ...ofQueue(controller), priority: "" }),
      (work) => work.waiting.size,
    );
    gauge(
      "workqueue_unfinished_work_seconds",
      "How many seconds of work has been done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
      queueLabels,
      ofQueue,
      (work) => ages(work).reduce((sum, age) => sum + age, 0),
    );
    gauge(
      "workqueue_longest_running_processor_seconds",
      "How many seconds has the longest running processor for workqueue been running.",
      queueLabels,
      ofQueue,
      (work) => Math.max(0, ...ages(work)),
    );
    gauge(
      "controller_runtime_max_concurrent_reconciles",
      "Maximum number of concurrent reconciles per controller",
      ["controller"],
      ofController,
      (work) => work.workers,
    );
    gauge(
      "controller_runtime_active_workers",
      "Number of currently used workers per controller",
      ["controller"],
      ofController,
      (work) => work.running.size,
    );
  }
}
