import { expect, test } from "vitest";
import { FakeClock, settle } from "../../../test/fakes/clock.ts";
import { Slots } from "./slots.ts";

const { signal } = new AbortController();

/** Tasks that end when told to, and the namespaces of those that have begun. */
function world() {
  const clock = new FakeClock();
  const slots = new Slots(clock);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = (namespace: string, times: number): void => {
    const task = (): Promise<void> => {
      begun.push(namespace);
      return new Promise((resolve) => ends.push(resolve));
    };
    for (let time = 0; time < times; time++) void slots.run(namespace, task, signal);
  };
  const begunOf = (namespace: string): number => begun.filter((one) => one === namespace).length;
  return { clock, slots, begun, ends, ask, begunOf };
}

test("sixteen begin at once; another when one has ended, or has taken two seconds", async () => {
  const { clock, ends, begun, ask } = world();
  ask("a", 16);
  ask("b", 2);
  expect(begun).toHaveLength(16);
  ends[0]?.();
  await settle();
  expect(begun.slice(16)).toEqual(["b"]);
  await clock.pass(1_999);
  expect(begun).toHaveLength(17);
  await clock.pass(1);
  expect(begun.slice(16)).toEqual(["b", "b"]);
});

test("a namespace has no more than sixteen under way, however long they take", async () => {
  const { clock, ends, ask, begunOf } = world();
  ask("a", 40);
  await clock.pass(60_000);
  expect(begunOf("a")).toBe(16);
  ends[3]?.();
  await settle();
  expect(begunOf("a")).toBe(17);
});

test("whoever has least under way comes first; among equals, each in turn", async () => {
  const { clock, ends, begun, ask } = world();
  ask("a", 16);
  ask("a", 3);
  ask("b", 3);
  ask("c", 3);
  for (const end of ends.splice(0, 4)) end();
  await settle();
  expect(begun.slice(16)).toEqual(["b", "c", "b", "c"]);
  await clock.pass(2_000);
  expect(begun.slice(20, 22)).toEqual(["b", "c"]);
});

test("however many namespaces hang, one that alone has nothing under way waits for two seconds at most", async () => {
  const { clock, ask, begunOf } = world();
  for (let index = 0; index < 20; index++) ask(`hangs-${index}`, 100);
  await clock.pass(10_000);
  ask("well", 1);
  await clock.pass(2_000);
  expect(begunOf("well")).toBe(1);
});

test("what nobody waits for any more does not begin, and what fails gives its slot back", async () => {
  const { slots, begun, ask } = world();
  const failing = Array.from({ length: 16 }, () => slots.run("a", () => Promise.reject(new Error("no")), signal));
  const stop = new AbortController();
  const given = slots.run("b", () => Promise.resolve(begun.push("b")), stop.signal);
  stop.abort(new Error("enough"));
  await expect(given).rejects.toEqual(new Error("enough"));
  expect(await Promise.allSettled(failing)).toHaveLength(16);
  ask("c", 1);
  expect(begun).toEqual(["c"]);
  await expect(slots.run("b", () => Promise.resolve(begun.push("b")), stop.signal)).rejects.toEqual(
    new Error("enough"),
  );
  expect(begun).toEqual(["c"]);
});
