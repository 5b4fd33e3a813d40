import { expect, test } from "vitest";
import { conflict } from "../../api/status.ts";
import { FakeClock, settle } from "../../test/fakes/clock.ts";
import type { Log } from "../../process/log.ts";
import { RecordingLog } from "../../test/fakes/log.ts";
import { Controller } from "./controller.ts";
import type { Key, Outcome, Wake } from "./reconciler.ts";
import { settled, TerminalError, waiting } from "./reconciler.ts";

/** Runs a controller over `reconcile`; disposing of it stops it and waits for its end. */
class Run implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly looks: Key[] = [];
  wake: Wake = () => undefined;
  readonly #stop = new AbortController();
  readonly #working: Promise<void>;

  constructor(reconcile: (key: Key, signal: AbortSignal, look: number, log: Log) => Promise<Outcome>) {
    const definition = {
      name: "test",
      workers: 2,
      reconciler: {
        reconcile: (key: Key, signal: AbortSignal, log: Log) => reconcile(key, signal, this.looks.push(key), log),
      },
      start: (wake: Wake) => {
        this.wake = wake;
      },
    };
    const controller = new Controller(definition, this.clock, this.log);
    controller.start(this.#stop.signal);
    this.#working = controller.work(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

test.each([
  { why: "settled: not looked at again", outcome: settled(), timers: 0 },
  { why: "settled with a resync: looked at then", outcome: settled(1000), timers: 1 },
  { why: "waiting: not looked at again by itself", outcome: waiting("Because", ""), timers: 0 },
  { why: "waiting with a poll: looked at then", outcome: waiting("Because", "", 1000), timers: 1 },
])("$why", async ({ outcome, timers }) => {
  await using run = new Run(async () => outcome);
  run.wake("a");
  await settle();
  expect(run.looks).toEqual(["a"]);
  expect(run.clock.timers).toBe(timers);
  await run.clock.pass(999);
  expect(run.looks).toHaveLength(1);
  await run.clock.pass(1);
  expect(run.looks).toHaveLength(1 + timers);
});

test("an error is logged with controller and key and tried again, later each time, until it goes well", async () => {
  await using run = new Run(async (_key, _signal, look) => {
    if (look <= 3) throw new Error("Cannot do it", { cause: new Error("the disk is full") });
    return settled();
  });
  run.wake("shop/web");
  await run.clock.pass(5 + 10 + 20);
  expect(run.looks).toHaveLength(4);
  const error = "Cannot do it: the disk is full";
  const reconcileID = expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown;
  expect(run.log.lines.map(({ level, fields }) => [level, fields])).toEqual(
    [5, 10, 20].map((retryInMs) => [
      "error",
      { controller: "test", object: "shop/web", reconcileID, error, retryInMs },
    ]),
  );
  expect(new Set(run.log.lines.map(({ fields }) => fields["reconcileID"])).size).toBe(3);
  await run.clock.pass(100_000);
  expect(run.looks).toHaveLength(4);
});

test("what a reconciler logs carries the object's key, and the id that the error's line has", async () => {
  await using run = new Run(async (_key, _signal, _look, log) => {
    log.info("Looked", { found: 3 });
    throw new Error("Cannot go on");
  });
  run.wake("shop/web");
  await settle();
  const [looked, failed] = run.log.lines;
  expect(looked).toMatchObject({ message: "Looked", fields: { controller: "test", object: "shop/web", found: 3 } });
  expect(failed?.fields["reconcileID"]).toBe(looked?.fields["reconcileID"]);
});

test("success forgets earlier failures", async () => {
  await using run = new Run(async (_key, _signal, look) => {
    if (look % 2 === 1) throw new Error("every other time");
    return settled();
  });
  run.wake("a");
  await run.clock.pass(5);
  run.wake("a");
  await run.clock.pass(5);
  expect(run.log.lines.map(({ fields }) => fields["retryInMs"])).toEqual([5, 5]);
  expect(run.looks).toHaveLength(4);
});

test("TerminalError: not tried again until something wakes the key", async () => {
  await using run = new Run(async () => {
    throw new TerminalError("InvalidImage", "No such image");
  });
  run.wake("a");
  await run.clock.pass(1_000_000);
  expect(run.looks).toEqual(["a"]);
  expect(run.log.lines).toMatchObject([{ level: "warn", fields: { reason: "InvalidImage", error: "No such image" } }]);
  run.wake("a");
  await settle();
  expect(run.looks).toHaveLength(2);
});

test("a conflict is everyday, and worth a line only when it does not end", async () => {
  await using run = new Run(async () => {
    throw conflict({ group: "", plural: "things" }, "a", "stale");
  });
  run.wake("a");
  await run.clock.pass(5 + 10 + 20 + 40);
  expect(run.looks).toHaveLength(5);
  expect(run.log.lines).toHaveLength(1);
});

test("a bug in one reconciliation stops nothing, and its stack can be found", async () => {
  await using run = new Run((key) => {
    if (key === "bad") throw new TypeError("x is not a function");
    return Promise.resolve(settled());
  });
  for (const key of ["bad", "good"]) run.wake(key);
  await settle();
  expect(run.looks).toEqual(["bad", "good"]);
  expect(run.log.lines[0]?.fields["stack"]).toContain("controller.test.ts");
});

test("a stop tells what is in flight, waits for its end, begins nothing more, and its failure is no failure", async () => {
  const run = new Run(async (_key, signal) => {
    await new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        reject(new Error("stopped"));
      });
    });
    return settled();
  });
  for (const key of ["a", "b", "c"]) run.wake(key);
  await settle();
  await run.stop();
  expect(run.looks).toEqual(["a", "b"]);
  expect(run.log.lines).toEqual([]);
});
