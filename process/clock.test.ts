import { describe, expect, test } from "vitest";
import { FakeClock } from "../test/fakes/clock.ts";
import { sleep, systemClock } from "./clock.ts";

const never = new AbortController().signal;

describe("systemClock", () => {
  test("calls back once", async () => {
    let calls = 0;
    await new Promise<void>((resolve) => {
      systemClock.after(1, () => {
        calls++;
        resolve();
      });
    });
    expect(calls).toBe(1);
  });

  test("does not call back what was disposed of, nor what is due in more than Node's longest timer", async () => {
    let calls = 0;
    const count = (): void => {
      calls++;
    };
    systemClock.after(1, count)[Symbol.dispose]();
    const distant = systemClock.after(2 ** 40, count);
    await sleep(systemClock, 5, never);
    distant[Symbol.dispose]();
    expect(calls).toBe(0);
  });
});

describe("sleep", () => {
  test("ends when its time has passed", async () => {
    const clock = new FakeClock();
    const sleeping = sleep(clock, 1000, never);
    await clock.pass(1000);
    expect(await sleeping).toBe(true);
  });

  test("ends at once when told to, and leaves no timer", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const sleeping = sleep(clock, 1000, stop.signal);
    stop.abort();
    expect(await sleeping).toBe(false);
    expect(await sleep(clock, 1000, stop.signal)).toBe(false);
    expect(clock.timers).toBe(0);
  });
});
