import { expect, test } from "vitest";
import { forEachParallel } from "./parallel.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("does each item once, no more than so many at once", async () => {
  const items = Array.from({ length: 20 }, (_, i) => i);
  const done: number[] = [];
  let now = 0;
  let most = 0;
  await forEachParallel(items, 3, async (item) => {
    most = Math.max(most, ++now);
    await turn();
    done.push(item);
    now--;
  });
  expect(done.sort((a, b) => a - b)).toEqual(items);
  expect(most).toBe(3);
});

test("begins nothing more after a failure, which it passes on", async () => {
  const begun: number[] = [];
  const all = forEachParallel([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    await turn();
    if (item === 1) throw new Error("one is broken");
  });
  await expect(all).rejects.toThrow("one is broken");
  await turn();
  expect(begun).toEqual([1, 2]);
});

test("of nothing is done at once", async () => {
  await forEachParallel([], 3, () => Promise.reject(new Error("never called")));
});
