import { isConflict } from "../../api/status.ts";
import { aborted } from "../../process/abort.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerDefinition, Key, Outcome } from "./reconciler.ts";
import { TerminalError } from "./reconciler.ts";
import { defaultBackoff, WorkQueue } from "./work-queue.ts";

/** That another writer came first is everyday; that it comes first this often in a row is worth a line. */
const conflictsWorthALine = 5;

/** Runs one control loop: its queue, its workers, and what outcomes and errors mean. */
export class Controller {
  readonly #definition: ControllerDefinition;
  readonly #log: Log;
  readonly #queue: WorkQueue;

  constructor(definition: ControllerDefinition, clock: Clock, log: Log) {
    this.#definition = definition;
    this.#log = log;
    this.#queue = new WorkQueue(clock, defaultBackoff, definition.priorityOf);
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
  }

  async #worker(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
      try {
        this.#conclude(key, await this.#definition.reconciler.reconcile(key, signal));
      } catch (error) {
        // What fails because it was told to stop has not failed.
        if (!signal.aborted) this.#fail(key, error);
      }
      this.#queue.done(key);
    }
  }

  /** The one place that knows what an outcome means. */
  #conclude(key: Key, outcome: Outcome): void {
    this.#queue.forget(key);
    switch (outcome.kind) {
      case "settled":
        if (outcome.resyncAfterMs !== undefined) this.#queue.addAfter(key, outcome.resyncAfterMs);
        break;
      case "waiting":
        if (outcome.pollAfterMs !== undefined) this.#queue.addAfter(key, outcome.pollAfterMs);
        break;
    }
  }

  /** The one place that knows what an error means. */
  #fail(key: Key, error: unknown): void {
    const fields = { controller: this.name, key, error: describeError(error) };
    if (error instanceof TerminalError) {
      this.#queue.forget(key);
      this.#log.warn("Gave up until it changes", { ...fields, reason: error.reason });
      return;
    }
    const retryInMs = Math.round(this.#queue.addRateLimited(key));
    if (isConflict(error) && this.#queue.failures(key) < conflictsWorthALine) return;
    // A bug cannot be found without its stack; what a server or a disk refuses says enough by its message.
    const bug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
    this.#log.error("Reconciling failed", { ...fields, retryInMs, ...(bug ? { stack: error.stack } : {}) });
  }
}
