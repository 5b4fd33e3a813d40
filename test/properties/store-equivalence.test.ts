/** Any history of calls gets the same answers from every store: SQLite stands in for etcd, and etcd for SQLite. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StorageError } from "../../api/storage/errors.ts";
import { EtcdStore } from "../../api/storage/etcd.ts";
import { SqliteStore } from "../../api/storage/sqlite.ts";
import type { Revision, Store, StoreEvent } from "../../api/storage/store.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";

/** Few keys, prefixes of each other and beyond ASCII, so that histories meet the same key often. */
const keys = [
  "/registry/a",
  "/registry/a/",
  "/registry/a/b",
  "/registry/a0",
  "/registry/\uff61",
  "/registry/\u{1f600}",
];
const prefixes = ["/registry/", "/registry/a", "/registry/a/"];

const key = fc.constantFrom(...keys);
const value = fc.constantFrom("", "x", "y");
/** The revision that a call expects is one that the history has seen, counted from the newest back; 0 is the newest. */
const back = fc.nat({ max: 6 });
const call = fc.oneof(
  fc.record({ do: fc.constant("create" as const), key, value }),
  fc.record({ do: fc.constant("update" as const), key, value, back }),
  fc.record({ do: fc.constant("delete" as const), key, back }),
  fc.record({ do: fc.constant("get" as const), key }),
  fc.record({
    do: fc.constant("list" as const),
    prefix: fc.constantFrom(...prefixes),
    limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    after: fc.option(key, { nil: undefined }),
    back: fc.option(back, { nil: undefined }),
  }),
);
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** Plays `calls` and returns what each answered, with revisions counted from the store's first. */
async function play(store: Store, calls: readonly Call[]): Promise<{ answers: unknown[]; events: StoreEvent[] }> {
  const first = await store.revision();
  const revisions: Revision[] = [first];
  const at = (steps: number): Revision => revisions.at(-1 - Math.min(steps, revisions.length - 1)) ?? first;
  const relative = (revision: Revision): Revision => (revision - first) as Revision;
  const normal = (answer: unknown): unknown =>
    JSON.parse(
      JSON.stringify(answer ?? null, (name, field: unknown) => {
        if (name === "revision") return relative(field as Revision);
        return field instanceof Uint8Array ? new TextDecoder().decode(field) : field;
      }),
    );
  const perform = async (step: Call): Promise<unknown> => {
    switch (step.do) {
      case "create": {
        const stored = await store.create(step.key, Buffer.from(step.value));
        revisions.push(stored.revision);
        return stored;
      }
      case "update": {
        const stored = await store.update(step.key, Buffer.from(step.value), await expected(step.key, step.back));
        if (stored.revision > at(0)) revisions.push(stored.revision);
        return stored;
      }
      case "delete": {
        const revision = await store.delete(step.key, await expected(step.key, step.back));
        revisions.push(revision);
        return { revision };
      }
      case "get":
        return store.get(step.key);
      case "list":
        return store.list(step.prefix, {
          ...(step.limit === undefined ? {} : { limit: step.limit }),
          ...(step.after === undefined ? {} : { after: step.after }),
          ...(step.back === undefined ? {} : { revision: at(step.back) }),
        });
    }
  };
  // Mostly the right revision, so that histories get somewhere.
  const expected = async (name: string, steps: number): Promise<Revision> =>
    steps < 4 ? ((await store.get(name))?.revision ?? at(steps)) : at(steps);

  const answers: unknown[] = [];
  for (const step of calls) {
    try {
      answers.push(normal(await perform(step)));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      answers.push({ error: error.name, key: error.key });
    }
  }
  const events = await eventsBetween(store, first, at(0));
  return { answers, events: normal(events) as StoreEvent[] };
}

async function eventsBetween(store: Store, from: Revision, to: Revision): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  const last = (): Revision => {
    const event = events.at(-1);
    if (event === undefined) return from;
    return event.type === "put" ? event.object.revision : event.revision;
  };
  const stop = new AbortController();
  if (to > from) {
    for await (const batch of store.watch("/registry/", from, stop.signal)) {
      events.push(...batch);
      if (last() >= to) break;
    }
  }
  return events;
}

/** What a watcher that began with nothing believes is there. */
function fold(events: readonly StoreEvent[]): Map<string, unknown> {
  const state = new Map<string, unknown>();
  for (const event of events) {
    if (event.type === "put") {
      expect(event.previous ?? undefined).toEqual(state.get(event.object.key));
      state.set(event.object.key, event.object);
    } else if (event.type === "delete") {
      expect(event.previous).toEqual(state.get(event.key));
      state.delete(event.key);
    }
  }
  return state;
}

const histories = fc.array(call, { minLength: 1, maxLength: 40 });

describe("any history", () => {
  let etcd: Etcd | undefined;
  let runs = 0;
  beforeAll(async () => {
    if (etcdMissing === undefined) etcd = await Etcd.start();
    else console.warn(`Stores are not compared with etcd: ${etcdMissing}`);
  });
  afterAll(async () => {
    await etcd?.[Symbol.asyncDispose]();
  });

  test("sqlite: the events of a watch add up to the list", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (calls) => {
        await using store = await SqliteStore.open({ path: ":memory:" });
        const { answers, events } = await play(store, [...calls, listAll]);
        const { items } = answers.at(-1) as { items: { key: string }[] };
        expect(fold(events)).toEqual(new Map(items.map((item) => [item.key, item])));
      }),
      { numRuns: 200 },
    );
  });

  test.skipIf(etcdMissing !== undefined)("sqlite and etcd answer alike and tell the same events", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (calls) => {
        const endpoints = [etcd?.endpoint ?? ""];
        await using embedded = await SqliteStore.open({ path: ":memory:" });
        await using remote = await EtcdStore.open({ endpoints, prefix: `/run-${runs++}` });
        const [here, there] = [await play(embedded, [...calls, listAll]), await play(remote, [...calls, listAll])];
        expect(here).toEqual(there);
      }),
      { numRuns: 60 },
    );
  });
});

const listAll: Call = { do: "list", prefix: "/registry/", limit: undefined, after: undefined, back: undefined };
