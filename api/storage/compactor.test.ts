import { describe, expect, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { Compactor } from "./compactor.ts";
import { CompactedError, UnavailableError } from "./errors.ts";
import { SqliteStore } from "./sqlite.ts";
import type { Revision } from "./store.ts";

const intervalMs = 300_000;
const never = (error: unknown): void => {
  throw error;
};

async function kept(store: SqliteStore, revision: Revision): Promise<boolean> {
  try {
    await store.list("/registry/", { revision });
    return true;
  } catch (error) {
    if (error instanceof CompactedError) return false;
    throw error;
  }
}

describe("Compactor", () => {
  test("keeps the history of an interval and forgets what is older", async () => {
    const clock = new FakeClock();
    await using store = await SqliteStore.open({ path: ":memory:", clock });
    await using running = new AsyncDisposableStack();
    running.use(new Compactor({ store, clock, onError: never }));
    const { revision: atStart } = await store.create("/registry/a", new Uint8Array(1));
    await clock.pass(intervalMs);
    const { revision: atFirst } = await store.create("/registry/b", new Uint8Array(1));
    expect(await kept(store, atStart)).toBe(true);
    await clock.pass(intervalMs);
    expect(await kept(store, atStart)).toBe(false);
    expect(await kept(store, atFirst)).toBe(true);
    await clock.pass(intervalMs);
    expect(await kept(store, atFirst)).toBe(false);
    expect((await store.list("/registry/")).items).toHaveLength(2);
  });

  test("several replicas compact once an interval, to what is an interval old, also when one of them goes", async () => {
    const clock = new FakeClock();
    await using store = await SqliteStore.open({ path: ":memory:", clock });
    const first = new Compactor({ store, clock, onError: never });
    await clock.pass(intervalMs / 2);
    await using running = new AsyncDisposableStack();
    running.use(new Compactor({ store, clock, onError: never }));
    const times: { minute: number; revision: Revision }[] = [];
    for (let minute = 0; minute < 30; minute++) {
      if (minute === 12) await first[Symbol.asyncDispose]();
      const { revision } = await store.create(`/registry/${minute}`, new Uint8Array(1));
      times.push({ minute, revision });
      for (const { minute: then, revision: at } of times) {
        const age = minute - then;
        if (age < 5) expect(await kept(store, at)).toBe(true);
        if (age > 15) expect(await kept(store, at)).toBe(false);
      }
      await clock.pass(60_000);
    }
  });

  test("a store that fails is reported and compacted later", async () => {
    const clock = new FakeClock();
    const store = await SqliteStore.open({ path: ":memory:", clock });
    const errors: unknown[] = [];
    await using running = new AsyncDisposableStack();
    running.use(new Compactor({ store, clock, onError: (error) => errors.push(error) }));
    await store[Symbol.asyncDispose]();
    await clock.pass(2 * intervalMs);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toBeInstanceOf(UnavailableError);
  });
});
