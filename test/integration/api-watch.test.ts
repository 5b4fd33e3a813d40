/** Lists and watches: nothing lost, nothing twice. Semantics are kube-apiserver's. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Json } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
let path: string;
let namespace: string;
let count = 0;
beforeAll(async () => {
  api = await ApiOverHttps.open();
});
afterAll(() => api[Symbol.asyncDispose]());
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
    for (const [i, name] of ["a", "b", "c", "d", "e"].entries()) await create(name, i % 2 === 0 ? { odd: "no" } : {});
    const first = await api.get(`${path}?limit=1&labelSelector=odd`);
    expect(names(first.body)).toEqual(["a"]);
    expect(first.body.metadata.remainingItemCount).toBeUndefined();
    const second = await api.get(`${path}?limit=1&labelSelector=odd&continue=${first.body.metadata.continue}`);
    expect(names(second.body)).toEqual(["c"]);
    const third = await api.get(`${path}?limit=5&labelSelector=odd&continue=${second.body.metadata.continue}`);
    expect(names(third.body)).toEqual(["e"]);
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
    { query: `continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"a"}').toString("base64url")}`, code: 400 },
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
    expect(Number(left.object.metadata.resourceVersion)).toBeGreaterThan(Number(entered.body.metadata.resourceVersion));
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
    expect(object.message).toMatch(new RegExp(`^too old resource version: ${metadata.resourceVersion} \\([0-9]+\\)$`));
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
      Array.from({ length: 5 }, () => api.watch(`${path}?watch=true&resourceVersion=${body.metadata.resourceVersion}`)),
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

const type = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };

/** More than what the server keeps of recent events. */
const recentEvents = 2500;

async function createMany(many: number): Promise<void> {
  const object = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } });
  await Promise.all(Array.from({ length: many }, (_, i) => api.client.create(type, object(`many-${i}`))));
}
