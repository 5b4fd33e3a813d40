import type { Clock } from "../../process/clock.ts";

interface Entry {
  /** Milliseconds since the epoch. */
  readonly due: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/**
 * Many things to do, each at its time, with one timer: a binary heap by time. Costs nothing between two of them, and
 * O(log n) for each.
 */
export class Timetable implements Disposable {
  readonly #clock: Clock;
  readonly #heap: Entry[] = [];
  #timer: { readonly due: number; readonly handle: Disposable } | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `fn` once after `ms` milliseconds unless disposed of before. `fn` must not throw. */
  after(ms: number, fn: () => void): Disposable {
    const entry = { due: this.#clock.now().getTime() + ms, fn, cancelled: this.#closed };
    if (!this.#closed) {
      this.#push(entry);
      this.#arm();
    }
    // Left in the heap until its time: taking it out of the middle would cost more.
    return {
      [Symbol.dispose]: () => {
        entry.cancelled = true;
      },
    };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#heap.length = 0;
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = undefined;
  }

  #arm(): void {
    const [first] = this.#heap;
    if (first === undefined || (this.#timer !== undefined && this.#timer.due <= first.due)) return;
    this.#timer?.handle[Symbol.dispose]();
    const { due } = first;
    const handle = this.#clock.after(Math.max(0, due - this.#clock.now().getTime()), () => {
      this.#timer = undefined;
      this.#run();
    });
    this.#timer = { due, handle };
  }

  #run(): void {
    const now = this.#clock.now().getTime();
    for (let [first] = this.#heap; first !== undefined && (first.due <= now || first.cancelled); [first] = this.#heap) {
      this.#pop();
      if (!first.cancelled) first.fn();
    }
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.due <= entry.due) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && right.due < left.due) child++;
      const smaller = heap[child];
      if (smaller === undefined || smaller.due >= last.due) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }
}
