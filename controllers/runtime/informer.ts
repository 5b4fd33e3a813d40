import type { Client, ObjectList } from "../../api/client/client.ts";
import { ApiError, hasReason, isExpired } from "../../api/status.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { exponentialBackoff } from "./backoff.ts";
import type { Backoff } from "./backoff.ts";
import { aborted, orAborted } from "../../process/abort.ts";
import { sleep } from "../../process/clock.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import { ObjectCache } from "./object-cache.ts";
import type { IndexFunction } from "./object-cache.ts";
import type { Clock } from "../../process/clock.ts";
import type { Informer, Informers, Key } from "./reconciler.ts";
import { keyOf } from "./reconciler.ts";

/** As client-go's reflector asks for. Source: k8s.io/client-go/tools/pager/pager.go. */
const pageSize = 500;

/** A watch that ends sooner and told nothing counts as a failure. Source: client-go, tools/cache/reflector.go. */
const shortestWatchMs = 1000;

type ChangeHandler<R> = (old: R | undefined, next: R | undefined) => void;

/** Informers that can be run. One set serves one run of a manager. */
export interface RunnableInformers extends Informers {
  /**
   * Lists and watches for every informer handed out, before and after this call, until `signal` aborts. Resolves when
   * all have stopped; never rejects.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when every informer handed out so far has its first list. */
  synced(): Promise<void>;
  /**
   * Gives back what one call of `for` handed out. An informer that nobody holds any more stops, and tells its handlers
   * nothing.
   */
  release(type: ResourceType): void;
}

/**
 * One list and one watch per kind, however many controllers look at it. `random` gives numbers from 0 up to 1, to
 * spread reconnects.
 */
export function createInformers(
  client: Pick<Client, "list" | "watch">,
  clock: Clock,
  log: Log,
  random: () => number = Math.random,
): RunnableInformers {
  // client-go waits 800 ms at first; ours are few and often sit beside the server, so that they may ask sooner.
  const backoff = exponentialBackoff({ baseMs: 100, maxMs: 30_000, jitter: 1, random });
  return new InformerSet({ client, clock, log, backoff });
}

interface Parts {
  readonly client: Pick<Client, "list" | "watch">;
  readonly clock: Clock;
  readonly log: Log;
  readonly backoff: Backoff;
}

interface Entry {
  readonly informer: WatchingInformer;
  readonly stop: AbortController;
  holders: number;
}

class InformerSet implements RunnableInformers {
  readonly #parts: Parts;
  readonly #entries = new Map<string, Entry>();
  readonly #runs = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  for<R extends KubeObject>(type: ResourceType, indexes: Readonly<Record<string, IndexFunction<R>>> = {}): Informer<R> {
    const name = entryName(type);
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = { informer: new WatchingInformer(type, this.#parts), stop: new AbortController(), holders: 0 };
      this.#entries.set(name, entry);
      this.#start(entry);
    }
    entry.holders++;
    // The caller says what the objects of `type` look like; nothing here looks at more than their metadata.
    const informer = entry.informer as unknown as WatchingInformer<R>;
    informer.addIndexes(indexes);
    return informer;
  }

  release(type: ResourceType): void {
    const entry = this.#entries.get(entryName(type));
    if (entry === undefined || --entry.holders > 0) return;
    this.#entries.delete(entryName(type));
    entry.stop.abort();
  }

  async synced(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ informer }) => informer.synced));
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const entry of this.#entries.values()) this.#start(entry);
    await aborted(signal);
    for (const { stop } of this.#entries.values()) stop.abort();
    await Promise.all(this.#runs);
  }

  #start(entry: Entry): void {
    if (this.#signal === undefined || this.#signal.aborted) return;
    const run = entry.informer.run(entry.stop.signal).finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }
}

const entryName = (type: ResourceType): string => `${groupResource(type)}/${type.version}`;

/** Whether what the server answered leaves the last resourceVersion usable: it could not answer, or not now. */
function mayResume(error: unknown): boolean {
  return !(error instanceof ApiError) || hasReason(error, "InternalError", "ServiceUnavailable", "TooManyRequests");
}

/** Follows one kind. Source of the life cycle: k8s.io/client-go/tools/cache/reflector.go. */
class WatchingInformer<R extends KubeObject = KubeObject> implements Informer<R> {
  readonly type: ResourceType;
  readonly synced: Promise<void>;
  readonly #parts: Parts;
  readonly #cache = new ObjectCache<R>();
  readonly #handlers = new Set<ChangeHandler<R>>();
  readonly #markSynced: () => void;
  /** Everything up to it is in the cache; undefined before the first list and when it is too old to go on from. */
  #version: string | undefined;
  #failures = 0;

  constructor(type: ResourceType, parts: Parts) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.type = type;
    this.#parts = parts;
    this.synced = promise;
    this.#markSynced = () => {
      resolve(undefined);
    };
  }

  get(key: Key): R | undefined {
    return this.#cache.get(key);
  }

  list(): Iterable<R> {
    return this.#cache.list();
  }

  byIndex(index: string, value: string): readonly R[] {
    return this.#cache.byIndex(index, value);
  }

  addIndexes(indexes: Readonly<Record<string, IndexFunction<R>>>): void {
    for (const [name, valuesOf] of Object.entries(indexes)) this.#cache.addIndex(name, valuesOf);
  }

  /** A handler that comes late is told of everything that is there, as having appeared. */
  onChange(handler: ChangeHandler<R>): Disposable {
    this.#handlers.add(handler);
    for (const object of this.#cache.list()) this.#tell(handler, undefined, object);
    return {
      [Symbol.dispose]: () => {
        this.#handlers.delete(handler);
      },
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#version ??= await this.#relist(signal);
        if (this.#version !== undefined) await this.#watch(this.#version, signal);
      } catch (error) {
        await this.#recover(error, signal);
      }
    }
  }

  /**
   * Lists everything and tells the handlers how it differs from the cache. Returns the version to watch from, or
   * undefined when `signal` aborted.
   */
  async #relist(signal: AbortSignal): Promise<string | undefined> {
    const listed = new Map<Key, R>();
    let next: string | undefined;
    for (;;) {
      const page = await this.#page(next, signal);
      if (page === undefined) return undefined;
      for (const object of page.items) listed.set(keyOf(object), object);
      next = page.continue;
      if (next !== undefined && next !== "") continue;
      this.#replace(listed);
      this.#markSynced();
      return page.resourceVersion;
    }
  }

  /** A server that does not answer must not keep us from stopping. */
  #page(next: string | undefined, signal: AbortSignal): Promise<ObjectList<R> | undefined> {
    const options = { limit: pageSize, ...(next === undefined ? {} : { continue: next }) };
    return orAborted(this.#parts.client.list<R>(this.type, options), signal);
  }

  #replace(listed: ReadonlyMap<Key, R>): void {
    const gone = [...this.#cache.list()].filter((object) => !listed.has(keyOf(object)));
    for (const object of gone) this.#remove(object);
    for (const object of listed.values()) this.#put(object);
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#parts;
    const began = clock.now().getTime();
    let told = false;
    for await (const event of client.watch<R>(this.type, { resourceVersion, signal })) {
      if (signal.aborted) return;
      told = true;
      this.#failures = 0;
      switch (event.type) {
        case "ADDED":
        case "MODIFIED":
          this.#put(event.object);
          this.#version = event.object.metadata.resourceVersion;
          break;
        case "DELETED":
          this.#remove(event.object);
          this.#version = event.object.metadata.resourceVersion;
          break;
        case "BOOKMARK":
          this.#version = event.resourceVersion;
          break;
      }
    }
    if (signal.aborted) return;
    if (!told && clock.now().getTime() - began < shortestWatchMs) {
      throw new Error(`Cannot watch ${groupResource(this.type)}: the server ended the watch at once`);
    }
    this.#failures = 0;
  }

  /** Waits before the next try. A version that is too old is no fault: the first time, lists again at once. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, backoff, log } = this.#parts;
    if (signal.aborted) return;
    if (!mayResume(error)) this.#version = undefined;
    this.#failures++;
    if (isExpired(error) && this.#failures === 1) return;
    const retryInMs = Math.round(backoff.after(this.#failures));
    log.warn("Lost touch with the API", {
      resource: groupResource(this.type),
      error: describeError(error),
      retryInMs,
    });
    await sleep(clock, retryInMs, signal);
  }

  #put(next: R): void {
    const old = this.#cache.get(keyOf(next));
    if (old !== undefined && old.metadata.uid !== next.metadata.uid) {
      // Deleted and made anew while nobody looked: two objects, so two changes.
      this.#remove(old);
      this.#put(next);
      return;
    }
    if (old?.metadata.resourceVersion === next.metadata.resourceVersion) return;
    this.#cache.set(next);
    this.#tellAll(old, next);
  }

  #remove(object: R): void {
    const old = this.#cache.delete(keyOf(object));
    if (old !== undefined) this.#tellAll(old, undefined);
  }

  #tellAll(old: R | undefined, next: R | undefined): void {
    for (const handler of this.#handlers) this.#tell(handler, old, next);
  }

  #tell(handler: ChangeHandler<R>, old: R | undefined, next: R | undefined): void {
    try {
      handler(old, next);
    } catch (error) {
      this.#parts.log.error("A handler failed", { resource: groupResource(this.type), error: describeError(error) });
    }
  }
}
