import { expect, test } from "vitest";
import { SharedWork } from "./shared-work.ts";

test("who asks while it runs shares the next run with all who do, and nobody shares a run that began before", async () => {
  const runs: PromiseWithResolvers<number>[] = [];
  const work = new SharedWork(() => {
    const run = Promise.withResolvers<number>();
    runs.push(run);
    return run.promise;
  });
  const first = work.run();
  const [second, third] = [work.run(), work.run()];
  expect(runs).toHaveLength(1);
  runs[0]?.resolve(1);
  expect(await first).toBe(1);
  await Promise.resolve();
  expect(runs).toHaveLength(2);
  const fourth = work.run();
  runs[1]?.resolve(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  runs[2]?.resolve(3);
  expect(await fourth).toBe(3);
  const fifth = work.run();
  expect(runs).toHaveLength(4);
  runs[3]?.resolve(4);
  expect(await fifth).toBe(4);
});

test("a run that fails fails for those who share it, and the next one begins all the same", async () => {
  let runs = 0;
  const work = new SharedWork(async () => {
    if (++runs === 1) throw new Error("no");
    return "yes";
  });
  const first = work.run();
  const second = work.run();
  await expect(first).rejects.toThrow("no");
  expect(await second).toBe("yes");
  expect(await work.run()).toBe("yes");
});
