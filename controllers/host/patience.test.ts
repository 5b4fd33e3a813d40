import { expect, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { patiently } from "./patience.ts";

const never = new AbortController().signal;

/** Ends as the signal says; `answer` is what ends it otherwise. */
function question(limited: AbortSignal): { readonly asked: Promise<string>; readonly answer: (text: string) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  limited.addEventListener("abort", () => {
    reject(limited.reason as Error);
  });
  return { asked: promise, answer: resolve };
}

test("gives up on who does not answer in time", async () => {
  const clock = new FakeClock();
  const asked = patiently(clock, 4000, never, (limited) => question(limited).asked);
  const ended = expect(asked).rejects.toThrow("The host did not answer within 4 s");
  await clock.pass(3999);
  expect(clock.timers).toBe(1);
  await clock.pass(1);
  await ended;
});

test("hears an answer that came while this process had no turn", async () => {
  const clock = new FakeClock();
  let answer = (_: string): void => undefined;
  const asked = patiently(clock, 4000, never, (limited) => {
    const { asked: waiting, answer: say } = question(limited);
    answer = say;
    return waiting;
  });
  clock.stall(60_000);
  answer("here");
  expect(await asked).toBe("here");
  expect(clock.timers).toBe(0);
});

test("ends with the signal that it was given", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const asked = patiently(clock, 4000, stop.signal, (limited) => question(limited).asked);
  stop.abort(new Error("stopped"));
  await expect(asked).rejects.toThrow("stopped");
  expect(clock.timers).toBe(0);
});
