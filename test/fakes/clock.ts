import type { Clock } from "../../process/clock.ts";
import { systemClock } from "../../process/clock.ts";

interface Timer {
  readonly due: number;
  readonly fn: () => void;
}

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now = new Date("2026-01-01T00:00:00Z")) {
    this.#now = now.getTime();
  }

  /** How many timers are waiting. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): Date {
    return new Date(this.#now);
  }

  after(ms: number, fn: () => void): Disposable {
    const timer = { due: this.#now + ms, fn };
    this.#timers.add(timer);
    return {
      [Symbol.dispose]: () => {
        this.#timers.delete(timer);
      },
    };
  }

  /** Lets `ms` milliseconds pass: timers fire in order, each at its time, and what they wake runs before the next. */
  async pass(ms: number): Promise<void> {
    await settle();
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = next.due;
      this.#timers.delete(next);
      next.fn();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** `ms` milliseconds go by in which no timer can fire; then all that are due do, late. */
  stall(ms: number): void {
    this.#now += ms;
    const due = [...this.#timers].filter((timer) => timer.due <= this.#now);
    for (const timer of due) this.#timers.delete(timer);
    for (const { fn } of due) fn();
  }

  #next(end: number): Timer | undefined {
    return [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
  }
}

/** Time that passes `times` as fast as the machine's own, from now on: who polls need not be waited for so long. */
export function fasterClock(times: number): Clock {
  const start = systemClock.now().getTime();
  return {
    now: () => new Date(start + (systemClock.now().getTime() - start) * times),
    after: (ms, fn) => systemClock.after(ms / times, fn),
  };
}

/** Lets everything run that waits for nothing but its turn. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
