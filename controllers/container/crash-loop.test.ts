import { expect, test } from "vitest";
import { containerOf, observedOf } from "../../test/fakes/objects.ts";
import type { Observed } from "../../drivers/driver.ts";
import { backoffMessage, backoffOf, waitMs } from "./crash-loop.ts";
import type { Backoff, Past } from "./crash-loop.ts";

const { spec } = containerOf();
const began = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number): string => new Date(began + 1000 * seconds).toISOString();
const date = (seconds: number): Date => new Date(began + 1000 * seconds);
const run = (fields: Partial<Observed> & Pick<Observed, "state">): Observed => observedOf(spec, fields);
const past = (fields: Past): Past => ({ containerID: "docker://a", ...fields });

test("what ends a second after each start waits 10 s, 20 s, 40 s and so on up to 5 min", () => {
  const waits: number[] = [];
  let backoff: Backoff | undefined = { restarts: 1 };
  for (let start = 0; waits.length < 8;) {
    const ended = run({ state: "exited", startedAt: at(start), finishedAt: at(start + 1) });
    backoff = backoffOf(past({ startedAt: at(start), ...(backoff && { backoff }) }), ended, date(start + 1));
    const wait = Math.floor(waitMs(backoff, date(start + 1)) / 1000);
    waits.push(wait);
    const next = start + 1 + wait;
    const seen = past({ startedAt: at(start), finishedAt: at(start + 1), ...(backoff && { backoff }) });
    backoff = backoffOf(seen, run({ state: "running", startedAt: at(next) }), date(next));
    start = next;
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
});

test("the first restart is its host's, the second ours", () => {
  const restarting = run({ state: "restarting", startedAt: at(0), finishedAt: at(1), restarts: 1 });
  expect(backoffOf(past({ startedAt: at(0) }), restarting, date(1))).toBeUndefined();
  expect(backoffOf(past({ startedAt: at(0) }), { ...restarting, restarts: 2 }, date(1))).toEqual({ restarts: 1 });
});

test("a good run makes up for everything", () => {
  const running = run({ state: "running", startedAt: at(0) });
  const before = past({ startedAt: at(0), backoff: { restarts: 5 } });
  expect(backoffOf(before, running, date(599))).toEqual({ restarts: 5 });
  expect(backoffOf(before, running, date(600))).toBeUndefined();
});

test("what ended after a good run, or by hand, is not counted", () => {
  const again = run({ state: "running", startedAt: at(700), finishedAt: at(699), restarts: 1 });
  expect(backoffOf(past({ startedAt: at(0) }), again, date(700))).toBeUndefined();
  const byHand = run({ state: "running", startedAt: at(10), finishedAt: at(9) });
  expect(backoffOf(past({ startedAt: at(0) }), byHand, date(10))).toBeUndefined();
});

test("a run that we ended because it was not well counts", () => {
  const condemned = { startedAt: at(0), reason: "Unhealthy", message: "", graceSeconds: 1 };
  const again = run({ state: "running", startedAt: at(10), finishedAt: at(9) });
  expect(backoffOf(past({ startedAt: at(0), condemned }), again, date(10))).toEqual({ restarts: 1 });
});

test("another container begins anew", () => {
  const other = run({ id: "b", state: "exited", startedAt: at(0), finishedAt: at(1) });
  expect(backoffOf(past({ startedAt: at(0), backoff: { restarts: 5 } }), other, date(1))).toBeUndefined();
});

test("a clock that was set back does not keep it waiting", () => {
  expect(waitMs({ restarts: 1, until: at(1000) }, date(0))).toBe(0);
});

test("says it in kubelet's words", () => {
  expect(backoffMessage({ restarts: 3 }, "container")).toBe("back-off 40s restarting failed container");
  expect(backoffMessage({ restarts: 6 }, "container")).toBe("back-off 5m0s restarting failed container");
});
