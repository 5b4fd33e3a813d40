import { expect, test } from "vitest";
import { FakeClock } from "../../test/fakes/clock.ts";
import { FlowControl } from "./flow-control.ts";

const user = { name: "jane", groups: ["system:authenticated"] };
const master = { name: "root", groups: ["system:masters"] };
const tooMany = expect.objectContaining({ code: 429, details: { retryAfterSeconds: 1 } }) as Error;

test("there are so many places for readers, and so many for writers; system:masters always find one", () => {
  const flow = new FlowControl(new FakeClock(), { readOnly: 1, mutating: 1 });
  const place = flow.enter("readOnly", user);
  expect(() => flow.enter("readOnly", user)).toThrow(tooMany);
  flow.enter("mutating", user)[Symbol.dispose]();
  flow.enter("readOnly", master)[Symbol.dispose]();
  expect(flow.inflight).toEqual({ readOnly: 1, mutating: 0 });
  place[Symbol.dispose]();
  flow.enter("readOnly", user)[Symbol.dispose]();
});

test("an event loop that stays late lets nobody in until it is in time again", async () => {
  const clock = new FakeClock();
  using flow = new FlowControl(clock);
  flow.start();
  const enter = (): void => {
    flow.enter("readOnly", master)[Symbol.dispose]();
  };
  clock.stall(2_000);
  enter();
  clock.stall(2_000);
  expect(enter).toThrow(tooMany);
  await clock.pass(100);
  enter();
});
