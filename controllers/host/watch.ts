import { setMaxListeners } from "node:events";
import type { HostDriver, Owner } from "../../drivers/driver.ts";
import { exponentialBackoff } from "../runtime/backoff.ts";
import { sleep } from "../../process/clock.ts";
import type { Clock } from "../../process/clock.ts";

export interface WatchListener {
  /** From now on changes are told; whatever happened before may have been missed. */
  readonly listening: () => void;
  readonly changed: (owner: Owner) => void;
  /** Nothing is told until {@link listening} is called again. */
  readonly lost: () => void;
}

/** A host that was restarted is back after a second or two, and should be noticed then: trying costs next to nothing. */
const backoff = exponentialBackoff({ baseMs: 100, maxMs: 2_000 });

/** Listens to one host until it is disposed of, over and over again while the host does not answer. */
export class HostWatch implements Disposable {
  readonly driver: HostDriver;
  readonly #clock: Clock;
  readonly #listener: WatchListener;
  readonly #stop = new AbortController();

  constructor(driver: HostDriver, clock: Clock, listener: WatchListener) {
    this.driver = driver;
    this.#clock = clock;
    this.#listener = listener;
    setMaxListeners(0, this.#stop.signal);
    void this.#run(this.#stop.signal);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  /** Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    for (let failures = 1; ; failures++) {
      const heard = await this.#listen(signal);
      if (signal.aborted) return;
      if (heard) {
        failures = 1;
        this.#listener.lost();
      }
      await sleep(this.#clock, backoff.after(failures), signal);
    }
  }

  /** Listens until the connection is lost. False when there was none. */
  async #listen(signal: AbortSignal): Promise<boolean> {
    let heard = false;
    try {
      for await (const owner of this.driver.changes(signal)) {
        if (signal.aborted) return heard;
        if (owner === undefined) this.#listener.listening();
        else this.#listener.changed(owner);
        heard = true;
      }
    } catch {
      // Why is for the probe to find out, which `lost` brings about.
    }
    return heard;
  }
}
