import type { Backoff } from "./backoff.ts";
import { exponentialBackoff } from "./backoff.ts";
import type { Clock } from "../../process/clock.ts";
import type { ControllerMetrics } from "./metrics.ts";
import type { Key } from "./reconciler.ts";

/**
 * client-go starts at 5 ms too but waits up to 1000 s (util/workqueue/default_rate_limiters.go). What fails here is
 * mostly a machine that is away, and people notice when it takes a quarter of an hour until its return is seen.
 */
export const defaultBackoff = exponentialBackoff({ baseMs: 5, maxMs: 60_000 });

export interface WorkQueueOptions {
  readonly backoff?: Backoff;
  /** More is first, as it is when the key arrives; all alike where absent. */
  readonly priorityOf?: (key: Key) => number;
  /** Told what happens to keys; nobody where absent. */
  readonly metrics?: Pick<ControllerMetrics, "added" | "taken" | "retried" | "done">;
}

interface Pending {
  /** Milliseconds since the epoch. */
  readonly due: number;
  readonly timer: Disposable;
}

/** Keys of one priority, in the order they arrived. */
class Lane {
  readonly priority: number;
  // Taken keys are left before #head until half of the array is such, so that taking costs the same however long it is.
  #keys: Key[] = [];
  #head = 0;

  constructor(priority: number) {
    this.priority = priority;
  }

  get size(): number {
    return this.#keys.length - this.#head;
  }

  push(key: Key): void {
    this.#keys.push(key);
  }

  shift(): Key | undefined {
    const key = this.#keys[this.#head];
    if (key === undefined) return undefined;
    this.#head++;
    if (this.#head * 2 > this.#keys.length) {
      this.#keys = this.#keys.slice(this.#head);
      this.#head = 0;
    }
    return key;
  }
}

/**
 * Hands out keys to workers.
 *
 * Fair: keys leave in the order they arrived; where there are priorities, those of more before those of less.
 * Stingy: a key added many times before it is taken is taken once, and is never taken twice at once.
 * Lossless: a key added while it is being worked on is taken again after {@link done}.
 *
 * After k8s.io/client-go/util/workqueue.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #priorityOf: (key: Key) => number;
  readonly #metrics: WorkQueueOptions["metrics"];
  readonly #takers: ((key: Key | undefined) => void)[] = [];
  readonly #failures = new Map<Key, number>();
  readonly #pending = new Map<Key, Pending>();
  #closed = false;

  // Invariant: #lanes hold every key that is dirty and not running, once each. One lane for each priority, the highest
  // first; those that are empty are not there.
  readonly #dirty = new Set<Key>();
  readonly #running = new Set<Key>();
  #lanes: Lane[] = [];

  constructor(clock: Clock, { backoff = defaultBackoff, priorityOf = () => 0, metrics }: WorkQueueOptions = {}) {
    this.#clock = clock;
    this.#backoff = backoff;
    this.#priorityOf = priorityOf;
    this.#metrics = metrics;
  }

  /** How many keys wait to be taken. */
  get size(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.size, 0);
  }

  /** The keys that are being worked on. */
  get running(): ReadonlySet<Key> {
    return this.#running;
  }

  add(key: Key): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#metrics?.added(key);
    if (!this.#running.has(key)) this.#enqueue(key);
  }

  /**
   * Adds the key in `ms` milliseconds. Only the earliest such wish of a key counts, and taking the key fulfils it:
   * whoever works on it decides anew when to look again.
   */
  addAfter(key: Key, ms: number): void {
    if (this.#closed) return;
    this.#metrics?.retried();
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const due = this.#clock.now().getTime() + ms;
    const pending = this.#pending.get(key);
    if (pending !== undefined && pending.due <= due) return;
    pending?.timer[Symbol.dispose]();
    const timer = this.#clock.after(ms, () => {
      this.#pending.delete(key);
      this.add(key);
    });
    this.#pending.set(key, { due, timer });
  }

  /** Adds the key after a wait that grows each time until {@link forget}. Returns that wait in milliseconds. */
  addRateLimited(key: Key): number {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    const ms = this.#backoff.after(failures);
    this.addAfter(key, ms);
    return ms;
  }

  /** How often the key was added by {@link addRateLimited} since it was last forgotten. */
  failures(key: Key): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: Key): void {
    this.#failures.delete(key);
  }

  /** The next key, or `undefined` once the queue is shut down. Every key taken must be given to {@link done}. */
  take(): Promise<Key | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#hand();
    });
  }

  done(key: Key): void {
    this.#running.delete(key);
    this.#metrics?.done(key);
    if (this.#dirty.has(key) && !this.#closed) this.#enqueue(key);
  }

  /** Hands out no more keys and lets waiting workers go. Keys not yet taken are dropped. */
  shutDown(): void {
    this.#closed = true;
    for (const { timer } of this.#pending.values()) timer[Symbol.dispose]();
    this.#pending.clear();
    this.#failures.clear();
    this.#dirty.clear();
    this.#lanes = [];
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #enqueue(key: Key): void {
    const priority = this.#priorityOf(key);
    const lower = this.#lanes.findIndex((one) => one.priority <= priority);
    const at = lower < 0 ? this.#lanes.length : lower;
    const known = this.#lanes[at];
    const lane = known?.priority === priority ? known : new Lane(priority);
    if (lane !== known) this.#lanes.splice(at, 0, lane);
    lane.push(key);
    this.#hand();
  }

  #hand(): void {
    const [lane] = this.#lanes;
    if (lane === undefined || this.#takers.length === 0) return;
    const key = lane.shift();
    if (lane.size === 0) this.#lanes.shift();
    const taker = this.#takers.shift();
    if (key === undefined || taker === undefined) return;
    this.#dirty.delete(key);
    this.#running.add(key);
    this.#pending.get(key)?.timer[Symbol.dispose]();
    this.#pending.delete(key);
    this.#metrics?.taken(key);
    taker(key);
  }
}
