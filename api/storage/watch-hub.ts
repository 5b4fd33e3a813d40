/**
 * Hands the changes of one store to all who watch it in this process. Both stores feed one hub: SQLite after each
 * commit, etcd from its one watch. A watcher that starts in the past, or that falls behind, reads what it misses from
 * the store's history and then joins the others again.
 */
import { CompactedError } from "./errors.ts";
import type { Revision, Stored, StoreEvent } from "./store.ts";

/** An event that is a change. */
export type Change = Exclude<StoreEvent, { type: "progress" }>;

/**
 * Every change under `prefix` with a revision above `after` up to and including `upTo`, in order; all of one revision
 * in one batch. Throws CompactedError when they are no longer all kept.
 */
export type Replay = (
  prefix: string,
  after: Revision,
  upTo: Revision,
  signal: AbortSignal,
) => AsyncIterable<readonly Change[]>;

/** What a watcher may leave unread before it has to read from history instead: a bound on memory, not on events. */
const backlogBytes = 8 * 1024 * 1024;
/** Roughly what an event costs besides its values. */
const eventBytes = 256;

export const revisionOf = (event: StoreEvent): Revision =>
  event.type === "put" ? event.object.revision : event.revision;
export const keyOf = (change: Change): string => (change.type === "put" ? change.object.key : change.key);
const bytesOf = (stored: Stored | undefined): number => stored?.value.byteLength ?? 0;
const sizeOf = (change: Change): number =>
  eventBytes + bytesOf(change.previous) + (change.type === "put" ? bytesOf(change.object) : 0);
const later = (a: Revision, b: Revision): Revision => (a > b ? a : b);

/** What one watcher has not read yet. */
class Backlog {
  readonly prefix: string;
  /** Changes up to this revision are of no interest: they were read before the watch began, or from history. */
  #seen: Revision;
  #events: StoreEvent[] = [];
  #bytes = 0;
  /** Set when it is not fed: events after those it holds are only in the history. */
  #behind = true;
  /** A progress that was due while it was not fed. */
  #owed: Revision | undefined;
  #ended: { readonly error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;

  constructor(prefix: string, from: Revision) {
    this.prefix = prefix;
    this.#seen = from;
  }

  /** From here on it is fed; all changes up to `seen` are taken care of otherwise. Returns the progress it owes. */
  attach(seen: Revision): Revision | undefined {
    this.#seen = later(this.#seen, seen);
    this.#behind = false;
    const owed = this.#owed;
    this.#owed = undefined;
    return owed;
  }

  add(changes: readonly Change[]): void {
    if (this.#behind || this.#ended !== undefined) return;
    const held = this.#events.length;
    for (const change of changes) {
      if (revisionOf(change) <= this.#seen || !keyOf(change).startsWith(this.prefix)) continue;
      this.#events.push(change);
      this.#bytes += sizeOf(change);
    }
    if (this.#bytes > backlogBytes) this.#behind = true;
    if (this.#events.length > held) this.#wake?.();
  }

  progress(revision: Revision): void {
    if (this.#behind) {
      this.#owed = revision;
      return;
    }
    if (revision < this.#seen) return;
    const last = this.#events.at(-1);
    if (last?.type === "progress") this.#events.pop();
    this.#events.push({ type: "progress", revision });
    this.#wake?.();
  }

  /** What is held is still read; then the watch ends, by `error` if there is one. */
  end(error: Error | undefined): void {
    this.#ended ??= { error };
    this.#wake?.();
  }

  wake(): void {
    this.#wake?.();
  }

  /** All that is held, waiting for the first of it; undefined when there will be no more until it is attached again. */
  async take(signal: AbortSignal): Promise<readonly StoreEvent[] | undefined> {
    for (;;) {
      if (signal.aborted) return undefined;
      if (this.#events.length > 0) {
        const events = this.#events;
        this.#events = [];
        this.#bytes = 0;
        return events;
      }
      if (this.#ended?.error !== undefined) throw this.#ended.error;
      if (this.#ended !== undefined || this.#behind) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
}

export class WatchHub {
  readonly #replay: Replay;
  readonly #backlogs = new Set<Backlog>();
  #waiters: Waiter[] = [];
  #position: Revision;
  #closed = false;

  /** `position`: the revision of the newest change that watchers will find in the history, not here. */
  constructor(position: Revision, replay: Replay) {
    this.#position = position;
    this.#replay = replay;
  }

  /** Every change up to and including this revision has been published. */
  get position(): Revision {
    return this.#position;
  }

  /** All `changes` after {@link position} up to and including `upTo`, in order. */
  publish(changes: readonly Change[], upTo: Revision): void {
    this.#position = upTo;
    for (const backlog of this.#backlogs) backlog.add(changes);
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.revision > this.#position) return true;
      waiter.resolve();
      return false;
    });
  }

  /** Tells every watcher of `prefix`, or of any, that it has been given all changes up to and including `revision`. */
  progress(prefix: string | undefined, revision: Revision): void {
    for (const backlog of this.#backlogs)
      if (prefix === undefined || backlog.prefix === prefix) backlog.progress(revision);
  }

  /** Resolves when {@link position} is at `revision`, or when `signal` aborts. */
  reached(revision: Revision, signal: AbortSignal): Promise<void> {
    if (this.#position >= revision || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve();
      };
      const waiter: Waiter = {
        revision,
        resolve: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      this.#waiters.push(waiter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** Changes were missed for good: every watch ends with a CompactedError, and new ones go on from `position`. */
  reset(position: Revision, oldest: Revision): void {
    const missed = this.#position;
    this.#position = position;
    for (const backlog of this.#backlogs) backlog.end(new CompactedError(backlog.prefix, missed, oldest));
  }

  /** Ends every watch without error. */
  close(): void {
    this.#closed = true;
    for (const backlog of this.#backlogs) backlog.end(undefined);
  }

  /** Yields nothing before `admitted` resolves, and throws what that throws; progress made meanwhile is told then. */
  async *watch(
    prefix: string,
    from: Revision,
    signal: AbortSignal,
    admitted?: () => Promise<void>,
  ): AsyncIterable<readonly StoreEvent[]> {
    const backlog = new Backlog(prefix, from);
    const wake = (): void => {
      backlog.wake();
    };
    const stopped = (): boolean => this.#closed || signal.aborted;
    signal.addEventListener("abort", wake);
    this.#backlogs.add(backlog);
    try {
      if (admitted !== undefined) await admitted();
      let seen = from;
      while (!stopped()) {
        const position = this.#position;
        const owed = backlog.attach(position);
        if (seen < position) {
          for await (const changes of this.#replay(prefix, seen, position, signal)) {
            if (stopped()) return;
            yield changes;
          }
          seen = position;
        }
        const progress = owed === undefined ? undefined : later(owed, position);
        // A watch that began where this process had not come yet is not told that it has come less far.
        if (progress !== undefined && progress >= seen) yield [{ type: "progress", revision: progress }];
        for (;;) {
          const events = await backlog.take(signal);
          const last = events?.at(-1);
          if (events === undefined || last === undefined) break;
          seen = later(seen, revisionOf(last));
          yield events;
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#backlogs.delete(backlog);
    }
  }
}
