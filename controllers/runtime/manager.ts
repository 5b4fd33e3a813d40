import { aborted, childOf } from "../../process/abort.ts";
import { within } from "../../process/clock.ts";
import { Controller } from "./controller.ts";
import type { RunnableInformers } from "./informer.ts";
import type { Log } from "../../process/log.ts";
import type { Clock } from "../../process/clock.ts";
import type { MetricsProvider } from "./metrics.ts";
import type { ControllerDefinition } from "./reconciler.ts";
import { selectControllers } from "./select-controllers.ts";

/** How long a stop waits for what is in flight; `stowage server` promises to be gone after 10 s. */
const stopMs = 5000;

export interface ManagerOptions {
  /** Those that the controllers were made with. */
  readonly informers: RunnableInformers;
  readonly clock: Clock;
  readonly log: Log;
  /** Where controllers tell of their work; nowhere when absent. */
  readonly metrics?: MetricsProvider;
  readonly controllers: readonly ControllerDefinition[];
  /** As `--controllers` says it: see {@link selectControllers}. */
  readonly select: string;
}

/** Runs controllers over shared informers. Runs once: informers and what controllers remember belong to one run. */
export class Manager {
  readonly #informers: RunnableInformers;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #controllers: readonly Controller[];

  /** Throws when `select` names a controller that does not exist. */
  constructor({ informers, clock, log, metrics, controllers, select }: ManagerOptions) {
    const names = selectControllers(
      select,
      controllers.map(({ name }) => name),
    );
    this.#informers = informers;
    this.#clock = clock;
    this.#log = log;
    this.#controllers = controllers
      .filter(({ name }) => names.has(name))
      .map((definition) => new Controller(definition, clock, log, metrics));
  }

  /**
   * Connects the controllers, fills the informers, then reconciles until `signal` aborts. Work in flight is told by its
   * signal and given a few seconds to end. Throws only what a controller's `start` throws.
   */
  async run(signal: AbortSignal): Promise<void> {
    using stop = childOf(signal);
    if (this.#controllers.length === 0) {
      await aborted(signal);
      return;
    }
    try {
      for (const controller of this.#controllers) controller.start(stop.signal);
      const informing = this.#informers.run(stop.signal);
      await Promise.race([this.#informers.synced(), aborted(stop.signal)]);
      const working = Promise.all(this.#controllers.map((controller) => controller.work(stop.signal)));
      await aborted(stop.signal);
      await this.#finish(Promise.all([informing, working]));
    } finally {
      stop.abort();
    }
  }

  async #finish(ending: Promise<unknown>): Promise<void> {
    const ended = await within(
      this.#clock,
      stopMs,
      ending.then(() => true),
    );
    if (ended === true) return;
    for (const { name, running } of this.#controllers) {
      for (const key of running)
        this.#log.warn("Stopped without waiting for the end", { controller: name, object: key });
    }
  }
}
