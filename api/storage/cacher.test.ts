import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeClock, settle } from "../../test/fakes/clock.ts";
import { RecordingLog } from "../../test/fakes/log.ts";
import type { ResourceType } from "../../crds/meta.ts";
import { Codec } from "../codec.ts";
import type { WritableObject } from "../codec.ts";
import type { Bookmark, WatchItem } from "./cacher.ts";
import { Cacher } from "./cacher.ts";
import { CompactedError, UnavailableError } from "./errors.ts";
import { SqliteStore } from "./sqlite.ts";
import type { Page, Revision, Store, Stored, StoreEvent } from "./store.ts";

const type: ResourceType = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };
const codec = new Codec(type);
const object = (name: string, value = ""): WritableObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "n" },
  data: { value },
});

/** A store that can be made to fail as one does whose server goes away. */
class FailingStore implements Store {
  readonly #store: Store;
  #watches = new AbortController();
  /** What the next lists throw. */
  unavailable = false;

  constructor(store: Store) {
    this.#store = store;
  }

  get compacted(): Revision {
    return this.#store.compacted;
  }

  /** Ends every open watch with an error. */
  breakWatches(): void {
    this.#watches.abort();
    this.#watches = new AbortController();
  }

  create = (...args: Parameters<Store["create"]>): Promise<Stored> => this.#store.create(...args);
  get = (...args: Parameters<Store["get"]>): Promise<Stored | undefined> => this.#store.get(...args);
  update = (...args: Parameters<Store["update"]>): Promise<Stored> => this.#store.update(...args);
  delete = (...args: Parameters<Store["delete"]>): Promise<Revision> => this.#store.delete(...args);
  revision = (): Promise<Revision> => this.#store.revision();
  requestProgress = (...args: Parameters<Store["requestProgress"]>): Promise<void> =>
    this.#store.requestProgress(...args);
  compact = (...args: Parameters<Store["compact"]>): Promise<void> => this.#store.compact(...args);

  async list(...args: Parameters<Store["list"]>): Promise<Page> {
    if (this.unavailable) throw new UnavailableError(args[0], "it does not answer");
    return this.#store.list(...args);
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncGenerator<readonly StoreEvent[], void> {
    const broken = this.#watches.signal;
    yield* this.#store.watch(prefix, from, AbortSignal.any([signal, broken]));
    if (broken.aborted) throw new UnavailableError(prefix, "the connection was lost");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }
}

let store: FailingStore;
let clock: FakeClock;
let cacher: Cacher;
let stop: AbortController;
beforeEach(async () => {
  store = new FailingStore(await SqliteStore.open({ path: ":memory:" }));
  clock = new FakeClock();
  cacher = new Cacher({ store, type, clock, log: new RecordingLog() });
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await cacher[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const create = (name: string, value?: string): Promise<Stored> =>
  store.create(codec.key("n", name), codec.encode(object(name, value)));
const names = (): string[] => cacher.list(codec.root).map((entry) => entry.object.metadata.name);
const all = (event: WatchItem): WatchItem => event;

/** Reads one batch after the other. */
function watch(from: Revision, bookmarks = false) {
  const batches = cacher.watch(from, all, stop.signal, bookmarks);
  return {
    async items(count: number): Promise<(WatchItem | Bookmark)[]> {
      const items: (WatchItem | Bookmark)[] = [];
      while (items.length < count) {
        const { value, done } = await batches.next();
        if (done === true) break;
        items.push(...value);
      }
      return items;
    },
  };
}

const told = (items: readonly (WatchItem | Bookmark)[]): string[] =>
  items.map((item) =>
    item.type === "BOOKMARK" ? `BOOKMARK ${item.revision}` : `${item.type} ${item.entry.object.metadata.name}`,
  );

describe("Cacher", () => {
  test("shows what was in the store, then what changes, in order of keys", async () => {
    await create("b");
    await create("a");
    await cacher.fresh();
    expect(names()).toEqual(["a", "b"]);
    await create("ab");
    await store.delete(codec.key("n", "a"), (await store.get(codec.key("n", "a")))?.revision ?? (0 as Revision));
    await cacher.fresh();
    expect(names()).toEqual(["ab", "b"]);
    expect(cacher.list(codec.prefix("other"))).toEqual([]);
  });

  test("is fresh although what was written is none of its own", async () => {
    await cacher.ready();
    await store.create("/core/secrets/n/a", codec.encode(object("a")));
    await cacher.fresh();
    expect(cacher.revision).toBe(await store.revision());
  });

  test("gives every reader the same bytes", async () => {
    await cacher.ready();
    const from = cacher.revision;
    const [one, two] = [watch(from), watch(from)];
    const pending = [one.items(1), two.items(1)];
    await create("a");
    const [first, second] = (await Promise.all(pending)).map(([item]) => item as WatchItem);
    expect(second).toBe(first);
    expect(first?.frame.toString()).toBe(`{"type":"ADDED","object":${first?.entry.bytes.toString() ?? ""}}\n`);
    expect(cacher.get(codec.key("n", "a"))).toBe(first?.entry);
    expect(first?.entry.object.metadata.resourceVersion).toBe(String(first?.entry.revision));
  });

  test("tells a resumed watch exactly what came after, from its ring and from the store's history", async () => {
    await cacher.ready();
    const start = cacher.revision;
    const made = Array.from({ length: 3000 }, (_, i) => `c${String(i).padStart(4, "0")}`);
    await Promise.all(made.map((name) => create(name)));
    await cacher.fresh();
    for (const missed of [0, 1, 1500, 2999]) {
      const items = await watch((start + missed) as Revision).items(3000 - missed);
      expect(told(items)).toEqual(made.slice(missed).map((name) => `ADDED ${name}`));
    }
  });

  test("refuses to resume from what the store has forgotten", async () => {
    await cacher.ready();
    const start = cacher.revision;
    await Promise.all(Array.from({ length: 3000 }, (_, i) => create(`c${i}`)));
    await cacher.fresh();
    await store.compact(await store.revision());
    await expect(watch(start).items(1)).rejects.toBeInstanceOf(CompactedError);
  });

  test("cuts off who does not read, and nobody else", async () => {
    await cacher.ready();
    const from = cacher.revision;
    const [slow, quick] = [watch(from), watch(from)];
    const first = slow.items(1); // and never again
    const everything = quick.items(6002);
    await create("first");
    await first;
    for (const part of [0, 1]) await Promise.all(Array.from({ length: 3000 }, (_, i) => create(`c${part}.${i}`)));
    await cacher.fresh();
    await create("last");
    expect(await everything).toHaveLength(6002);
    expect(await slow.items(1)).toEqual([]);
  });

  test("bookmarks every minute how far a quiet watch has come", async () => {
    await cacher.ready();
    const items = watch(cacher.revision, true).items(2);
    await clock.pass(0);
    await store.create("/core/secrets/n/a", codec.encode(object("a")));
    await clock.pass(60_000);
    await store.create("/core/secrets/n/b", codec.encode(object("b")));
    const newest = await store.revision();
    await clock.pass(60_000);
    expect(told(await items)).toEqual([`BOOKMARK ${newest - 1}`, `BOOKMARK ${newest}`]);
  });

  test("starts anew when the store's watch breaks: watchers resume and miss nothing", async () => {
    await create("before");
    await cacher.fresh();
    const from = cacher.revision;
    const broken = watch(from).items(1);
    await clock.pass(0);
    store.breakWatches();
    expect(await broken).toEqual([]);
    await create("between");
    await clock.pass(1000);
    await cacher.fresh();
    expect(names()).toEqual(["before", "between"]);
    await create("after");
    expect(told(await watch(from).items(2))).toEqual(["ADDED between", "ADDED after"]);
  });

  test("ends a watch that begins while it starts anew: what changed meanwhile it would not be told", async () => {
    await cacher.fresh();
    const from = cacher.revision;
    const broken = watch(from).items(1);
    await clock.pass(0);
    store.breakWatches();
    await clock.pass(0);
    const begun = watch(from).items(1);
    await create("between");
    await clock.pass(1000);
    await create("after");
    await cacher.fresh();
    expect([await broken, await begun]).toEqual([[], []]);
    expect(told(await watch(from).items(2))).toEqual(["ADDED between", "ADDED after"]);
  });

  test("does not tell a watch that it has come less far than where it began", async () => {
    await cacher.fresh();
    const from = (cacher.revision + 5) as Revision; // another replica has come that far
    const items = watch(from, true).items(1);
    await clock.pass(0);
    stop.abort();
    expect(await items).toEqual([]);
  });

  test("retired, it ends watches and answers who uses it, and nobody after that", async () => {
    await cacher.fresh();
    const watched = watch(cacher.revision).items(1);
    await clock.pass(0);
    const used = cacher.use();
    cacher.retire();
    expect(await watched).toEqual([]);
    expect(await watch(cacher.revision).items(1)).toEqual([]);
    await create("late");
    await cacher.fresh();
    expect(names()).toEqual(["late"]);
    used[Symbol.dispose]();
    await create("later");
    await settle();
    expect(names()).toEqual(["late"]);
  });

  test("retired, it lets go of a watch that reads history", async () => {
    for (let n = 0; n < 3000; n++) await create(`n${n}`);
    await cacher.fresh();
    const watched = cacher.watch(1 as Revision, all, stop.signal);
    await watched.next();
    cacher.retire();
    while ((await watched.next()).done !== true);
  });

  test("says so while the store does not answer, and recovers", async () => {
    store.unavailable = true;
    await expect(cacher.ready()).rejects.toBeInstanceOf(UnavailableError);
    store.unavailable = false;
    const ready = cacher.ready();
    await clock.pass(1000);
    await ready;
    await create("a");
    await cacher.fresh();
    expect(names()).toEqual(["a"]);
  });

  test("does not wait for ever for a state that does not come", async () => {
    await cacher.ready();
    const waiting = expect(cacher.reached((cacher.revision + 10) as Revision)).rejects.toMatchObject({
      reason: "Timeout",
      code: 504,
      details: { retryAfterSeconds: 1 },
    });
    await clock.pass(3000);
    await waiting;
  });
});
