import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { Timetable } from "./timetable.ts";

test("does each thing once, at its time, with one timer for all of them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(1000), { maxLength: 50 }), async (delays) => {
      const clock = new FakeClock();
      const began = clock.now().getTime();
      using timetable = new Timetable(clock);
      const done: number[] = [];
      for (const ms of delays) timetable.after(ms, () => done.push(clock.now().getTime() - began));
      expect(clock.timers).toBe(delays.length === 0 ? 0 : 1);
      await clock.pass(1000);
      expect(done).toEqual(delays.toSorted((a, b) => a - b));
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test("what is disposed of is not done", async () => {
  const clock = new FakeClock();
  const timetable = new Timetable(clock);
  const done: string[] = [];
  const first = timetable.after(10, () => done.push("first"));
  timetable.after(20, () => done.push("second"));
  first[Symbol.dispose]();
  await clock.pass(20);
  expect(done).toEqual(["second"]);
  timetable.after(30, () => done.push("third"));
  timetable[Symbol.dispose]();
  await clock.pass(100);
  expect(done).toEqual(["second"]);
  expect(clock.timers).toBe(0);
});
