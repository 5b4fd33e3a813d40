import { describe, expect, test } from "vitest";
import { ApiError, expired } from "../../api/status.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { FakeClock, settle } from "../../test/fakes/clock.ts";
import { RecordingLog } from "../../test/fakes/log.ts";
import { ScriptedReader } from "../../test/fakes/scripted-reader.ts";
import { createInformers } from "./informer.ts";
import type { RunnableInformers } from "./informer.ts";
import type { Informer } from "./reconciler.ts";

const type: ResourceType = { group: "", version: "v1", plural: "things", kind: "Thing", namespaced: true };
const unreachable = new Error("connect ECONNREFUSED");

/** A running informer without jitter, and what its handler was told: `name old>next` by resourceVersion. */
class Run implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly reader = new ScriptedReader();
  readonly told: string[] = [];
  readonly informers: RunnableInformers = createInformers(this.reader, this.clock, this.log, () => 0);
  readonly informer: Informer<KubeObject> = this.informers.for(type, {
    color: ({ metadata }: KubeObject) => [metadata.labels?.["color"] ?? []].flat(),
  });
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor() {
    this.informer.onChange((old, next) => {
      const version = (object: KubeObject | undefined): string => object?.metadata.resourceVersion ?? "";
      this.told.push(`${(next ?? old)?.metadata.name ?? ""} ${version(old)}>${version(next)}`);
    });
    this.#running = this.informers.run(this.#stop.signal);
  }

  /** What the handler was told since this was last asked. */
  async news(): Promise<readonly string[]> {
    await settle();
    return this.told.splice(0);
  }

  names(): readonly string[] {
    return [...this.informer.list()].map(({ metadata }) => metadata.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

describe("the first list", () => {
  test("fills the cache, tells of each object, and is followed by a watch from there", async () => {
    await using run = new Run();
    run.reader.answerList([run.reader.object("a", 1), run.reader.object("b", 2)], 7);
    await run.informer.synced;
    expect(await run.news()).toEqual(["a >1", "b >2"]);
    expect(run.informer.get("a")?.metadata.uid).toBe("uid-a");
    expect(run.reader.watchedFrom).toEqual(["7"]);
  });

  test("comes in pages, and counts only when it is whole", async () => {
    await using run = new Run();
    run.reader.answerList([run.reader.object("a", 1)], 7, "more");
    expect(await run.news()).toEqual([]);
    run.reader.answerList([run.reader.object("b", 2)], 7);
    expect(await run.news()).toEqual(["a >1", "b >2"]);
    expect(run.reader.asked).toEqual([{ limit: 500 }, { limit: 500, continue: "more" }]);
  });

  test("begins anew when the server forgot the page that comes next", async () => {
    await using run = new Run();
    run.reader.answerList([run.reader.object("a", 1)], 7, "more");
    run.reader.failList(expired("The provided continue parameter is too old"));
    run.reader.answerList([run.reader.object("b", 8)], 8);
    expect(await run.news()).toEqual(["b >8"]);
  });

  test("is tried until the server answers, at growing distances", async () => {
    await using run = new Run();
    for (let i = 0; i < 4; i++) run.reader.failList(unreachable);
    run.reader.answerList([], 1);
    await settle();
    await run.clock.pass(100 + 200 + 400);
    expect(run.reader.asked).toHaveLength(4);
    await run.clock.pass(800);
    await run.informer.synced;
    expect(run.log.lines.map(({ fields }) => fields["retryInMs"])).toEqual([100, 200, 400, 800]);
  });
});

describe("the watch", () => {
  test("keeps the cache, and handlers see it as it is after the change", async () => {
    await using run = new Run();
    const seen: (string | undefined)[] = [];
    run.informer.onChange((_, next) => {
      seen.push(run.informer.get("a")?.metadata.resourceVersion);
      expect(run.informer.get("a")).toBe(next);
    });
    run.reader.answerList([], 1);
    run.reader.send("ADDED", run.reader.object("a", 2));
    run.reader.send("MODIFIED", run.reader.object("a", 3));
    run.reader.send("DELETED", run.reader.object("a", 4));
    expect(await run.news()).toEqual(["a >2", "a 2>3", "a 3>"]);
    expect(seen).toEqual(["2", "3", undefined]);
    expect(run.names()).toEqual([]);
  });

  test("goes on from what was told last, bookmarks included, without a list", async () => {
    await using run = new Run();
    run.reader.answerList([], 1);
    run.reader.send("ADDED", run.reader.object("a", 2));
    run.reader.endWatch();
    run.reader.sendBookmark(9);
    run.reader.failWatch(unreachable);
    await settle();
    await run.clock.pass(100);
    expect(run.reader.watchedFrom).toEqual(["1", "2", "9"]);
    expect(run.reader.asked).toHaveLength(1);
  });

  test.each([
    { why: "the server is overloaded", error: new ApiError("TooManyRequests", "slow down") },
    { why: "the server cannot answer now", error: new ApiError("ServiceUnavailable", "starting") },
    { why: "the connection broke", error: unreachable },
  ])("is resumed when $why", async ({ error }) => {
    await using run = new Run();
    run.reader.answerList([run.reader.object("a", 1)], 5);
    run.reader.failWatch(error);
    await settle();
    await run.clock.pass(100);
    expect(run.reader.watchedFrom).toEqual(["5", "5"]);
    expect(run.reader.asked).toHaveLength(1);
  });

  test("that ends at once again and again is not begun again at once", async () => {
    await using run = new Run();
    run.reader.answerList([], 1);
    for (let i = 0; i < 3; i++) run.reader.endWatch();
    await settle();
    expect(run.reader.watchedFrom).toHaveLength(1);
    await run.clock.pass(100 + 200 + 400);
    expect(run.reader.watchedFrom).toHaveLength(4);
  });
});

describe("a version that is too old", () => {
  test("leads to a list at once, of which handlers see exactly what changed", async () => {
    await using run = new Run();
    const { reader } = run;
    const kept = reader.object("kept", 1);
    reader.answerList([kept, reader.object("gone", 2), reader.object("changed", 3)], 3);
    expect(await run.news()).toHaveLength(3);
    reader.failWatch(expired("too old resource version"));
    reader.answerList([reader.object("kept", 1), reader.object("changed", 8), reader.object("new", 9)], 9);
    expect(await run.news()).toEqual(["gone 2>", "changed 3>8", "new >9"]);
    expect(run.informer.get("kept")).toBe(kept);
    expect(reader.watchedFrom).toEqual(["3", "9"]);
  });

  test("hides no replacement: an object deleted and made anew is two changes", async () => {
    await using run = new Run();
    run.reader.answerList([run.reader.object("a", 1, "first")], 1);
    run.reader.failWatch(expired("too old resource version"));
    run.reader.answerList([run.reader.object("a", 5, "second")], 5);
    expect(await run.news()).toEqual(["a >1", "a 1>", "a >5"]);
  });

  test("does not make the informer hurry when it is always too old", async () => {
    await using run = new Run();
    for (let i = 0; i < 3; i++) {
      run.reader.answerList([], 1);
      run.reader.failWatch(expired("too old resource version"));
    }
    await settle();
    expect(run.reader.asked).toHaveLength(2);
  });

  test("is how a version from another life of the store is taken", async () => {
    await using run = new Run();
    run.reader.answerList([run.reader.object("a", 900)], 900);
    run.reader.failWatch(new ApiError("Timeout", "Too large resource version: 900, current: 3"));
    run.reader.answerList([run.reader.object("b", 3)], 3);
    await settle();
    await run.clock.pass(100);
    expect(await run.news()).toEqual(["a >900", "a 900>", "b >3"]);
  });
});

describe("indexes", () => {
  test("follow additions, changes and deletions", async () => {
    await using run = new Run();
    const { reader, informer } = run;
    const names = (color: string): readonly string[] =>
      informer.byIndex("color", color).map(({ metadata }) => metadata.name);
    reader.answerList(
      [reader.object("a", 1, "u1", { color: "red" }), reader.object("b", 2, "u2", { color: "red" })],
      2,
    );
    await informer.synced;
    expect(names("red")).toEqual(["a", "b"]);
    reader.send("MODIFIED", reader.object("a", 3, "u1", { color: "blue" }));
    reader.send("DELETED", reader.object("b", 4, "u2"));
    await settle();
    expect([names("red"), names("blue")]).toEqual([[], ["a"]]);
    expect(informer.byIndex("color", "blue")[0]).toBe(informer.get("a"));
  });

  test("declared late, know what is there already", async () => {
    await using run = new Run();
    run.reader.answerList([run.reader.object("a", 1)], 1);
    await run.informer.synced;
    const informer = run.informers.for<KubeObject>(type, { uid: ({ metadata }) => [metadata.uid] });
    expect(informer.byIndex("uid", "uid-a")).toHaveLength(1);
  });

  test("of one name cannot be two, and one never declared is a mistake", async () => {
    await using run = new Run();
    expect(() => run.informers.for(type, { color: () => [] })).toThrow('Cannot add index "color": the name is taken');
    expect(() => run.informer.byIndex("size", "big")).toThrow('Cannot look up index "size": it was never declared');
  });
});

describe("handlers", () => {
  test("that come late are told of what is there; those that left are told nothing", async () => {
    await using run = new Run();
    run.reader.answerList([run.reader.object("a", 1)], 1);
    await run.informer.synced;
    const told: (string | undefined)[] = [];
    const late = run.informer.onChange((_, next) => told.push(next?.metadata.name));
    expect(told).toEqual(["a"]);
    late[Symbol.dispose]();
    run.reader.send("ADDED", run.reader.object("b", 2));
    await settle();
    expect(told).toEqual(["a"]);
  });

  test("that fail keep neither the others nor the informer from going on", async () => {
    await using run = new Run();
    const failing = run.informer.onChange(() => {
      throw new Error("broken handler");
    });
    const told: string[] = [];
    run.informer.onChange((_, next) => told.push(next?.metadata.name ?? ""));
    run.reader.answerList([run.reader.object("a", 1), run.reader.object("b", 2)], 2);
    await settle();
    expect(told).toEqual(["a", "b"]);
    expect(run.log.lines.map(({ fields }) => fields["error"])).toEqual(["broken handler", "broken handler"]);
    failing[Symbol.dispose]();
  });
});

describe("sharing", () => {
  test("one informer serves all who ask for a kind, and stops when the last one gives it back", async () => {
    await using run = new Run();
    expect(run.informers.for(type)).toBe(run.informer);
    run.reader.answerList([], 1);
    await run.informers.synced();
    run.informers.release(type);
    run.reader.send("ADDED", run.reader.object("a", 2));
    expect(await run.news()).toEqual(["a >2"]);
    run.informers.release(type);
    await settle();
    run.reader.send("ADDED", run.reader.object("b", 3));
    expect(await run.news()).toEqual([]);
    expect(run.informers.for(type)).not.toBe(run.informer);
  });

  test("an informer that is asked for while others run, runs", async () => {
    await using run = new Run();
    run.reader.answerList([], 1);
    await run.informer.synced;
    const other = run.informers.for({ ...type, plural: "others", kind: "Other" });
    run.reader.answerList([], 1);
    await other.synced;
  });
});
