import { expect, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { patiently } from "./patience.ts";

const patience = { silenceMs: 4000, workMs: 30_000 };
const never = new AbortController().signal;
const answers = (): Promise<void> => Promise.resolve();
const isSilent = (limited: AbortSignal): Promise<void> => question(limited).asked as Promise<unknown> as Promise<void>;

/** Ends as the signal says; `answer` is what ends it otherwise. */
function question(limited: AbortSignal): { readonly asked: Promise<string>; readonly answer: (text: string) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  limited.addEventListener("abort", () => {
    reject(limited.reason as Error);
  });
  return { asked: promise, answer: resolve };
}

test("gives up on who says nothing in time", async () => {
  const clock = new FakeClock();
  const asked = patiently(clock, patience, never, isSilent, (limited) => question(limited).asked);
  const ended = expect(asked).rejects.toThrow("The host did not answer within 4 s");
  await clock.pass(3999);
  expect(clock.timers).toBe(1);
  await clock.pass(1);
  await ended;
});

test("waits for who is busy, and says that it is there", async () => {
  const clock = new FakeClock();
  let answer = (_: string): void => undefined;
  const asked = patiently(clock, patience, never, answers, (limited) => {
    const { asked: waiting, answer: say } = question(limited);
    answer = say;
    return waiting;
  });
  await clock.pass(29_000);
  answer("here");
  expect(await asked).toBe("here");
  expect(clock.timers).toBe(0);
});

test("but not for ever", async () => {
  const clock = new FakeClock();
  const asked = patiently(clock, patience, never, answers, (limited) => question(limited).asked);
  const ended = expect(asked).rejects.toThrow("The host did not say within 30 s what it has");
  await clock.pass(30_000);
  await ended;
});

test("gives up on who falls silent on the way", async () => {
  const clock = new FakeClock();
  let isThere = true;
  const ping = (limited: AbortSignal): Promise<void> => (isThere ? answers() : isSilent(limited));
  const asked = patiently(clock, patience, never, ping, (limited) => question(limited).asked);
  const ended = expect(asked).rejects.toThrow("The host did not answer within 4 s");
  await clock.pass(10_500);
  isThere = false;
  await clock.pass(4500);
  await ended;
});

test("hears an answer that came while this process had no turn", async () => {
  const clock = new FakeClock();
  let answer = (_: string): void => undefined;
  const asked = patiently(clock, patience, never, isSilent, (limited) => {
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
  const asked = patiently(clock, patience, stop.signal, isSilent, (limited) => question(limited).asked);
  stop.abort(new Error("stopped"));
  await expect(asked).rejects.toThrow("stopped");
  expect(clock.timers).toBe(0);
});
