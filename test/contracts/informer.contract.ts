import { configMapType } from "../../crds/core.ts";
import { describe, expect, test } from "vitest";
import type { Client } from "../../api/client/client.ts";
import { systemClock } from "../../process/clock.ts";
import { createInformers } from "../../controllers/runtime/informer.ts";
import type { RunnableInformers } from "../../controllers/runtime/informer.ts";
import { forEachParallel } from "../../controllers/runtime/parallel.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { RecordingLog } from "../fakes/log.ts";

const namespace = "default";

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface Following extends AsyncDisposable {
  readonly informers: RunnableInformers;
  readonly log: RecordingLog;
}

function follow(client: Client): Following {
  const log = new RecordingLog();
  const informers = createInformers(client, systemClock, log);
  const stop = new AbortController();
  const running = informers.run(stop.signal);
  return {
    informers,
    log,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

const draft = (name: string, value: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, name },
  data: { value },
});

/** What an informer does over a client and the real API behind it: the same, whatever lies between. */
export function describeInformer(
  name: string,
  open: () => Promise<{ readonly client: Client } & AsyncDisposable>,
): void {
  describe(`an informer over ${name}`, () => {
    test("follows 1,000 changes by several writers: none is lost, none told twice", async () => {
      await using api = await open();
      const { client } = api;
      await using following = follow(client);
      const informer = following.informers.for<ConfigMap>(configMapType);
      const told = new Map<string, ConfigMap>();
      let changes = 0;
      informer.onChange((old, next) => {
        const key = (next ?? old)?.metadata.name ?? "";
        if (!key.startsWith("object-")) return;
        changes++;
        expect(old?.metadata.resourceVersion).toBe(told.get(key)?.metadata.resourceVersion);
        if (next === undefined) told.delete(key);
        else told.set(key, next);
      });
      await informer.synced;

      const writer = async (id: number): Promise<void> => {
        for (let round = 0; round < 25; round++) {
          const object = await client.create<ConfigMap>(configMapType, draft(`object-${id}`, "first"));
          for (const value of ["second", "third"]) {
            await client.patch(configMapType, object.metadata, { type: "merge", body: { data: { value } } });
          }
          if (round < 24) await client.delete(configMapType, object.metadata);
        }
      };
      await Promise.all(Array.from({ length: 10 }, (_, id) => writer(id)));

      await expect.poll(() => changes).toBe(10 * (25 * 3 + 24));
      expect(following.log.lines).toEqual([]);
      const { items } = await client.list<ConfigMap>(configMapType, { namespace });
      const ours = items.filter(({ metadata }) => metadata.name.startsWith("object-"));
      expect(ours).toHaveLength(10);
      for (const object of ours) expect(informer.get(`${namespace}/${object.metadata.name}`)).toEqual(object);
    });

    test("lists more than one page without a gap", async () => {
      await using api = await open();
      const { client } = api;
      const names = Array.from({ length: 1100 }, (_, i) => `object-${i}`);
      // Not all at once: each would open a connection, which a server gives 10 s to be ready.
      await forEachParallel(names, 50, async (each) => {
        await client.create(configMapType, draft(each, ""));
      });
      await using following = follow(client);
      const informer = following.informers.for<ConfigMap>(configMapType);
      await informer.synced;
      const found = [...informer.list()].map(({ metadata }) => metadata.name).filter((each) => names.includes(each));
      expect(found.sort()).toEqual(names.sort());
    });

    test("of a kind that is not served waits for it, and says so", async () => {
      await using api = await open();
      await using following = follow(api.client);
      following.informers.for({ ...configMapType, group: "nowhere.io", plural: "nothings", kind: "Nothing" });
      await expect.poll(() => following.log.lines.length).toBeGreaterThan(0);
      expect(following.log.lines[0]).toMatchObject({
        level: "warn",
        message: "Lost touch with the API",
        fields: { resource: "nothings.nowhere.io" },
      });
    });
  });
}
