import { expect, test } from "vitest";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { FakeClock, settle } from "../../test/fakes/clock.ts";
import { RecordingLog } from "../../test/fakes/log.ts";
import { ScriptedReader } from "../../test/fakes/scripted-reader.ts";
import { createInformers } from "./informer.ts";
import { Manager } from "./manager.ts";
import type { ControllerDefinition } from "./reconciler.ts";
import { keyOf, settled } from "./reconciler.ts";

const type: ResourceType = { group: "", version: "v1", plural: "things", kind: "Thing", namespaced: true };

function setUp(reconcile: (key: string) => Promise<void> = async () => undefined) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const reader = new ScriptedReader();
  const informers = createInformers(reader, clock, log);
  const story: string[] = [];
  const controller = (name: string): ControllerDefinition => {
    const things = informers.for<KubeObject>(type);
    return {
      name,
      workers: 1,
      start: (wake) => {
        things.onChange((_, next) => {
          if (next === undefined) return;
          story.push(`${name} hears of ${keyOf(next)}`);
          wake(keyOf(next));
        });
      },
      reconciler: {
        reconcile: async (key) => {
          story.push(`${name} looks at ${key} of ${[...things.list()].length}`);
          await reconcile(key);
          return settled();
        },
      },
    };
  };
  return { clock, log, reader, informers, story, controller };
}

test("work begins when every cache is filled, and not before", async () => {
  const { clock, log, reader, informers, story, controller } = setUp();
  const manager = new Manager({ informers, clock, log, controllers: [controller("a")], select: "*" });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  await settle();
  expect(story).toEqual([]);
  reader.answerList([reader.object("x", 1), reader.object("y", 2)], 2);
  await settle();
  expect(story).toEqual(["a hears of x", "a hears of y", "a looks at x of 2", "a looks at y of 2"]);
  stop.abort();
  await running;
});

test("only what is selected runs, and one list serves all", async () => {
  const { clock, log, reader, informers, story, controller } = setUp();
  const controllers = [controller("a"), controller("b"), controller("c")];
  const manager = new Manager({ informers, clock, log, controllers, select: "a,c" });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  reader.answerList([reader.object("x", 1)], 1);
  await settle();
  expect(story).toEqual(["a hears of x", "c hears of x", "a looks at x of 1", "c looks at x of 1"]);
  expect(reader.asked).toHaveLength(1);
  stop.abort();
  await running;
});

test("with no controllers it reads nothing, and still ends when told to", async () => {
  const { clock, log, reader, informers, controller } = setUp();
  const manager = new Manager({ informers, clock, log, controllers: [controller("a")], select: "none" });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  await settle();
  stop.abort();
  await running;
  expect(reader.asked).toEqual([]);
});

test("an unknown controller is refused before anything runs", () => {
  const { clock, log, informers, controller } = setUp();
  expect(() => new Manager({ informers, clock, log, controllers: [controller("a")], select: "b" })).toThrow(
    'there is no controller "b"',
  );
});

test("a stop before the first list ends at once", async () => {
  const { clock, log, informers, controller } = setUp();
  const manager = new Manager({ informers, clock, log, controllers: [controller("a")], select: "*" });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  await settle();
  stop.abort();
  await running;
});

test("a stop does not wait for ever for what does not end, and names it", async () => {
  const { clock, log, reader, informers, controller } = setUp(() => new Promise(() => undefined));
  const manager = new Manager({ informers, clock, log, controllers: [controller("a")], select: "*" });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  reader.answerList([reader.object("x", 1)], 1);
  await settle();
  stop.abort();
  await settle();
  await clock.pass(5000);
  await running;
  expect(log.lines).toMatchObject([{ level: "warn", fields: { controller: "a", object: "x" } }]);
});
