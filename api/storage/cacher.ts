/**
 * One watch of the store per kind, many readers: keeps every object of the kind as of the newest event, and the recent
 * events for watches that resume. Source of the idea: k8s.io/apiserver/pkg/storage/cacher.
 */
import { Codec, Entry, frameOf } from "../codec.ts";
import type { EventType } from "../codec.ts";
import type { ResourceType } from "../../crds/meta.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import { ApiError, tooLargeResourceVersion } from "../status.ts";
import { sleep } from "../../process/clock.ts";
import type { Clock } from "../../process/clock.ts";
import { EntryList } from "./entry-list.ts";
import { UnavailableError } from "./errors.ts";
import { SharedWork } from "./shared-work.ts";
import { Snapshots } from "./snapshots.ts";
import type { Page, Revision, Store, StoreEvent } from "./store.ts";

/** What one watcher is told of one event. */
export class WatchItem {
  readonly type: EventType;
  readonly entry: Entry;
  #frame: Buffer | undefined;

  constructor(type: EventType, entry: Entry, frame?: Buffer) {
    this.type = type;
    this.entry = entry;
    this.#frame = frame;
  }

  /** The line of a watch; made once. */
  get frame(): Buffer {
    this.#frame ??= frameOf(this.type, this.entry.bytes);
    return this.#frame;
  }
}

/** One change, as everyone who is interested in it shares it. */
export class CacheEvent extends WatchItem {
  /** What was there before; undefined when the object is new. */
  readonly previous: Entry | undefined;
  readonly #codec: Codec;
  #left: WatchItem | undefined;

  constructor(type: EventType, entry: Entry, frame: Buffer, previous: Entry | undefined, codec: Codec) {
    super(type, entry, frame);
    this.previous = previous;
    this.#codec = codec;
  }

  /** For a watcher whose selection the object left: what it was before, as if deleted now. */
  get left(): WatchItem {
    if (this.#left === undefined) {
      const { key, revision } = this.entry;
      const last = (this.previous ?? this.entry).copy();
      last.metadata["resourceVersion"] = String(revision);
      this.#left = new WatchItem("DELETED", this.#codec.entryOf(key, last, revision));
    }
    return this.#left;
  }
}

/** Everything up to `revision` has been told. */
export interface Bookmark {
  readonly type: "BOOKMARK";
  readonly revision: Revision;
  /** The objects that were there at the start have all been told. */
  readonly initialEventsEnd: boolean;
}

/** What, if anything, a watcher is told of an event. */
export type Selection = (event: CacheEvent) => WatchItem | undefined;

export interface CacherOptions {
  readonly store: Store;
  readonly type: ResourceType;
  /** See {@link Codec}. */
  readonly storedHead?: string;
  /** See {@link Codec}. */
  readonly storedAs?: ResourceType | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Events kept for resuming; up to twice as many before the older half is dropped. */
const ringCapacity = 512;
/** A watcher that leaves so many events unread is cut off: it resumes from where it was, at its own pace. */
const longestQueue = 4096;
/** How long a read waits for the cache. Source: blockTimeout in cacher/watch_cache.go. */
const freshnessTimeoutMs = 3000;
const bookmarkMs = 60_000;
const restartMs = [100, 200, 500, 1000, 2000, 5000] as const;

class Watcher {
  readonly bookmarks: boolean;
  readonly #select: Selection;
  #queue: (WatchItem | Bookmark)[];
  /** How much of the queue was there at the last flush. */
  #left = 0;
  #wake: (() => void) | undefined;
  #closed = false;
  readonly #from: Revision;

  /** `from` is what its reader has seen already, which may be more than this process has. */
  constructor(from: Revision, select: Selection, backlog: readonly CacheEvent[], bookmarks: boolean) {
    this.#from = from;
    this.#select = select;
    this.bookmarks = bookmarks;
    this.#queue = selected(backlog, select);
  }

  offer(event: CacheEvent): void {
    const item = this.#closed ? undefined : this.#select(event);
    if (item === undefined) return;
    this.#queue.push(item);
  }

  /** `revision`: that of the last event offered, or of a later progress. */
  bookmark(revision: Revision): void {
    if (this.bookmarks && revision >= this.#from)
      this.#queue.push({ type: "BOOKMARK", revision, initialEventsEnd: false });
  }

  /** Lets the reader see what was offered. However much comes at once, who read what came before is not too slow. */
  flush(): void {
    if (this.#left >= longestQueue) {
      this.close();
      return;
    }
    this.#left = this.#queue.length;
    if (this.#left > 0) this.#wake?.();
  }

  /** What is queued is dropped: the reader resumes from what it has read. */
  close(): void {
    this.#queue = [];
    this.end();
  }

  /** What is queued can still be read. */
  end(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Everything offered since the last call, waiting for it; undefined at the end. */
  async take(): Promise<readonly (WatchItem | Bookmark)[] | undefined> {
    if (this.#queue.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#queue.length === 0) return undefined;
    const items = this.#queue;
    this.#queue = [];
    this.#left = 0;
    return items;
  }
}

interface Waiter {
  readonly revision: Revision;
  readonly resolve: (reached: boolean) => void;
}

export class Cacher implements AsyncDisposable {
  readonly codec: Codec;
  readonly #options: CacherOptions;
  readonly #stop = new AbortController();
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<Watcher>();
  readonly #freshening = new SharedWork(() => this.#freshen());
  readonly #snapshots: Snapshots;
  /** The same as #entries, in order. */
  #list = EntryList.empty;
  #ring: CacheEvent[] = [];
  /** Every event after this revision is in the ring. */
  #ringStart = 0 as Revision;
  #revision = 0 as Revision;
  #waiters: Waiter[] = [];
  #ready = Promise.withResolvers<undefined>();
  #listed = false;
  /** Why what is in the store cannot be shown now: a conversion that fails. */
  #refusal: ApiError | undefined;
  #running: Promise<void> | undefined;
  #bookmarkTimer: Disposable | undefined;
  #flushing = false;
  #users = 0;
  #retired = false;

  constructor(options: CacherOptions) {
    this.#options = options;
    this.codec = new Codec(options.type, options.storedHead, options.storedAs);
    this.#snapshots = new Snapshots(options.clock);
  }

  /** Every change up to this revision has been seen. */
  get revision(): Revision {
    return this.#revision;
  }

  /** Starts on first use. Throws UnavailableError when the store does not answer. */
  async ready(): Promise<void> {
    if (this.#listed) return;
    this.#running ??= this.#run(this.#stop.signal);
    await this.#ready.promise;
  }

  /** Until this is disposed of, {@link retire} ends nothing but watches. */
  use(): Disposable {
    this.#users++;
    return {
      [Symbol.dispose]: () => {
        this.#users--;
        this.#endWhenUnused();
      },
    };
  }

  /**
   * Another one has taken its place: watches end now, the rest when nobody uses it. Source: tearDown in
   * customresource_handler.go, which lets requests finish on the storage that they began with.
   */
  retire(): void {
    this.#retired = true;
    this.#closeWatchers();
    this.#endWhenUnused();
  }

  #endWhenUnused(): void {
    if (this.#retired && this.#users === 0) void this[Symbol.asyncDispose]();
  }

  /** As of {@link revision}; may be older than what the store has. Nothing before {@link ready}. */
  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** All whose keys begin with `prefix`, in order. */
  list(prefix: string): readonly Entry[] {
    return this.#list.slice(this.#list.range(prefix));
  }

  /** All there is as of {@link revision}. */
  get state(): EntryList {
    return this.#list;
  }

  /** Remembers for a while, for {@link stateAt}, what there is now. */
  keepState(): void {
    this.#snapshots.keep(this.#revision, this.#list);
  }

  /** All there was as of `revision`, if it is still known. */
  stateAt(revision: Revision): EntryList | undefined {
    return revision === this.#revision ? this.#list : this.#snapshots.at(revision, this.#options.store.compacted);
  }

  /** Resolves when the cache shows everything that was written before the call. Throws Timeout, UnavailableError. */
  fresh(): Promise<void> {
    return this.#freshening.run();
  }

  /** Resolves when the cache is no older than `revision`. Throws Timeout (504) after three seconds. */
  async reached(revision: Revision): Promise<void> {
    await this.ready();
    if (this.#revision >= revision) return;
    if (this.#refusal !== undefined) throw this.#refusal;
    const inTime = await new Promise<boolean>((resolve) => {
      const timer = this.#options.clock.after(freshnessTimeoutMs, () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve(false);
      });
      const waiter: Waiter = {
        revision,
        resolve: (reached) => {
          timer[Symbol.dispose]();
          resolve(reached);
        },
      };
      this.#waiters.push(waiter);
    });
    if (inTime) return;
    // Meanwhile there may be one.
    const refusal = this.#refusal as ApiError | undefined;
    throw refusal ?? tooLargeResourceVersion(`Too large resource version: ${revision}, current: ${this.#revision}`);
  }

  /**
   * Every change after `from` that `select` wants, in order, exactly once. Ends when `signal` aborts, and when the
   * reader is too slow or the cache starts anew: whoever watches goes on from the last revision seen. With `bookmarks`,
   * one comes every minute and at the end. Throws CompactedError when `from` is too old.
   */
  async *watch(
    from: Revision,
    select: Selection,
    signal: AbortSignal,
    bookmarks = false,
  ): AsyncGenerator<readonly (WatchItem | Bookmark)[], void> {
    await this.ready();
    let seen = from;
    while (seen < this.#ringStart) {
      for await (const events of this.#history(seen, signal)) {
        const items = selected(events.changes, select);
        if (items.length > 0) yield items;
        seen = events.upTo;
        if (seen >= this.#ringStart) break;
      }
      if (signal.aborted || this.#retired || this.#stop.signal.aborted) return;
    }
    const later: Selection = (event) => (event.entry.revision <= seen ? undefined : select(event));
    const watcher = new Watcher(seen, later, this.#ring, bookmarks);
    const close = (): void => {
      watcher.bookmark(this.#revision);
      watcher.end();
    };
    if (signal.aborted || this.#retired) return;
    signal.addEventListener("abort", close, { once: true });
    this.#watchers.add(watcher);
    if (bookmarks) this.#scheduleBookmarks();
    try {
      for (let items = await watcher.take(); items !== undefined; items = await watcher.take()) yield items;
    } finally {
      signal.removeEventListener("abort", close);
      this.#watchers.delete(watcher);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#bookmarkTimer?.[Symbol.dispose]();
    this.#ready.promise.catch(() => undefined); // nobody may be waiting
    this.#ready.reject(new UnavailableError(this.codec.root, "The server is stopping"));
    this.#closeWatchers();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(false);
    await this.#running;
  }

  async #freshen(): Promise<void> {
    await this.ready();
    const { store } = this.#options;
    const newest = await store.revision();
    if (this.#revision >= newest) return;
    await store.requestProgress(this.codec.root, newest);
    await this.reached(newest);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { store, log, clock } = this.#options;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const page = await store.list(this.codec.root);
        this.#reset(page);
        failures = 0;
        for await (const batch of store.watch(this.codec.root, page.revision, signal)) this.#apply(batch);
      } catch (error) {
        log.warn("Watching the store failed, starting anew", { prefix: this.codec.root, error: describeError(error) });
        this.#failReaders(error);
        if (error instanceof ApiError) this.#refuse(error);
      }
      this.#closeWatchers(); // they would wait; those who come meanwhile are ended by #reset
      await sleep(clock, restartMs[Math.min(failures, restartMs.length - 1)] ?? 0, signal);
    }
  }

  /** Until the first list is in, there is nothing to answer from. */
  #failReaders(error: unknown): void {
    if (this.#listed) return;
    this.#ready.promise.catch(() => undefined); // nobody may be waiting
    this.#ready.reject(error);
    this.#ready = Promise.withResolvers();
  }

  #refuse(refusal: ApiError): void {
    this.#refusal = refusal;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(false);
  }

  /** One timer for all watchers, while there are any that want bookmarks. */
  #scheduleBookmarks(): void {
    this.#bookmarkTimer ??= this.#options.clock.after(bookmarkMs, () => {
      this.#bookmarkTimer = undefined;
      void this.#bookmark();
    });
  }

  async #bookmark(): Promise<void> {
    // So that a bookmark moves on where nothing happens; without an answer it says less, and is still right.
    await this.fresh().catch(() => undefined);
    for (const watcher of this.#watchers) {
      watcher.bookmark(this.#revision);
      watcher.flush();
      if (watcher.bookmarks) this.#scheduleBookmarks();
    }
  }

  #closeWatchers(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
  }

  #reset(page: Page): void {
    const entries = page.items.map(({ key, value, revision }) => this.codec.decode(key, value, revision));
    // What changed between what they were told and this page they would never be told.
    this.#closeWatchers();
    this.#entries.clear();
    for (const entry of entries) this.#entries.set(entry.key, entry);
    this.#list = EntryList.of(entries);
    this.#snapshots.clear();
    this.#ring = [];
    this.#ringStart = page.revision;
    this.#advance(page.revision);
    this.#listed = true;
    this.#refusal = undefined;
    this.#ready.resolve(undefined);
  }

  #apply(batch: readonly StoreEvent[]): void {
    for (const change of batch) {
      const event = this.#eventOf(change, (key) => this.#entries.get(key));
      if (event === undefined) continue;
      this.#keep(event);
      for (const watcher of this.#watchers) watcher.offer(event);
    }
    const last = batch.at(-1);
    if (last !== undefined) this.#advance(revisionOf(last));
    this.#flushSoon();
  }

  /** Once for all that arrives in one turn of the event loop: under load, what a watcher is told costs it one write. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      for (const watcher of this.#watchers) watcher.flush();
    });
  }

  #keep(event: CacheEvent): void {
    const { key } = event.entry;
    if (event.type === "DELETED") {
      this.#entries.delete(key);
      this.#list = this.#list.without(key);
    } else {
      this.#entries.set(key, event.entry);
      this.#list = this.#list.with(event.entry);
    }
    this.#ring.push(event);
    if (this.#ring.length < 2 * ringCapacity) return;
    const dropped = this.#ring.splice(0, ringCapacity);
    this.#ringStart = dropped.at(-1)?.entry.revision ?? this.#ringStart;
  }

  /** `known` spares decoding what was there before. */
  #eventOf(change: StoreEvent, known: (key: string) => Entry | undefined): CacheEvent | undefined {
    if (change.type === "progress") return undefined;
    const { codec } = this;
    if (change.type === "delete") {
      const { key, previous, revision } = change;
      const { entry, frame } = codec.decodeEvent("DELETED", key, previous.value, revision);
      return new CacheEvent("DELETED", entry, frame, undefined, codec);
    }
    const { object, previous } = change;
    const type = previous === undefined ? "ADDED" : "MODIFIED";
    const { entry, frame } = codec.decodeEvent(type, object.key, object.value, object.revision);
    const before = previous && (known(object.key) ?? codec.decode(previous.key, previous.value, previous.revision));
    return new CacheEvent(type, entry, frame, before, codec);
  }

  /** Events from the store, for a watch that goes back further than the ring. */
  async *#history(
    from: Revision,
    signal: AbortSignal,
  ): AsyncGenerator<{ changes: CacheEvent[]; upTo: Revision }, void> {
    const { store } = this.#options;
    const stop = new AbortController();
    const either = AbortSignal.any([signal, this.#stop.signal, stop.signal]);
    const batches = store.watch(this.codec.root, from, either)[Symbol.asyncIterator]();
    try {
      const first = batches.next();
      first.catch(() => undefined); // thrown below
      // Where nothing more happened under the prefix, only progress tells that the history is at its end.
      await store.requestProgress(this.codec.root, await store.revision());
      for (let next = await first; next.done !== true; next = await batches.next()) {
        const events = next.value.map((change) => this.#eventOf(change, () => undefined));
        const last = next.value.at(-1);
        yield { changes: events.filter((event) => event !== undefined), upTo: last ? revisionOf(last) : from };
      }
    } finally {
      stop.abort();
      await batches.return?.();
    }
  }

  #advance(revision: Revision): void {
    this.#revision = revision;
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.revision > revision) return true;
      waiter.resolve(true);
      return false;
    });
  }
}

const revisionOf = (event: StoreEvent): Revision => (event.type === "put" ? event.object.revision : event.revision);

function selected(events: readonly CacheEvent[], select: Selection): WatchItem[] {
  return events.map(select).filter((item) => item !== undefined);
}
