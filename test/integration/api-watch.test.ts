/** Lists and watches: nothing lost, nothing twice. Semantics are kube-apiserver's. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Draft } from "../../api/client/client.ts";
import { EtcdStore } from "../../api/storage/etcd.ts";
import { SqliteStore } from "../../api/storage/sqlite.ts";
import type { Store } from "../../api/storage/store.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import type { Json } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";

if (etcdMissing !== undefined) console.warn(`The tests over etcd are skipped: ${etcdMissing}`);

let etcd: Etcd | undefined;
const stores = [
  {
    name: "the embedded store",
    missing: undefined,
    open: (): Promise<Store> => SqliteStore.open({ path: ":memory:" }),
  },
  {
    name: `etcd${etcdMissing === undefined ? "" : ` (skipped: ${etcdMissing})`}`,
    missing: etcdMissing,
    open: async (): Promise<Store> => {
      etcd = await Etcd.start();
      return EtcdStore.open({ endpoints: [etcd.endpoint], prefix: "/registry" });
    },
  },
];

describe.each(stores)("over $name", ({ missing, open }) => {
  describe.skipIf(missing !== undefined)("the API", () => {
    let api: ApiOverHttps;
    let path: string;
    let namespace: string;
    let count = 0;
    beforeAll(async () => {
      api = await ApiOverHttps.open({}, open);
    });
    afterAll(async () => {
      await api[Symbol.asyncDispose]();
      await etcd?.[Symbol.asyncDispose]();
      etcd = undefined;
    });
    beforeEach(async () => {
      namespace = `n${++count}`;
      path = `/api/v1/namespaces/${namespace}/configmaps`;
      await api.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    });

    const create = async (name: string, labels: Record<string, string> = {}): Promise<Json> =>
      (await api.post(path, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels } })).body;
    const names = (list: Json): string[] => list.items.map(({ metadata }) => metadata.name);

    describe("list", () => {
      test("shows what was written before, whole objects in order of their names", async () => {
        await create("b");
        await create("a");
        const { body } = await api.get(path);
        expect(body).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1" });
        expect(names(body)).toEqual(["a", "b"]);
        expect(body.items[0]).toEqual((await api.get(`${path}/a`)).body);
      });

      test("in pages shows the state of the first page", async () => {
        await Promise.all(["a", "b", "c", "d", "e"].map((name) => create(name)));
        const first = await api.get(`${path}?limit=2`);
        expect(names(first.body)).toEqual(["a", "b"]);
        expect(first.body.metadata.remainingItemCount).toBe(3);
        await api.delete(`${path}/c`);
        await create("bb");
        const second = await api.get(`${path}?limit=2&continue=${first.body.metadata.continue}`);
        expect(names(second.body)).toEqual(["c", "d"]);
        expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
        const third = await api.get(`${path}?limit=2&continue=${second.body.metadata.continue}`);
        expect(names(third.body)).toEqual(["e"]);
        expect(third.body.metadata.continue).toBeUndefined();
      });

      test("in pages of what a selector selects", async () => {
        for (const [i, name] of ["a", "b", "c", "d", "e"].entries())
          await create(name, i % 2 === 0 ? { odd: "no" } : {});
        const first = await api.get(`${path}?limit=1&labelSelector=odd`);
        expect(names(first.body)).toEqual(["a"]);
        expect(first.body.metadata.remainingItemCount).toBeUndefined();
        const second = await api.get(`${path}?limit=1&labelSelector=odd&continue=${first.body.metadata.continue}`);
        expect(names(second.body)).toEqual(["c"]);
        const third = await api.get(`${path}?limit=5&labelSelector=odd&continue=${second.body.metadata.continue}`);
        expect(names(third.body)).toEqual(["e"]);
      });

      test.each(["limit=0", "limit=-1", "limit=2&resourceVersion=0"])("with ?%s shows all", async (query) => {
        await Promise.all(["a", "b", "c"].map((name) => create(name)));
        // Any state will do for "0": at this point the cache has it all.
        await api.get(path);
        const { body } = await api.get(`${path}?${query}`);
        expect(names(body)).toEqual(["a", "b", "c"]);
        expect(body.metadata.continue).toBeUndefined();
        expect(body.metadata.remainingItemCount).toBeUndefined();
      });

      test("with a limit and a resourceVersion shows that very state, unless a newer one will do", async () => {
        await create("a");
        const { metadata } = await create("c");
        await create("b");
        const at = `${path}?limit=2&resourceVersion=${metadata.resourceVersion}`;
        const legacy = await api.get(at);
        expect(names(legacy.body)).toEqual(["a", "c"]);
        expect(legacy.body.metadata.resourceVersion).toBe(metadata.resourceVersion);
        const newer = await api.get(`${at}&resourceVersionMatch=NotOlderThan`);
        expect(names(newer.body)).toEqual(["a", "b"]);
        expect(newer.body.metadata.remainingItemCount).toBe(1);
        const exact = await api.get(`${path}?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`);
        expect(names(exact.body)).toEqual(["a", "c"]);
      });

      test("of one name is that one object", async () => {
        await Promise.all(["a", "ab", "b"].map((name) => create(name)));
        const of = async (query: string): Promise<string[]> => names((await api.get(`${path}?${query}`)).body);
        expect(await of("fieldSelector=metadata.name%3Da")).toEqual(["a"]);
        expect(await of("fieldSelector=metadata.name%3Da&limit=1")).toEqual(["a"]);
        expect(await of("fieldSelector=metadata.name%3Dnone")).toEqual([]);
        expect(await of(`fieldSelector=metadata.name%3Da,metadata.namespace%3D${namespace}`)).toEqual(["a"]);
        expect(await of("fieldSelector=metadata.name%3Da,metadata.name%3Db")).toEqual([]);
        expect(await of("fieldSelector=metadata.name!%3Da")).toEqual(["ab", "b"]);
      });

      test("whose state was compacted away goes on, if the client wants, with what there is now", async () => {
        await Promise.all(["a", "b", "d", "f"].map((name) => create(name)));
        const first = await api.get(`${path}?limit=1`);
        await create("c");
        await api.delete(`${path}/d`);
        await api.store.compact(await api.store.revision());
        const gone = await api.get(`${path}?limit=1&continue=${first.body.metadata.continue}`);
        expect(gone.body).toMatchObject({ kind: "Status", code: 410, reason: "Expired" });
        expect(gone.body.message).toMatch(
          /^The provided continue parameter is too old to display a consistent list result\. /,
        );
        const second = await api.get(`${path}?limit=1&continue=${gone.body.metadata.continue}`);
        expect(second.code).toBe(200);
        expect(names(second.body)).toEqual(["b"]);
        expect(second.body.metadata.remainingItemCount).toBe(2);
        expect(Number(second.body.metadata.resourceVersion)).toBeGreaterThan(
          Number(first.body.metadata.resourceVersion),
        );
        const third = await api.get(`${path}?continue=${second.body.metadata.continue}`);
        expect(names(third.body)).toEqual(["c", "f"]);
        expect(third.body.metadata.resourceVersion).toBe(second.body.metadata.resourceVersion);
      });

      test("in pages is the same from any replica, and after the first one forgot it", async () => {
        await Promise.all(["a", "b", "c"].map((name) => create(name)));
        const { body } = await api.get(`${path}?limit=1`);
        await api.delete(`${path}/c`);
        // What no server remembers: a state that nobody began a list from.
        const token = {
          ...tokenIn(body.metadata.continue),
          rv: Number((await create("d")).metadata.resourceVersion) - 1,
        };
        await create("e");
        const elsewhere = await api.get(`${path}?continue=${Buffer.from(JSON.stringify(token)).toString("base64url")}`);
        expect(names(elsewhere.body)).toEqual(["b"]);
        expect(names((await api.get(`${path}?continue=${body.metadata.continue}`)).body)).toEqual(["b", "c"]);
      });

      test.each([
        { why: "no base64", token: "%25%25", message: /^invalid continue token: continue key is not valid: / },
        {
          why: "another version",
          token: { v: "v2", rv: 5, start: "a" },
          message: /does not recognize this encoded version "v2"$/,
        },
        {
          why: "no revision",
          token: { v: "meta.k8s.io/v1", rv: 0, start: "a" },
          message: /incorrect encoded start resourceVersion \(version meta\.k8s\.io\/v1\)$/,
        },
        {
          why: "no key",
          token: { v: "meta.k8s.io/v1", rv: 5, start: "" },
          message: /encoded start key empty \(version meta\.k8s\.io\/v1\)$/,
        },
        {
          why: "a key elsewhere",
          token: { v: "meta.k8s.io/v1", rv: 5, start: "../../secrets/" },
          message: /continue key is not valid: \.\.\/\.\.\/secrets\/$/,
        },
      ])("refuses a token with $why", async ({ token, message }) => {
        const text = typeof token === "string" ? token : Buffer.from(JSON.stringify(token)).toString("base64url");
        const { body } = await api.get(`${path}?continue=${text}`);
        expect(body).toMatchObject({ code: 400, reason: "BadRequest" });
        expect(body.message).toMatch(message);
      });

      test("refuses options that contradict each other, each with its field", async () => {
        const { metadata } = (await api.get(path)).body;
        const causes = async (query: string): Promise<unknown> => {
          const { code, body } = await api.get(`${path}?${query}`);
          expect(code).toBe(422);
          expect(body.message).toMatch(/^ListOptions\.meta\.k8s\.io "" is invalid: /);
          return body.details.causes;
        };
        const field = "resourceVersionMatch";
        const forbidden = (why: string) => ({ reason: "FieldValueForbidden", field, message: `Forbidden: ${why}` });
        expect(await causes("resourceVersionMatch=Exact&continue=x")).toEqual([
          forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"),
          forbidden("resourceVersionMatch is forbidden when continue is provided"),
        ]);
        expect(await causes("resourceVersionMatch=Roughly&resourceVersion=1")).toEqual([
          {
            reason: "FieldValueNotSupported",
            field,
            message: 'Unsupported value: "Roughly": supported values: "Exact", "NotOlderThan", ""',
          },
        ]);
        expect(await causes("resourceVersionMatch=Exact&resourceVersion=0")).toEqual([
          forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
        ]);
        expect(await causes("sendInitialEvents=true")).toEqual([
          {
            reason: "FieldValueForbidden",
            field: "sendInitialEvents",
            message: "Forbidden: sendInitialEvents is forbidden for list",
          },
        ]);
        expect(await causes("watch=true&sendInitialEvents=true")).toEqual([
          forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ]);
        expect(
          await causes(`watch=true&resourceVersionMatch=NotOlderThan&resourceVersion=${metadata.resourceVersion}`),
        ).toEqual([forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")]);
        expect(await causes("watch=true&sendInitialEvents=false&resourceVersionMatch=Exact")).toEqual([
          forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
          {
            reason: "FieldValueNotSupported",
            field,
            message: 'Unsupported value: "Exact": supported values: "NotOlderThan"',
          },
        ]);
      });

      test("of an exact state shows it until it is compacted", async () => {
        const { metadata } = await create("a");
        await create("b");
        const exact = `${path}?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
        expect(names((await api.get(exact)).body)).toEqual(["a"]);
        const page = await api.get(`${path}?limit=1`);
        await create("c");
        await api.store.compact(await api.store.revision());
        expect((await api.get(exact)).body).toMatchObject({ code: 410, reason: "Expired" });
        const next = await api.get(`${path}?limit=1&continue=${page.body.metadata.continue}`);
        expect(next.body).toMatchObject({ code: 410, reason: "Expired" });
        expect(next.body.message).toContain("The provided continue parameter is too old");
      });

      test("not older than what has not happened yet answers 504 that says to try again", async () => {
        const future = Number(await api.store.revision()) + 1000;
        const { code, body, headers } = await api.get(`${path}?resourceVersion=${future}`);
        expect(code).toBe(504);
        expect(body.message).toContain(`Too large resource version: ${future}, current: `);
        expect(body.details).toEqual({
          causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
          retryAfterSeconds: 1,
        });
        expect(headers["retry-after"]).toBe("1");
      });

      test.each([
        { query: "labelSelector=a%3D%3D%3Db", code: 400 },
        { query: "fieldSelector=spec.nothing%3Da", code: 400 },
        { query: "resourceVersion=abc", code: 400 },
        { query: "limit=many", code: 400 },
        { query: "continue=garbage", code: 400 },
        {
          query: `continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":0,"start":"a"}').toString("base64url")}`,
          code: 400,
        },
        { query: "resourceVersionMatch=Exact", code: 422 },
        { query: "resourceVersion=1&resourceVersionMatch=Roughly", code: 422 },
        { query: "resourceVersion=0&resourceVersionMatch=Exact", code: 422 },
      ])("refuses ?$query with $code", async ({ query, code }) => {
        expect((await api.get(`${path}?${query}`)).code).toBe(code);
      });
    });

    describe("watch", () => {
      test("without resourceVersion begins with what is there, then tells changes in order", async () => {
        await create("a");
        await using watch = await api.watch(`${path}?watch=true`);
        expect(await watch.take(1)).toEqual(["ADDED a"]);
        await create("b");
        await api.patch(`${path}/a`, { data: { x: "1" } });
        await api.delete(`${path}/b`);
        expect(await watch.take(3)).toEqual(["ADDED b", "MODIFIED a", "DELETED b"]);
      });

      test("from a list goes on where the list ended, whatever happens elsewhere", async () => {
        await create("a");
        const { body } = await api.get(path);
        await create("b");
        await api.post("/api/v1/namespaces/default/configmaps", {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: `other-${namespace}` },
        });
        await using watch = await api.watch(`${path}?watch=1&resourceVersion=${body.metadata.resourceVersion}`);
        await create("c");
        expect(await watch.take(2)).toEqual(["ADDED b", "ADDED c"]);
      });

      test("tells a deletion with its own revision, so that a watch can resume after it", async () => {
        const { metadata } = await create("a");
        await using watch = await api.watch(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}`);
        await api.delete(`${path}/a`);
        const { type, object } = await watch.next();
        expect(type).toBe("DELETED");
        expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(Number(metadata.resourceVersion));
        await create("b");
        await using resumed = await api.watch(`${path}?watch=true&resourceVersion=${object.metadata.resourceVersion}`);
        expect(await resumed.take(1)).toEqual(["ADDED b"]);
      });

      test("of a selection tells objects that enter and leave it as added and deleted", async () => {
        const { body } = await api.get(path);
        await using watch = await api.watch(
          `${path}?watch=true&labelSelector=on%3Dyes&resourceVersion=${body.metadata.resourceVersion}`,
        );
        await create("a");
        await create("b", { on: "yes" });
        const entered = await api.patch(`${path}/a`, { metadata: { labels: { on: "yes" } } });
        await api.patch(`${path}/b`, { metadata: { labels: { on: "no" } } });
        await api.delete(`${path}/b`);
        await api.delete(`${path}/a`);
        expect(await watch.take(2)).toEqual(["ADDED b", "ADDED a"]);
        const left = await watch.next();
        expect(left.type).toBe("DELETED");
        expect(left.object.metadata).toMatchObject({ name: "b", labels: { on: "yes" } });
        expect(Number(left.object.metadata.resourceVersion)).toBeGreaterThan(
          Number(entered.body.metadata.resourceVersion),
        );
        expect(await watch.take(1)).toEqual(["DELETED a"]);
      });

      test("of one name", async () => {
        await create("a");
        await create("b");
        await using watch = await api.watch(`${path}?watch=true&fieldSelector=metadata.name%3Db`);
        await api.delete(`${path}/a`);
        await api.delete(`${path}/b`);
        expect(await watch.take(2)).toEqual(["ADDED b", "DELETED b"]);
      });

      test("from a revision that is compacted tells 410 as an event", async () => {
        const { metadata } = await create("a");
        await create("b");
        await createMany(recentEvents);
        await api.store.compact(await api.store.revision());
        await using watch = await api.watch(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}`);
        expect(watch.response.statusCode).toBe(200);
        const { type: kind, object } = await watch.next();
        expect(kind).toBe("ERROR");
        expect(object).toMatchObject({ kind: "Status", code: 410, reason: "Expired" });
        expect(object.message).toMatch(
          new RegExp(`^too old resource version: ${metadata.resourceVersion} \\([0-9]+\\)$`),
        );
        expect(await watch.rest()).toEqual([]);
      });

      test("from before the recent events reads the store's history, and then joins the others", async () => {
        const { metadata } = await create("a");
        await createMany(recentEvents);
        await using watch = await api.watch(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}`);
        await create("last");
        const told: Json["metadata"][] = [];
        for (let event = await watch.next(); event.object.metadata.name !== "last"; event = await watch.next())
          told.push(event.object.metadata);
        const revisions = told.map(({ resourceVersion }) => Number(resourceVersion));
        expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
        expect(new Set(told.map(({ name }) => name)).size).toBe(recentEvents);
        expect(told).toHaveLength(recentEvents);
      });

      test("ends after timeoutSeconds, with a bookmark for who asked", async () => {
        const { metadata } = await create("a");
        await using watch = await api.watch(
          `${path}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`,
        );
        const elsewhere = await create("b");
        const lines = await watch.rest();
        expect(lines).toMatchObject([
          { type: "ADDED", object: { metadata: { name: "b" } } },
          { type: "BOOKMARK", object: { kind: "ConfigMap", apiVersion: "v1" } },
        ]);
        expect(Number(lines.at(-1)?.object.metadata.resourceVersion)).toBeGreaterThanOrEqual(
          Number(elsewhere.metadata.resourceVersion),
        );
      });

      test("with sendInitialEvents marks the end of what was there", async () => {
        await create("a");
        const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        await using watch = await api.watch(`${path}?${query}`);
        expect(await watch.take(1)).toEqual(["ADDED a"]);
        const { type: kind, object } = await watch.next();
        expect(kind).toBe("BOOKMARK");
        expect(object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
        await create("b");
        expect(await watch.take(1)).toEqual(["ADDED b"]);
        expect((await api.get(`${path}?watch=true&sendInitialEvents=true`)).code).toBe(422);
      });

      test("with sendInitialEvents waits for the state asked for, and can leave out what is there", async () => {
        const { metadata } = await create("a");
        const initial = `watch=true&resourceVersionMatch=NotOlderThan&resourceVersion=${metadata.resourceVersion}`;
        await using whole = await api.watch(`${path}?${initial}&sendInitialEvents=true`);
        expect(await whole.take(1)).toEqual(["ADDED a"]);
        await using news = await api.watch(
          `${path}?watch=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=false`,
        );
        await create("b");
        expect(await news.take(1)).toEqual(["ADDED b"]);
        // Without allowWatchBookmarks nobody is told where the beginning ends.
        expect(await whole.take(1)).toEqual(["ADDED b"]);
        const future = Number(await api.store.revision()) + 1000;
        await using never = await api.watch(
          `${path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=${future}`,
        );
        const { type: kind, object } = await never.next();
        expect(kind).toBe("ERROR");
        expect(object).toMatchObject({ code: 504, reason: "Timeout" });
      });

      test("does not know limits", async () => {
        await Promise.all(["a", "b", "c"].map((name) => create(name)));
        await using watch = await api.watch(`${path}?watch=true&limit=1`);
        expect(await watch.take(3)).toEqual(["ADDED a", "ADDED b", "ADDED c"]);
      });

      test("of metadata alone tells whose it is and no more", async () => {
        await api.post(path, {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "a", labels: { on: "yes" } },
          data: { x: "1" },
        });
        const accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";
        const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        await using watch = await api.watch(`${path}?${query}`, { accept });
        const [added, bookmark] = [await watch.next(), await watch.next()];
        expect(added).toMatchObject({
          type: "ADDED",
          object: {
            kind: "PartialObjectMetadata",
            apiVersion: "meta.k8s.io/v1",
            metadata: { name: "a", labels: { on: "yes" } },
          },
        });
        expect(added.object).not.toHaveProperty("data");
        expect(bookmark).toMatchObject({ type: "BOOKMARK", object: { kind: "PartialObjectMetadata" } });
        await api.delete(`${path}/a`);
        expect(await watch.next()).toMatchObject({ type: "DELETED", object: { kind: "PartialObjectMetadata" } });
      });

      test("of a client that reads too slowly ends instead of being kept for, and loses nothing when it resumes", async () => {
        const { body } = await api.get(path);
        await using slow = await api.watch(`${path}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
        const many = 9000;
        for (let begun = 0; begun < many; begun += 100)
          await Promise.all(Array.from({ length: 100 }, (_, i) => createLarge(`large-${begun + i}`)));
        const told = await slow.rest();
        expect(told.length).toBeLessThan(many);
        const { resourceVersion } = told.at(-1)?.object.metadata ?? body.metadata;
        await using resumed = await api.watch(`${path}?watch=true&resourceVersion=${resourceVersion}`);
        const seen = new Set(told.map(({ object }) => object.metadata.name));
        while (seen.size < many) {
          const { object } = await resumed.next();
          expect(seen.has(object.metadata.name)).toBe(false);
          seen.add(object.metadata.name);
        }
      });

      test("of tables describes the columns once", async () => {
        await create("a");
        const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        await using watch = await api.watch(`${path}?watch=true`, { accept });
        await create("b");
        const [first, second] = [await watch.next(), await watch.next()];
        expect(first.object.kind).toBe("Table");
        expect(first.object.columnDefinitions.map(({ name }) => name)).toEqual(["Name", "Data", "Age"]);
        expect(first.object.rows).toMatchObject([{ cells: ["a", 0, expect.any(String)] }]);
        expect(second.object).not.toHaveProperty("columnDefinitions.0");
        expect(second.object.rows).toMatchObject([{ object: { metadata: { name: "b" } } }]);
      });

      test("tells every watcher of every writer's changes, in one order", async () => {
        const { body } = await api.get(path);
        const watches = await Promise.all(
          Array.from({ length: 5 }, () =>
            api.watch(`${path}?watch=true&resourceVersion=${body.metadata.resourceVersion}`),
          ),
        );
        await Promise.all(Array.from({ length: 100 }, (_, i) => create(`c${i}`)));
        const told = await Promise.all(watches.map((watch) => watch.take(100)));
        for (const one of told) expect(one).toEqual(told[0]);
        expect(new Set(told[0]).size).toBe(100);
        for (const watch of watches) await watch[Symbol.asyncDispose]();
      });

      test("of a client that goes away is forgotten, and is no error", async () => {
        const watch = await api.watch(`${path}?watch=true`);
        await watch[Symbol.asyncDispose]();
        await create("a");
        expect((await api.get(`${path}/a`)).code).toBe(200);
        expect(api.log.lines.filter(({ level }) => level === "error")).toEqual([]);
      });
    });

    test("a revision belongs to the whole store, so that lists of different kinds can be compared", async () => {
      const { metadata } = await create("a");
      const { body } = await api.get("/api/v1/namespaces");
      expect(Number(body.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(metadata.resourceVersion));
    });

    async function createMany(many: number): Promise<void> {
      const object = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } });
      await Promise.all(Array.from({ length: many }, (_, i) => api.client.create(type, object(`many-${i}`))));
    }

    function createLarge(name: string): Promise<unknown> {
      const metadata = { name, namespace };
      return api.client.create(type, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata,
        data: { x: "y".repeat(8000) },
      } as Draft);
    }
  });
});

const type = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };

/** More than what the server keeps of recent events. */
const recentEvents = 2500;

const tokenIn = (token: string): object => JSON.parse(Buffer.from(token, "base64url").toString()) as object;
