import { describe, expect, test } from "vitest";
import { CompactedError } from "./errors.ts";
import type { Revision, StoreEvent } from "./store.ts";
import { revisionOf, WatchHub } from "./watch-hub.ts";
import type { Change } from "./watch-hub.ts";

const revision = (n: number): Revision => n as Revision;
const megabyte = new Uint8Array(1024 * 1024);

function put(n: number, value = new Uint8Array(1)): Change {
  return { type: "put", object: { key: `/registry/${n}`, value, revision: revision(n) }, previous: undefined };
}

/** A hub whose history is an array; what is written is published at once, as SQLite does. */
function open() {
  const history: Change[] = [];
  const replays: string[] = [];
  const hub = new WatchHub(revision(0), async function* (_, after, upTo) {
    replays.push(`${after}-${upTo}`);
    for (const change of [...history]) {
      await Promise.resolve();
      if (revisionOf(change) > after && revisionOf(change) <= upTo) yield [change];
    }
  });
  const write = (...changes: Change[]): void => {
    history.push(...changes);
    hub.publish(changes, revision(history.length));
  };
  const stop = new AbortController();
  const watch = (from: number): AsyncIterator<readonly StoreEvent[]> =>
    hub.watch("/registry/", revision(from), stop.signal)[Symbol.asyncIterator]();
  return { hub, history, replays, write, watch, stop };
}

const next = async (watch: AsyncIterator<readonly StoreEvent[]>): Promise<readonly StoreEvent[]> => {
  const { value } = (await watch.next()) as { value: readonly StoreEvent[] };
  return value;
};

describe("WatchHub", () => {
  test("hands what came since the last read as one batch", async () => {
    const { write, watch } = open();
    const reader = watch(0);
    const first = reader.next();
    write(put(1));
    expect((await first).value).toEqual([put(1)]);
    write(put(2), put(3));
    write(put(4));
    expect(await next(reader)).toEqual([put(2), put(3), put(4)]);
  });

  test("joins live changes to replayed ones, though they are made while it replays", async () => {
    const { write, watch, replays } = open();
    write(put(1), put(2));
    const reader = watch(0);
    expect(await next(reader)).toEqual([put(1)]);
    write(put(3));
    expect(await next(reader)).toEqual([put(2)]);
    write(put(4));
    expect(await next(reader)).toEqual([put(3), put(4)]);
    expect(replays).toEqual(["0-2"]);
  });

  test("keeps a bounded backlog for a reader that is away, who then reads the history", async () => {
    const { write, watch, replays } = open();
    const reader = watch(0);
    const first = reader.next();
    write(put(1));
    await first;
    for (let n = 2; n <= 30; n++) write(put(n, megabyte));
    const held = await next(reader);
    expect(held).toHaveLength(8);
    const seen = [...held];
    while (seen.length < 29) seen.push(...(await next(reader)));
    expect(seen.map(revisionOf)).toEqual(Array.from({ length: 29 }, (_, i) => i + 2));
    expect(replays).toEqual(["9-30"]);
  });

  test("owes progress to a reader that is not admitted yet, if that goes beyond where it begins", async () => {
    const { hub, write, stop } = open();
    write(put(1));
    const admitted = Promise.withResolvers<undefined>();
    const from = (n: number): AsyncIterator<readonly StoreEvent[]> =>
      hub.watch("/registry/", revision(n), stop.signal, async () => admitted.promise)[Symbol.asyncIterator]();
    const told = [from(1), from(2)].map((reader) => reader.next());
    hub.progress(undefined, revision(1));
    admitted.resolve(undefined);
    expect((await told[0])?.value).toEqual([{ type: "progress", revision: 1 }]);
    hub.progress(undefined, revision(1));
    write(put(2), put(3));
    expect((await told[1])?.value).toEqual([put(3)]);
  });

  test("owes progress to a reader that is away until it has read what comes before", async () => {
    const { hub, write, watch } = open();
    const reader = watch(0);
    const first = reader.next();
    write(put(1));
    await first;
    for (let n = 2; n <= 11; n++) write(put(n, megabyte));
    hub.progress(undefined, revision(11));
    const seen: StoreEvent[] = [];
    while (seen.length < 11) seen.push(...(await next(reader)));
    expect(seen.map(revisionOf)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11]);
    expect(seen.at(-1)).toEqual({ type: "progress", revision: 11 });
  });

  test("tells a progress once, the latest", async () => {
    const { hub, write, watch } = open();
    const reader = watch(0);
    const first = reader.next();
    write(put(1));
    await first;
    hub.progress(undefined, revision(1));
    hub.progress(undefined, revision(1));
    hub.progress(undefined, revision(5));
    expect(await next(reader)).toEqual([{ type: "progress", revision: 5 }]);
  });

  test("gives what it holds before it ends a watch whose history is lost", async () => {
    const { hub, write, watch } = open();
    const reader = watch(0);
    const first = reader.next();
    write(put(1));
    await first;
    write(put(2));
    hub.reset(revision(9), revision(8));
    expect(await next(reader)).toEqual([put(2)]);
    await expect(reader.next()).rejects.toThrow(CompactedError);
  });

  test("ends on abort whether the reader waits or is away", async () => {
    const { write, watch, stop } = open();
    const [waiting, away] = [watch(0), watch(0)];
    const first = away.next();
    const second = waiting.next();
    write(put(1));
    await first;
    await second;
    const third = waiting.next();
    write(put(2));
    await third;
    const end = waiting.next();
    stop.abort();
    expect((await end).done).toBe(true);
    expect((await away.next()).done).toBe(true);
  });

  test("says when a revision is reached, and lets go on abort", async () => {
    const { hub, write } = open();
    const stop = new AbortController();
    const order: string[] = [];
    const reached = hub.reached(revision(2), stop.signal).then(() => order.push("reached"));
    const never = hub.reached(revision(3), stop.signal).then(() => order.push("let go"));
    write(put(1));
    write(put(2));
    await reached;
    stop.abort();
    await never;
    await hub.reached(revision(1), stop.signal);
    expect(order).toEqual(["reached", "let go"]);
  });
});
