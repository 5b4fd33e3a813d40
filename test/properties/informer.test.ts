import fc from "fast-check";
import { expect, test } from "vitest";
import { expired } from "../../api/status.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { createInformers } from "../../controllers/runtime/informer.ts";
import { FakeClock, settle } from "../fakes/clock.ts";
import { RecordingLog } from "../fakes/log.ts";
import { ScriptedReader } from "../fakes/scripted-reader.ts";

const type: ResourceType = { group: "", version: "v1", plural: "things", kind: "Thing", namespaced: true };

/** What a client does to one of a few objects, and whether the informer is connected while it happens. */
const change = fc.record({
  name: fc.constantFrom("a", "b", "c", "d"),
  verb: fc.constantFrom("put", "put", "delete"),
  /** How the watch fares after it: goes on, ends, or missed so much that it must list. */
  then: fc.constantFrom("on", "on", "on", "ends", "expires"),
});

/** The server's side: objects by name, told to the informer as an API server tells. */
class Model {
  readonly reader = new ScriptedReader();
  readonly objects = new Map<string, KubeObject>();
  #version = 0;

  list(): void {
    this.reader.answerList([...this.objects.values()], this.#version);
  }

  apply(name: string, verb: string, watched: boolean): void {
    const old = this.objects.get(name);
    if (verb === "delete" && old === undefined) return;
    const version = ++this.#version;
    const next = this.reader.object(name, version, old?.metadata.uid ?? `uid-${version}`);
    if (verb === "delete") this.objects.delete(name);
    else this.objects.set(name, next);
    if (!watched) return;
    this.reader.send(verb === "delete" ? "DELETED" : old === undefined ? "ADDED" : "MODIFIED", next);
  }
}

test("whatever happens, handlers are told of changes that lead from nothing to what is there, each from where the last one led", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
      const model = new Model();
      const clock = new FakeClock();
      const log = new RecordingLog();
      const informers = createInformers(model.reader, clock, log, () => 0);
      const informer = informers.for<KubeObject>(type, { uid: ({ metadata }) => [metadata.uid] });
      const told = new Map<string, KubeObject>();
      informer.onChange((old, next) => {
        const name = (next ?? old)?.metadata.name ?? "";
        expect(old).toBe(told.get(name));
        if (old !== undefined && next !== undefined) expect(next.metadata.uid).toBe(old.metadata.uid);
        if (next === undefined) told.delete(name);
        else told.set(name, next);
      });
      const stop = new AbortController();
      const running = informers.run(stop.signal);
      model.list();

      let watched = true;
      for (const { name, verb, then } of changes) {
        model.apply(name, verb, watched);
        if (then === "ends" && watched) model.reader.endWatch();
        if (then !== "expires") continue;
        if (watched) model.reader.failWatch(expired("too old resource version"));
        else model.list();
        watched = !watched;
      }
      if (!watched) model.list();
      await settle();
      await clock.pass(3_600_000);

      // What a handler throws ends up there.
      expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
      const want = [...model.objects.values()];
      const versions = (all: Iterable<KubeObject>): readonly string[] =>
        [...all].map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort();
      expect(versions(informer.list())).toEqual(versions(want));
      expect(versions(told.values())).toEqual(versions(want));
      for (const { metadata } of want) {
        expect(versions(informer.byIndex("uid", metadata.uid))).toEqual([
          `${metadata.name} ${metadata.resourceVersion}`,
        ]);
      }
      stop.abort();
      await running;
    }),
    { numRuns: 300 },
  );
});
