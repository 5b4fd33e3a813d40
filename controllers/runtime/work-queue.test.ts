import { describe, expect, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { exponentialBackoff } from "./backoff.ts";
import { systemClock } from "../../process/clock.ts";
import { WorkQueue } from "./work-queue.ts";

const backoff = exponentialBackoff({ baseMs: 5, maxMs: 60_000 });

function make(): { queue: WorkQueue; clock: FakeClock } {
  const clock = new FakeClock();
  return { queue: new WorkQueue(clock, { backoff }), clock };
}

describe("add and take", () => {
  test("a key is handed out once however often it was added, and keys leave in the order they came", async () => {
    const { queue } = make();
    for (const key of ["a", "a", "b", "a", "c"]) queue.add(key);
    expect(queue.size).toBe(3);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["a", "b", "c"]);
    expect(queue.size).toBe(0);
  });

  test("those of more priority leave first, and those of one priority in the order they came", async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue(clock, { backoff, priorityOf: (key) => Number(key.slice(1)) });
    for (const key of ["a1", "b0", "c2", "d1"]) queue.add(key);
    expect(queue.size).toBe(4);
    expect(await queue.take()).toBe("c2");
    queue.add("e2");
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(["e2", "a1", "d1"]);
    expect([await queue.take(), queue.size]).toEqual(["b0", 0]);
  });

  test("a key that is being worked on is not handed out, and is again once it is done", async () => {
    const { queue } = make();
    queue.add("a");
    await queue.take();
    queue.add("a");
    queue.add("b");
    expect(await queue.take()).toBe("b");
    expect(queue.running).toEqual(new Set(["a", "b"]));
    queue.done("a");
    expect(await queue.take()).toBe("a");
  });

  test("a key that was not added while it was worked on is not handed out again", async () => {
    const { queue } = make();
    queue.add("a");
    await queue.take();
    queue.done("a");
    queue.add("b");
    expect(await queue.take()).toBe("b");
  });

  test("a waiting worker is woken, the one that waited longest first", async () => {
    const { queue } = make();
    const first = queue.take();
    const second = queue.take();
    queue.add("a");
    queue.add("b");
    expect(await first).toBe("a");
    expect(await second).toBe("b");
  });
});

describe("addAfter", () => {
  test("the key comes when its time has come, not before", async () => {
    const { queue, clock } = make();
    queue.addAfter("a", 100);
    await clock.pass(99);
    expect(queue.size).toBe(0);
    await clock.pass(1);
    expect(queue.size).toBe(1);
  });

  test.each([
    { why: "a later wish does not put off an earlier one", wishes: [100, 500] },
    { why: "an earlier wish takes the place of a later one", wishes: [500, 100] },
  ])("$why, and only one of them comes true", async ({ wishes }) => {
    const { queue, clock } = make();
    for (const ms of wishes) queue.addAfter("a", ms);
    expect(clock.timers).toBe(1);
    await clock.pass(100);
    expect(await queue.take()).toBe("a");
    queue.done("a");
    await clock.pass(1000);
    expect(queue.size).toBe(0);
  });

  test("taking the key fulfils the wish: whoever works on it decides anew", async () => {
    const { queue, clock } = make();
    queue.addAfter("a", 100);
    queue.add("a");
    await queue.take();
    expect(clock.timers).toBe(0);
  });

  test("a wish made while the key is worked on is kept", async () => {
    const { queue, clock } = make();
    queue.add("a");
    await queue.take();
    queue.addAfter("a", 100);
    queue.done("a");
    await clock.pass(100);
    expect(await queue.take()).toBe("a");
  });

  test("no time at all is now", async () => {
    const { queue } = make();
    queue.addAfter("a", 0);
    expect(await queue.take()).toBe("a");
  });
});

test("each failure in a row doubles the wait of that key only, up to a minute; forget starts over", () => {
  const { queue } = make();
  expect([1, 2, 3, 4].map(() => queue.addRateLimited("a"))).toEqual([5, 10, 20, 40]);
  expect(queue.addRateLimited("b")).toBe(5);
  for (let i = 0; i < 20; i++) queue.addRateLimited("a");
  expect(queue.addRateLimited("a")).toBe(60_000);
  expect(queue.failures("a")).toBe(25);
  queue.forget("a");
  expect(queue.addRateLimited("a")).toBe(5);
});

describe("shutDown", () => {
  test("lets waiting workers go, drops what waits, and takes nothing more", async () => {
    const { queue, clock } = make();
    const waiting = queue.take();
    queue.shutDown();
    expect(await waiting).toBeUndefined();
    queue.add("a");
    queue.addAfter("b", 10);
    queue.addRateLimited("c");
    expect(clock.timers).toBe(0);
    expect(await queue.take()).toBeUndefined();
  });

  test("what is being worked on can still be given back", async () => {
    const { queue, clock } = make();
    queue.add("a");
    queue.addAfter("b", 10);
    await queue.take();
    queue.shutDown();
    queue.done("a");
    expect(queue.running.size).toBe(0);
    expect(clock.timers).toBe(0);
  });
});

test("many producers, many workers: every addition is followed by a look, and no key is looked at twice at once", async () => {
  const queue = new WorkQueue(systemClock, { backoff });
  const keys = Array.from({ length: 50 }, (_, i) => `key-${i}`);
  const wanted = new Map<string, number>();
  const seen = new Map<string, number>();
  const working = new Set<string>();
  let overlaps = 0;
  const worker = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      if (working.has(key)) overlaps++;
      working.add(key);
      const version = wanted.get(key) ?? 0;
      await new Promise((resolve) => setImmediate(resolve));
      seen.set(key, version);
      working.delete(key);
      queue.done(key);
    }
  };
  const producer = async (seed: number): Promise<void> => {
    for (let i = 0; i < 500; i++) {
      const key = keys[(seed * 7 + i * 13) % keys.length] ?? "";
      wanted.set(key, (wanted.get(key) ?? 0) + 1);
      if (i % 3 === 0) queue.addAfter(key, 1);
      else queue.add(key);
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const workers = Array.from({ length: 8 }, worker);
  await Promise.all(Array.from({ length: 8 }, (_, seed) => producer(seed)));
  await expect.poll(() => [...seen].sort()).toEqual([...wanted].sort());
  queue.shutDown();
  await Promise.all(workers);
  expect(overlaps).toBe(0);
});

test("taking stays cheap however long the queue is: what is left of a long queue is in order", async () => {
  const { queue } = make();
  const keys = Array.from({ length: 10_000 }, (_, i) => `key-${i}`);
  for (const key of keys) queue.add(key);
  const taken: (string | undefined)[] = [];
  while (queue.size > 0) taken.push(await queue.take());
  expect(taken).toEqual(keys);
});
