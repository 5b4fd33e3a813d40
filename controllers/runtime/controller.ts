import { randomUUID } from "node:crypto";
import { isConflict } from "../../api/status.ts";
import { aborted } from "../../process/abort.ts";
import type { Log } from "../../process/log.ts";
import { describeError, withFields } from "../../process/log.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerMetrics, MetricsProvider, ReconcileResult } from "./metrics.ts";
import { noMetrics } from "./metrics.ts";
import type { ControllerDefinition, Key, Outcome } from "./reconciler.ts";
import { TerminalError } from "./reconciler.ts";
import { WorkQueue } from "./work-queue.ts";

/** That another writer came first is everyday; that it comes first this often in a row is worth a line. */
const conflictsWorthALine = 5;

/** Runs one control loop: its queue, its workers, and what outcomes and errors mean. */
export class Controller {
  readonly #definition: ControllerDefinition;
  readonly #log: Log;
  readonly #queue: WorkQueue;
  readonly #metrics: ControllerMetrics;

  constructor(definition: ControllerDefinition, clock: Clock, log: Log, metrics: MetricsProvider = noMetrics) {
    this.#definition = definition;
    this.#log = log;
    this.#metrics = metrics.controller(definition.name, definition.workers);
    const { priorityOf } = definition;
    this.#queue = new WorkQueue(clock, { metrics: this.#metrics, ...(priorityOf === undefined ? {} : { priorityOf }) });
  }

  get name(): string {
    return this.#definition.name;
  }

  /** The keys that are being worked on. */
  get running(): ReadonlySet<Key> {
    return this.#queue.running;
  }

  /** Connects what wakes it. Keys gather until {@link work}. */
  start(signal: AbortSignal): void {
    this.#definition.start((key) => {
      this.#queue.add(key);
    }, signal);
  }

  /** Works until `signal` aborts and what was begun has ended. Never rejects. */
  async work(signal: AbortSignal): Promise<void> {
    const workers = Array.from({ length: this.#definition.workers }, () => this.#worker(signal));
    await aborted(signal);
    this.#queue.shutDown();
    await Promise.all(workers);
    this.#metrics[Symbol.dispose]();
  }

  async #worker(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      const log = this.#logOf(key);
      const result = await this.#reconcile(key, signal, log);
      if (result !== undefined) this.#metrics.reconciled(key, result);
      this.#queue.done(key);
    }
  }

  async #reconcile(key: Key, signal: AbortSignal, log: Log): Promise<ReconcileResult | undefined> {
    try {
      return this.#conclude(key, await this.#definition.reconciler.reconcile(key, signal, log));
    } catch (error) {
      // What fails because it was told to stop has not failed.
      return signal.aborted ? undefined : this.#fail(key, error, log);
    }
  }

  /** Of one reconciliation: its lines belong together by an id that is made up with the first of them. */
  #logOf(key: Key): Log {
    let reconcileID: string | undefined;
    return withFields(this.#log, () => ({
      controller: this.name,
      object: key,
      reconcileID: (reconcileID ??= randomUUID()),
    }));
  }

  /** The one place that knows what an outcome means. */
  #conclude(key: Key, outcome: Outcome): ReconcileResult {
    this.#queue.forget(key);
    const againInMs = outcome.kind === "settled" ? outcome.resyncAfterMs : outcome.pollAfterMs;
    if (againInMs === undefined) return "success";
    this.#queue.addAfter(key, againInMs);
    return "requeue_after";
  }

  /** The one place that knows what an error means. */
  #fail(key: Key, error: unknown, log: Log): ReconcileResult {
    const fields = { error: describeError(error) };
    if (error instanceof TerminalError) {
      this.#queue.forget(key);
      log.warn("Gave up until it changes", { ...fields, reason: error.reason });
      return "terminal";
    }
    const retryInMs = Math.round(this.#queue.addRateLimited(key));
    if (isConflict(error) && this.#queue.failures(key) < conflictsWorthALine) return "error";
    // A bug cannot be found without its stack; what a server or a disk refuses says enough by its message.
    const bug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
    log.error("Reconciling failed", { ...fields, retryInMs, ...(bug ? { stack: error.stack } : {}) });
    return "error";
  }
}
