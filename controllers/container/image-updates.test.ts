import { expect, test } from "vitest";
import { ContainerSpec } from "../../crds/container.ts";
import { observedOf } from "../../test/fakes/objects.ts";
import { followsTag, ImageUpdates, nextAsk } from "./image-updates.ts";

const spec = (fields: object = {}): ContainerSpec =>
  ContainerSpec.parse({ image: "web:1", imageUpdatePolicy: { intervalSeconds: 100 }, ...fields });
const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const seconds = (date: Date): number => (date.getTime() - at(0).getTime()) / 1000;

/** A registry and a host, and how often the registry was asked. */
function world(digest: string, running: readonly string[]) {
  const state = { digest, running, asked: 0, away: false };
  const questions = {
    registryDigest: async () => {
      state.asked++;
      if (state.away) throw new Error("no answer");
      return state.digest;
    },
    runningDigests: async () => state.running,
  };
  return { state, questions };
}

test("the first time is spread over the interval, the others come a little before its end", () => {
  expect([0, 0.5, 0.999].map((random) => seconds(nextAsk(100, true, random, at(0))))).toEqual([0, 50, 99.9]);
  expect([0, 0.5, 0.999].map((random) => seconds(nextAsk(100, false, random, at(0))))).toEqual([90, 95, 99.99]);
});

test.each<[string, object, Parameters<typeof observedOf>[1] | undefined, boolean]>([
  ["runs", {}, { state: "running" }, true],
  ["crashes: the next image may be better", {}, { state: "restarting" }, true],
  ["is not there", {}, undefined, false],
  ["has ended", {}, { state: "exited" }, false],
  ["is stopped", { runState: "Stopped" }, { state: "running" }, false],
  ["has no policy", { imageUpdatePolicy: undefined }, { state: "running" }, false],
])("whether the tag is followed of what %s", (_, fields, found, follows) => {
  expect(followsTag(spec(fields), found && observedOf(spec(fields), found))).toBe(follows);
});

test("asks when its time has come, and says that a tag moved until it was pulled", async () => {
  const updates = new ImageUpdates(() => 0.5);
  const { state, questions } = world("sha256:b", ["sha256:a"]);
  const look = (time: number) => updates.look("k", spec(), questions, at(time));
  expect(await look(0)).toEqual({ movedTo: undefined });
  const due = (time: number, fields: object, found: Parameters<typeof observedOf>[1]): number | undefined =>
    updates.dueInMs("k", spec(fields), observedOf(spec(fields), found), at(time));
  expect(due(10, {}, { state: "running" })).toBe(40_000);
  // Or who has stopped it would look again at once, and without end.
  expect(due(60, { runState: "Stopped" }, { state: "exited" })).toBeUndefined();
  expect(due(60, {}, { state: "exited" })).toBeUndefined();
  expect(await look(49)).toEqual({ movedTo: undefined });
  expect(state.asked).toBe(0);
  expect(await look(50)).toEqual({ movedTo: "sha256:b" });
  expect(await look(51)).toEqual({ movedTo: "sha256:b" });
  updates.pulled("k");
  expect(await look(52)).toEqual({ movedTo: undefined });
  expect(state.asked).toBe(1);
  state.running = ["sha256:b"];
  expect(await look(150)).toEqual({ movedTo: undefined });
  expect(state.asked).toBe(2);
});

test("tells once that the registry is away, and again after it was back", async () => {
  const updates = new ImageUpdates(() => 0);
  const { state, questions } = world("sha256:a", ["sha256:a"]);
  const look = (time: number) => updates.look("k", spec(), questions, at(time));
  state.away = true;
  await look(0);
  expect(await look(0)).toEqual({ movedTo: undefined, failure: new Error("no answer") });
  expect(await look(90)).toEqual({ movedTo: undefined });
  state.away = false;
  expect(await look(180)).toEqual({ movedTo: undefined });
  state.away = true;
  expect((await look(270)).failure).toEqual(new Error("no answer"));
});

test("another image is another question", async () => {
  const updates = new ImageUpdates(() => 0);
  const { state, questions } = world("sha256:b", ["sha256:a"]);
  await updates.look("k", spec(), questions, at(0));
  await updates.look("k", spec({ image: "web:2" }), questions, at(1000));
  expect(state.asked).toBe(0);
  updates.forget("k");
  expect(updates.dueInMs("k", spec(), observedOf(spec(), { state: "running" }), at(0))).toBeUndefined();
});
