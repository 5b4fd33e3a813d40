/** What `/metrics` tells. Source of names and labels: k8s.io/apiserver/pkg/endpoints/metrics/metrics.go. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** What one request is counted as. All labels come from what is served, never from what a client sends. */
export interface RequestLabels {
  readonly verb: string;
  /** Of a write: All where nothing was to be written. */
  readonly dry_run: "" | "All";
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** resource, namespace, cluster, or nothing for what is no resource. */
  readonly scope: string;
}

/** Of what is about nothing that is served. */
export const noLabels: RequestLabels = {
  verb: "other",
  dry_run: "",
  group: "",
  version: "",
  resource: "",
  subresource: "",
  scope: "",
};

export type RequestKind = "readOnly" | "mutating";

const component = "apiserver";
const names = ["verb", "group", "version", "resource", "subresource", "scope", "component"] as const;
const seconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 5, 8, 10, 20, 30, 45, 60];

/** In Prometheus' text format, of metrics that have other names. */
export type MoreMetrics = () => Promise<string>;

export class Metrics {
  readonly #more: MoreMetrics | undefined;
  readonly #registry = new Registry();
  readonly #total = new Counter({
    name: "apiserver_request_total",
    help: "Counter of apiserver requests broken out for each verb, group, version, resource, scope and HTTP response code.",
    labelNames: [...names, "dry_run", "code"],
    registers: [this.#registry],
  });
  readonly #duration = new Histogram({
    name: "apiserver_request_duration_seconds",
    help: "Response latency distribution in seconds for each verb, group, version, resource, subresource and scope.",
    labelNames: [...names, "dry_run"],
    buckets: seconds,
    registers: [this.#registry],
  });
  readonly #longRunning = new Gauge({
    name: "apiserver_longrunning_requests",
    help: "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource and scope.",
    labelNames: names,
    registers: [this.#registry],
  });
  readonly #inflight = new Gauge({
    name: "apiserver_current_inflight_requests",
    help: "Number of currently used inflight request limit of this apiserver per request kind.",
    labelNames: ["request_kind"],
    registers: [this.#registry],
  });
  readonly #dropped = new Counter({
    name: "apiserver_dropped_requests_total",
    help: "Number of requests dropped with 'Try again later' response.",
    labelNames: ["request_kind"],
    registers: [this.#registry],
  });
  /** What prom-client keeps per set of labels, found without its hashing. */
  readonly #counters = new Map<string, Counter.Internal>();
  readonly #histograms = new Map<string, Histogram.Internal<string>>();
  #processToo = false;

  /** `more`: what is told beside what the API server itself knows. */
  constructor(more?: MoreMetrics) {
    this.#more = more;
  }

  answered(labels: RequestLabels, code: number, startedAt: number): void {
    const key = keyOf(labels);
    const byCode = `${key}${code}`;
    let counter = this.#counters.get(byCode);
    if (counter === undefined) {
      counter = this.#total.labels({ ...labels, component, code });
      this.#counters.set(byCode, counter);
    }
    counter.inc();
    let histogram = this.#histograms.get(key);
    if (histogram === undefined) {
      histogram = this.#duration.labels({ ...labels, component });
      this.#histograms.set(key, histogram);
    }
    histogram.observe((performance.now() - startedAt) / 1000);
  }

  /** Counts a long-running request until it is disposed of. */
  began({ dry_run: _, ...labels }: RequestLabels): Disposable {
    const gauge = this.#longRunning.labels({ ...labels, component });
    gauge.inc();
    return {
      [Symbol.dispose]: () => {
        gauge.dec();
      },
    };
  }

  dropped(kind: RequestKind): void {
    this.#dropped.inc({ request_kind: kind });
  }

  /** In Prometheus' text format. */
  async text(
    inflight: Readonly<Record<RequestKind, number>>,
  ): Promise<{ readonly type: string; readonly text: string }> {
    // Watching the event loop and the garbage collector costs something: only where somebody looks.
    if (!this.#processToo) collectDefaultMetrics({ register: this.#registry });
    this.#processToo = true;
    for (const kind of ["readOnly", "mutating"] as const) this.#inflight.set({ request_kind: kind }, inflight[kind]);
    const texts = await Promise.all([this.#registry.metrics(), this.#more?.() ?? ""]);
    return { type: this.#registry.contentType, text: texts.join("") };
  }
}

const keyOf = ({ verb, dry_run, group, version, resource, subresource, scope }: RequestLabels): string =>
  `${verb}${dry_run} ${group}/${version}/${resource}/${subresource} ${scope} `;
