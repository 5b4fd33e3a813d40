import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { CompactedError, NotFoundError } from "./errors.ts";
import { SqliteStore } from "./sqlite.ts";
import type { Revision } from "./store.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-sqlite-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
const newFile = (): string => join(folder, `${files++}.db`);

describe("SqliteStore.open()", () => {
  test("makes a file that only its owner can read: Secrets are in it", async () => {
    const path = newFile();
    await using store = await SqliteStore.open({ path });
    await store.create("/registry/a", bytes("1"));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(`${path}-wal`)).mode & 0o777).toBe(0o600);
  });

  test("refuses a file of a newer stowage and leaves it alone", async () => {
    const path = newFile();
    {
      await using store = await SqliteStore.open({ path });
      await store.create("/registry/a", bytes("1"));
    }
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 2");
    db.close();
    await expect(SqliteStore.open({ path })).rejects.toThrow(
      `Cannot open store "${path}": its schema is version 2, this stowage knows 1: run a newer stowage`,
    );
  });

  test("refuses a file that is no database", async () => {
    const path = newFile();
    await writeFile(path, "not a database, but long enough to be taken for the header of one".repeat(20));
    await expect(SqliteStore.open({ path })).rejects.toThrow(`Cannot open store "${path}": file is not a database`);
  });

  test("refuses a folder that is not there", async () => {
    await expect(SqliteStore.open({ path: join(folder, "nowhere", "x.db") })).rejects.toThrow("Cannot open store");
  });

  test("finds everything again, and goes on counting", async () => {
    const path = newFile();
    const before = await (async () => {
      await using store = await SqliteStore.open({ path });
      const a = await store.create("/registry/a", bytes("1"));
      await store.create("/registry/b", bytes("1"));
      return { a, updated: await store.update("/registry/a", bytes("2"), a.revision) };
    })();
    await using store = await SqliteStore.open({ path });
    expect(await store.get("/registry/a")).toEqual(before.updated);
    expect((await store.list("/registry/", { revision: before.a.revision })).items).toEqual([before.a]);
    expect((await store.create("/registry/c", bytes("1"))).revision).toBe(before.updated.revision + 1);
  });

  test("does not count again what compaction forgot: the newest change may be a deletion", async () => {
    const path = newFile();
    const deleted = await (async () => {
      await using store = await SqliteStore.open({ path });
      const { revision } = await store.create("/registry/a", bytes("1"));
      const gone = await store.delete("/registry/a", revision);
      await store.compact(gone);
      return gone;
    })();
    await using store = await SqliteStore.open({ path });
    expect(await store.revision()).toBe(deleted);
    await expect(store.list("/registry/", { revision: (deleted - 1) as Revision })).rejects.toThrow(CompactedError);
  });
});

describe("SqliteStore", () => {
  test("a write that is refused takes nothing from those of the same transaction", async () => {
    await using store = await SqliteStore.open({ path: ":memory:" });
    const [a, refused, b] = await Promise.allSettled([
      store.create("/registry/a", bytes("1")),
      store.update("/registry/none", bytes("1"), 1 as Revision),
      store.create("/registry/b", bytes("1")),
    ]);
    expect(a).toMatchObject({ status: "fulfilled", value: { revision: 2 } });
    expect(refused).toMatchObject({ status: "rejected", reason: expect.any(NotFoundError) as unknown });
    expect(b).toMatchObject({ status: "fulfilled", value: { revision: 3 } });
  });

  test("closing waits for the writes that it was given", async () => {
    const path = newFile();
    const store = await SqliteStore.open({ path });
    const writing = store.create("/registry/a", bytes("1"));
    await store[Symbol.asyncDispose]();
    const written = await writing;
    await using again = await SqliteStore.open({ path });
    expect(await again.get("/registry/a")).toEqual(written);
  });

  test("what compaction forgets takes no room any more", async () => {
    const path = newFile();
    await using store = await SqliteStore.open({ path });
    let current = await store.create("/registry/a", new Uint8Array(100_000));
    const sizes: number[] = [];
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 50; i++) {
        current = await store.update(current.key, new Uint8Array(100_000).fill(i + round), current.revision);
      }
      await store.compact(current.revision);
      sizes.push((await stat(path)).size);
    }
    expect(sizes.at(-1)).toBeLessThan(3 * 50 * 100_000);
    expect((await store.list("/registry/")).items).toEqual([current]);
  });
});

describe("a time to live", () => {
  test("is over at its second and not before, and costs one timer", async () => {
    const clock = new FakeClock();
    await using store = await SqliteStore.open({ path: ":memory:", clock });
    for (let i = 1; i <= 5; i++) await store.create(`/registry/${i}`, bytes("1"), { ttlSeconds: i * 10 });
    expect(clock.timers).toBe(1);
    await clock.pass(9_999);
    expect((await store.list("/registry/")).items).toHaveLength(5);
    await clock.pass(1);
    expect((await store.list("/registry/")).items.map(({ key }) => key)).not.toContain("/registry/1");
    await clock.pass(30_000);
    expect((await store.list("/registry/")).items.map(({ key }) => key)).toEqual(["/registry/5"]);
  });

  test("goes on over a restart, also when it ended meanwhile", async () => {
    const path = newFile();
    const clock = new FakeClock();
    {
      await using store = await SqliteStore.open({ path, clock });
      await store.create("/registry/short", bytes("1"), { ttlSeconds: 10 });
      await store.create("/registry/long", bytes("1"), { ttlSeconds: 100 });
    }
    await clock.pass(50_000);
    await using store = await SqliteStore.open({ path, clock });
    await clock.pass(0);
    expect((await store.list("/registry/")).items.map(({ key }) => key)).toEqual(["/registry/long"]);
    await clock.pass(50_000);
    expect((await store.list("/registry/")).items).toEqual([]);
  });

  test("may be longer than a timer can be", async () => {
    const clock = new FakeClock();
    await using store = await SqliteStore.open({ path: ":memory:", clock });
    const days = 24 * 3600;
    await store.create("/registry/a", bytes("1"), { ttlSeconds: 60 * days });
    await clock.pass(59 * days * 1000);
    expect(await store.get("/registry/a")).toBeDefined();
    await clock.pass(days * 1000);
    expect(await store.get("/registry/a")).toBeUndefined();
  });

  test("of many keys at once ends in portions, all of them", async () => {
    const clock = new FakeClock();
    await using store = await SqliteStore.open({ path: ":memory:", clock });
    const writes = Array.from({ length: 1000 }, (_, i) => store.create(`/registry/${i}`, bytes(""), { ttlSeconds: 1 }));
    await Promise.all(writes);
    await clock.pass(1000);
    for (let turn = 0; turn < 5; turn++) await clock.pass(0);
    expect((await store.list("/registry/")).items).toEqual([]);
  });
});
