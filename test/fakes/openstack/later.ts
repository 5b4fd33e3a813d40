import type { Clock } from "../../../process/clock.ts";

/** A cloud's time, and what happens in its background after an answer was given. */
export class Later implements Disposable {
  readonly #clock: Clock;
  readonly #timers = new Set<Disposable>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): Date {
    return this.#clock.now();
  }

  in(ms: number, happens: () => void): void {
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer);
      happens();
    });
    this.#timers.add(timer);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
  }
}
