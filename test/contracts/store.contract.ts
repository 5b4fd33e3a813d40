/** What api/storage/store.ts promises, in code: every Store passes it. */
import { describe, expect, test, vi } from "vitest";
import {
  AlreadyExistsError,
  CompactedError,
  ConflictError,
  FutureRevisionError,
  NotFoundError,
  TooLargeError,
  UnavailableError,
} from "../../api/storage/errors.ts";
import type { Revision, Store, Stored, StoreEvent } from "../../api/storage/store.ts";

export interface StoreContractOptions {
  /** Tests that do not hold for this store, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

/** A rendering that is easy to compare: put /a=x (was y) @3. */
export function render(event: StoreEvent): string {
  if (event.type === "progress") return `progress @${event.revision}`;
  const was = event.previous === undefined ? "" : ` (was ${text(event.previous.value) ?? ""})`;
  if (event.type === "delete") return `delete ${event.key}${was} @${event.revision}`;
  return `put ${event.object.key}=${text(event.object.value) ?? ""}${was} @${event.object.revision}`;
}

const revisionOf = (event: StoreEvent): Revision => (event.type === "put" ? event.object.revision : event.revision);

/** Watches until `enough` says so, and returns the events without those of progress. */
export async function watchUntil(
  store: Store,
  prefix: string,
  from: Revision,
  enough: (changes: readonly StoreEvent[]) => boolean,
): Promise<StoreEvent[]> {
  const changes: StoreEvent[] = [];
  const stop = new AbortController();
  for await (const batch of store.watch(prefix, from, stop.signal)) {
    expect(batch).not.toHaveLength(0);
    changes.push(...batch.filter((event) => event.type !== "progress"));
    if (enough(changes)) break;
  }
  stop.abort();
  return changes;
}

const atLeast =
  (count: number) =>
  (changes: readonly StoreEvent[]): boolean =>
    changes.length >= count;

/** Waits until `check` passes; the limit is for a broken store only. */
export const eventually = (check: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 45_000, interval: 10 });

/** A watch that runs beside the test; `batches` grows as they come. */
export function watching(store: Store, prefix: string, from: Revision) {
  const stop = new AbortController();
  const batches: (readonly StoreEvent[])[] = [];
  const ended = (async () => {
    for await (const batch of store.watch(prefix, from, stop.signal)) batches.push(batch);
  })();
  ended.catch(() => undefined); // whoever awaits `ended` sees it
  return {
    batches,
    ended,
    events: () => batches.flat(),
    changes: () => batches.flat().filter((event) => event.type !== "progress"),
    stop: () => {
      stop.abort();
    },
  };
}

export function describeStore(name: string, open: () => Promise<Store>, options: StoreContractOptions = {}): void {
  const it = (what: string, check: (store: Store) => Promise<void>): void => {
    const why = options.skip?.[what];
    if (why !== undefined) {
      test.skip(`${what} (skipped: ${why})`);
      return;
    }
    test(what, async () => {
      await using store = await open();
      await check(store);
    });
  };

  describe(`${name}: writing`, () => {
    it("creates a key once", async (store) => {
      const before = await store.revision();
      const created = await store.create("/registry/a", bytes("1"));
      expect(created).toMatchObject({ key: "/registry/a", value: bytes("1") });
      expect(created.revision).toBeGreaterThan(before);
      await expect(store.create("/registry/a", bytes("2"))).rejects.toThrow(AlreadyExistsError);
      expect(await store.get("/registry/a")).toEqual(created);
    });

    it("lets one of many concurrent creators win", async (store) => {
      const tries = Array.from({ length: 20 }, (_, i) => store.create("/registry/a", bytes(String(i))));
      const outcomes = await Promise.allSettled(tries);
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(AlreadyExistsError);
      }
    });

    it("answers undefined for a key that is not there", async (store) => {
      expect(await store.get("/registry/a")).toBeUndefined();
    });

    it("replaces a value only at the revision expected", async (store) => {
      const first = await store.create("/registry/a", bytes("1"));
      const second = await store.update("/registry/a", bytes("2"), first.revision);
      expect(second.revision).toBeGreaterThan(first.revision);
      const refused = store.update("/registry/a", bytes("3"), first.revision);
      await expect(refused).rejects.toThrow(ConflictError);
      await expect(refused).rejects.toMatchObject({ key: "/registry/a", current: second });
      expect(await store.get("/registry/a")).toEqual(second);
    });

    it("does not create by updating", async (store) => {
      const other = await store.create("/registry/b", bytes("1"));
      await expect(store.update("/registry/a", bytes("1"), other.revision)).rejects.toThrow(NotFoundError);
      expect(await store.get("/registry/a")).toBeUndefined();
    });

    it("loses no update of many writers who try again on conflict", async (store) => {
      await store.create("/registry/counter", bytes("0"));
      const increment = async (): Promise<void> => {
        for (;;) {
          const current = (await store.get("/registry/counter")) as Stored;
          const next = bytes(String(Number(text(current.value)) + 1));
          try {
            await store.update("/registry/counter", next, current.revision);
            return;
          } catch (error) {
            if (!(error instanceof ConflictError)) throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: 8 }, () => increment()));
      expect(text((await store.get("/registry/counter"))?.value)).toBe("8");
    });

    it("writes nothing when the bytes are those that are there", async (store) => {
      const created = await store.create("/registry/a", bytes("1"));
      expect(await store.update("/registry/a", bytes("1"), created.revision)).toEqual(created);
      expect(await store.revision()).toBe(created.revision);
    });

    it("refuses equal bytes at another revision", async (store) => {
      const first = await store.create("/registry/a", bytes("1"));
      await store.update("/registry/a", bytes("2"), first.revision);
      await expect(store.update("/registry/a", bytes("1"), first.revision)).rejects.toThrow(ConflictError);
      await expect(store.update("/registry/a", bytes("2"), first.revision)).rejects.toThrow(ConflictError);
    });

    it("deletes only at the revision expected", async (store) => {
      const first = await store.create("/registry/a", bytes("1"));
      const second = await store.update("/registry/a", bytes("2"), first.revision);
      await expect(store.delete("/registry/a", first.revision)).rejects.toMatchObject({ current: second });
      const deleted = await store.delete("/registry/a", second.revision);
      expect(deleted).toBeGreaterThan(second.revision);
      expect(await store.revision()).toBe(deleted);
      expect(await store.get("/registry/a")).toBeUndefined();
      await expect(store.delete("/registry/a", second.revision)).rejects.toThrow(NotFoundError);
    });

    it("takes a deleted key's name again, at a later revision", async (store) => {
      const first = await store.create("/registry/a", bytes("1"));
      const deleted = await store.delete("/registry/a", first.revision);
      const again = await store.create("/registry/a", bytes("1"));
      expect(again.revision).toBeGreaterThan(deleted);
      await expect(store.update("/registry/a", bytes("2"), first.revision)).rejects.toThrow(ConflictError);
    });

    it("keeps any bytes as they are", async (store) => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      const empty = new Uint8Array(0);
      await store.create("/registry/all", all);
      const created = await store.create("/registry/empty", empty);
      expect((await store.get("/registry/all"))?.value).toEqual(all);
      expect((await store.get("/registry/empty"))?.value).toEqual(empty);
      // A window on larger memory, as Buffer.from(text) is, writes only what it shows.
      const updated = await store.update("/registry/empty", all.subarray(10, 12), created.revision);
      expect((await store.get("/registry/empty"))?.value).toEqual(Uint8Array.of(10, 11));
      const events = await watchUntil(store, "/registry/", (created.revision - 2) as Revision, atLeast(3));
      expect(events[0]).toMatchObject({ object: { value: all } });
      expect(events[2]).toMatchObject({ object: { revision: updated.revision }, previous: { value: empty } });
    });

    it("keeps a value of a megabyte, and refuses one of two", async (store) => {
      const large = new Uint8Array(1024 * 1024).fill(7);
      await store.create("/registry/large", large);
      expect(Buffer.compare((await store.get("/registry/large"))?.value ?? bytes(""), large)).toBe(0);
      const tooLarge = new Uint8Array(2 * 1024 * 1024);
      await expect(store.create("/registry/larger", tooLarge)).rejects.toThrow(TooLargeError);
      expect(await store.get("/registry/larger")).toBeUndefined();
    });

    it("gives each of many concurrent writes a revision of its own", async (store) => {
      const writes = Array.from({ length: 100 }, (_, i) => store.create(`/registry/${i}`, bytes("")));
      const revisions = (await Promise.all(writes)).map(({ revision }) => revision);
      expect(new Set(revisions).size).toBe(100);
      expect(await store.revision()).toBe(Math.max(...revisions));
    });
  });

  describe(`${name}: listing`, () => {
    const keys = (items: readonly Stored[]): string[] => items.map(({ key }) => key);
    const fill = async (store: Store, names: readonly string[]): Promise<void> => {
      for (const key of names) await store.create(key, bytes(key));
    };

    it("shows what begins with the prefix, in bytewise order", async (store) => {
      // U+FF61 sorts before U+1F600 as bytes, after it as JavaScript strings.
      const sorted = ["/registry/a/B", "/registry/a/b", "/registry/a/b/", "/registry/a/b2", "/registry/a/\uff61"];
      await fill(store, [...sorted, "/registry/a/\u{1f600}"].toReversed());
      await fill(store, ["/registry/a", "/registry/a0", "/registry/ab"]);
      const page = await store.list("/registry/a/");
      expect(keys(page.items)).toEqual([...sorted, "/registry/a/\u{1f600}"]);
      expect(page.remaining).toBe(0);
      expect(page.revision).toBe(await store.revision());
      expect(keys((await store.list("/registry/a/b")).items)).toEqual(sorted.slice(1, 4));
      expect(keys((await store.list("/registry/a/b/")).items)).toEqual(["/registry/a/b/"]);
      expect((await store.list("/registry/nothing/")).items).toEqual([]);
    });

    it("shows each key at its own revision", async (store) => {
      const a = await store.create("/registry/a", bytes("1"));
      await store.create("/registry/b", bytes("1"));
      const updated = await store.update("/registry/a", bytes("2"), a.revision);
      expect((await store.list("/registry/a")).items).toEqual([updated]);
    });

    it("goes through a snapshot page by page, whatever is written meanwhile", async (store) => {
      await fill(store, ["/registry/1", "/registry/2", "/registry/3", "/registry/4", "/registry/5"]);
      const first = await store.list("/registry/", { limit: 2 });
      expect(keys(first.items)).toEqual(["/registry/1", "/registry/2"]);
      expect(first.remaining).toBe(3);

      const three = (await store.get("/registry/3")) as Stored;
      await store.delete("/registry/3", three.revision);
      await store.create("/registry/35", bytes(""));
      const four = (await store.get("/registry/4")) as Stored;
      await store.update("/registry/4", bytes("new"), four.revision);

      const next = { limit: 2, after: "/registry/2", revision: first.revision };
      const second = await store.list("/registry/", next);
      expect(second.items).toEqual([three, four]);
      expect(second).toMatchObject({ remaining: 1, revision: first.revision });
      const third = await store.list("/registry/", { ...next, after: "/registry/4" });
      expect(keys(third.items)).toEqual(["/registry/5"]);
      expect(third.remaining).toBe(0);
      expect(keys((await store.list("/registry/", { after: "/registry/2" })).items)).toEqual([
        "/registry/35",
        "/registry/4",
        "/registry/5",
      ]);
    });

    it("does not show at an old revision what was deleted or not yet there", async (store) => {
      const a = await store.create("/registry/a", bytes("1"));
      const gone = await store.delete("/registry/a", a.revision);
      await store.create("/registry/a", bytes("2"));
      expect((await store.list("/registry/", { revision: a.revision })).items).toEqual([a]);
      expect((await store.list("/registry/", { revision: gone })).items).toEqual([]);
    });

    it("refuses a revision that has not happened", async (store) => {
      const revision = ((await store.revision()) + 1000) as Revision;
      await expect(store.list("/registry/", { revision })).rejects.toThrow(FutureRevisionError);
    });
  });

  describe(`${name}: watching`, () => {
    it("replays from an old revision, then goes on live", async (store) => {
      const a = await store.create("/registry/a", bytes("1"));
      const b = await store.update("/registry/a", bytes("2"), a.revision);
      const c = await store.delete("/registry/a", b.revision);
      const watch = watching(store, "/registry/", a.revision);
      await eventually(() => {
        expect(watch.events()).toHaveLength(2);
      });
      const d = await store.create("/registry/a", bytes("3"));
      await eventually(() => {
        expect(watch.events().map(render)).toEqual([
          `put /registry/a=2 (was 1) @${b.revision}`,
          `delete /registry/a (was 2) @${c}`,
          `put /registry/a=3 @${d.revision}`,
        ]);
      });
      expect(watch.events()[0]).toEqual({ type: "put", object: b, previous: a });
      watch.stop();
      await watch.ended;
    });

    it("shows only what is under the prefix", async (store) => {
      const from = await store.revision();
      for (const key of ["/registry/a/b", "/registry/a/b/", "/registry/a/b2", "/registry/a/c"]) {
        await store.create(key, bytes(""));
      }
      const seen = await watchUntil(store, "/registry/a/b", from, atLeast(3));
      expect(seen.map((event) => event.type === "put" && event.object.key)).toEqual([
        "/registry/a/b",
        "/registry/a/b/",
        "/registry/a/b2",
      ]);
      const live = watching(store, "/registry/a/b/", await store.revision());
      await store.create("/registry/a/b3", bytes(""));
      await store.create("/registry/a/b/1", bytes(""));
      await eventually(() => {
        expect(live.changes()).toHaveLength(1);
      });
      expect(live.changes()[0]).toMatchObject({ object: { key: "/registry/a/b/1" } });
      live.stop();
      await live.ended;
    });

    it("shows a write to a watcher that began at a revision from before it, however long ago", async (store) => {
      const from = await store.revision();
      for (let i = 0; i < 1000; i += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, j) => store.create(`/registry/${i + j}`, bytes(""))));
      }
      expect(await watchUntil(store, "/registry/", from, atLeast(1000))).toHaveLength(1000);
      expect(await watchUntil(store, "/registry/999", from, atLeast(1))).toHaveLength(1);
    });

    it("yields every change of many writers exactly once and in order, to watchers that begin anywhere", async (store) => {
      const from = await store.revision();
      const watches = [watching(store, "/registry/", from)];
      const write = async (writer: number): Promise<void> => {
        let current = await store.create(`/registry/${writer}`, bytes("0"));
        for (let i = 1; i <= 20; i++) {
          current = await store.update(current.key, bytes(String(i)), current.revision);
          if (i % 5 === 0) watches.push(watching(store, "/registry/", from));
        }
        await store.delete(current.key, current.revision);
      };
      await Promise.all(Array.from({ length: 10 }, (_, writer) => write(writer)));
      const expected = 10 * 22;
      for (const watch of watches) {
        await eventually(() => {
          expect(watch.changes()).toHaveLength(expected);
        });
        const revisions = watch.changes().map(revisionOf);
        expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
        expect(new Set(revisions).size).toBe(expected);
        watch.stop();
        await watch.ended;
      }
    });

    it("keeps a slow reader from holding up writers, and gives it everything when it reads on", async (store) => {
      const from = await store.revision();
      const stop = new AbortController();
      const slow = store.watch("/registry/", from, stop.signal)[Symbol.asyncIterator]();
      const value = (i: number): Uint8Array => new Uint8Array(512 * 1024).fill(i);
      await store.create("/registry/0", value(0));
      const seen: StoreEvent[] = [...((await slow.next()).value as StoreEvent[])];
      const count = 60; // 30 MiB: more than any store may keep for one reader
      for (let i = 1; i < count; i++) await store.create(`/registry/${i}`, value(i));
      while (seen.length < count) seen.push(...((await slow.next()).value as StoreEvent[]));
      expect(seen.map((event) => event.type === "put" && event.object.key)).toEqual(
        Array.from({ length: count }, (_, i) => `/registry/${i}`),
      );
      await store.create("/registry/live", bytes("x"));
      expect((await slow.next()).value).toMatchObject([{ object: { key: "/registry/live" } }]);
      stop.abort();
      expect((await slow.next()).done).toBe(true);
    });

    it("ends without error when it is told to", async (store) => {
      const watch = watching(store, "/registry/", await store.revision());
      const told = new AbortController();
      told.abort();
      for await (const batch of store.watch("/registry/", await store.revision(), told.signal))
        expect(batch).toBe(null);
      watch.stop();
      await watch.ended;
    });

    it("begins at a revision that other prefixes have moved on from", async (store) => {
      const { revision } = await store.create("/registry/other/1", bytes(""));
      const watch = watching(store, "/registry/mine/", revision);
      await store.create("/registry/other/2", bytes(""));
      const mine = await store.create("/registry/mine/1", bytes("x"));
      await eventually(() => {
        expect(watch.changes()).toEqual([{ type: "put", object: mine, previous: undefined }]);
      });
      watch.stop();
      await watch.ended;
    });

    it("refuses a revision that has not happened", async (store) => {
      const from = ((await store.revision()) + 1000) as Revision;
      await expect(watchUntil(store, "/registry/", from, atLeast(1))).rejects.toThrow(FutureRevisionError);
    });
  });

  describe(`${name}: progress`, () => {
    it("tells a watcher that it has seen everything although nothing changed under its prefix", async (store) => {
      const watch = watching(store, "/registry/mine/", await store.revision());
      await store.create("/registry/other/1", bytes(""));
      const newest = await store.revision();
      await eventually(async () => {
        await store.requestProgress("/registry/mine/", newest);
        expect(watch.events()).not.toHaveLength(0);
      });
      for (const event of watch.events()) expect(event.type).toBe("progress");
      expect(Math.max(...watch.events().map(revisionOf))).toBeGreaterThanOrEqual(newest);
      watch.stop();
      await watch.ended;
    });

    it("never says so before the changes themselves", async (store) => {
      const from = await store.revision();
      const watch = watching(store, "/registry/", from);
      const last = { revision: from };
      for (let i = 0; i < 50; i++) {
        const writes = Array.from({ length: 10 }, (_, j) => store.create(`/registry/${i}/${j}`, bytes("")));
        const asked = store.revision().then((revision) => store.requestProgress("/registry/", revision));
        for (const { revision } of await Promise.all(writes))
          last.revision = Math.max(last.revision, revision) as Revision;
        await asked;
      }
      await store.requestProgress("/registry/", await store.revision());
      await eventually(() => {
        expect(watch.events().at(-1)).toMatchObject({ type: "progress" });
        expect(watch.changes()).toHaveLength(500);
      });
      expect(revisionOf(watch.events().at(-1) as StoreEvent)).toBeGreaterThanOrEqual(last.revision);
      let seen = from;
      for (const event of watch.events()) {
        if (event.type === "progress") expect(event.revision).toBeGreaterThanOrEqual(seen);
        else expect(revisionOf(event)).toBeGreaterThan(seen);
        seen = revisionOf(event);
      }
      watch.stop();
      await watch.ended;
    });
  });

  describe(`${name}: compaction`, () => {
    it("forgets old revisions and nothing that is there", async (store) => {
      const a = await store.create("/registry/a", bytes("1"));
      const b = await store.create("/registry/b", bytes("1"));
      const updated = await store.update("/registry/a", bytes("2"), a.revision);
      const deleted = await store.delete("/registry/b", b.revision);
      await store.compact(deleted);
      await expect(store.list("/registry/", { revision: b.revision })).rejects.toThrow(CompactedError);
      await expect(store.list("/registry/", { revision: b.revision })).rejects.toMatchObject({ oldest: deleted });
      const page = await store.list("/registry/", { revision: deleted });
      expect(page.items).toEqual([updated]);
      expect(await store.get("/registry/a")).toEqual(updated);
      expect(await store.revision()).toBeGreaterThanOrEqual(deleted);
    });

    it("ends a watch from a revision that is gone, and none from the one compacted to", async (store) => {
      const a = await store.create("/registry/a", bytes("1"));
      const b = await store.update("/registry/a", bytes("2"), a.revision);
      const c = await store.update("/registry/a", bytes("3"), b.revision);
      await store.compact(b.revision);
      await expect(watchUntil(store, "/registry/", a.revision, atLeast(1))).rejects.toThrow(CompactedError);
      await expect(watchUntil(store, "/registry/", a.revision, atLeast(1))).rejects.toMatchObject({
        key: "/registry/",
        oldest: b.revision,
      });
      const kept = await watchUntil(store, "/registry/", b.revision, atLeast(1));
      expect(kept).toEqual([{ type: "put", object: c, previous: b }]);
    });

    it("does not disturb a watch that has seen it all", async (store) => {
      const a = await store.create("/registry/a", bytes("1"));
      const watch = watching(store, "/registry/", a.revision);
      const b = await store.update("/registry/a", bytes("2"), a.revision);
      await eventually(() => {
        expect(watch.changes()).toHaveLength(1);
      });
      await store.compact(b.revision);
      await store.update("/registry/a", bytes("3"), b.revision);
      await eventually(() => {
        expect(watch.changes()).toHaveLength(2);
      });
      watch.stop();
      await watch.ended;
    });

    it("may be repeated, and asked for less", async (store) => {
      const a = await store.create("/registry/a", bytes("1"));
      const b = await store.create("/registry/b", bytes("1"));
      await store.compact(b.revision);
      await store.compact(b.revision);
      await store.compact(a.revision);
      await expect(store.list("/registry/", { revision: a.revision })).rejects.toThrow(CompactedError);
    });

    it("refuses a revision that has not happened", async (store) => {
      const revision = ((await store.revision()) + 1000) as Revision;
      await expect(store.compact(revision)).rejects.toThrow(FutureRevisionError);
    });
  });

  describe(`${name}: time to live`, () => {
    it("deletes a key when its time is up, and watchers see it", async (store) => {
      const forever = await store.create("/registry/forever", bytes("1"));
      const brief = await store.create("/registry/brief", bytes("1"), { ttlSeconds: 1 });
      const events = await watchUntil(store, "/registry/", brief.revision, atLeast(1));
      expect(events).toMatchObject([{ type: "delete", key: "/registry/brief", previous: brief }]);
      expect(await store.get("/registry/brief")).toBeUndefined();
      expect(await store.get("/registry/forever")).toEqual(forever);
    });

    it("is set and taken away by updates", async (store) => {
      const kept = await store.create("/registry/kept", bytes("1"), { ttlSeconds: 1 });
      const brief = await store.create("/registry/brief", bytes("1"));
      await store.update("/registry/kept", bytes("2"), kept.revision);
      const updated = await store.update("/registry/brief", bytes("2"), brief.revision, { ttlSeconds: 1 });
      const events = await watchUntil(store, "/registry/", updated.revision, atLeast(1));
      expect(events).toMatchObject([{ type: "delete", key: "/registry/brief" }]);
      expect(text((await store.get("/registry/kept"))?.value)).toBe("2");
    });
  });

  describe(`${name}: closing`, () => {
    it("ends every watch without error, and refuses what comes after", async (store) => {
      const from = await store.revision();
      await store.create("/registry/a", bytes("1"));
      const watches = [watching(store, "/registry/", from), watching(store, "/registry/", await store.revision())];
      await eventually(() => {
        expect(watches[0]?.changes().length).toBeGreaterThan(0);
      });
      await store[Symbol.asyncDispose]();
      await Promise.all(watches.map(({ ended }) => ended));
      await expect(store.get("/registry/a")).rejects.toThrow(UnavailableError);
      await expect(store.create("/registry/b", bytes("1"))).rejects.toThrow(UnavailableError);
      await expect(watchUntil(store, "/registry/", from, atLeast(1))).rejects.toThrow(UnavailableError);
    });
  });
}
