/** Several API servers on one store, of which some are late. */
import { expect, onTestFinished, test } from "vitest";
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import { SqliteStore } from "../../api/storage/sqlite.ts";
import type { Store } from "../../api/storage/store.ts";
import { customResourceDefinitionType } from "../../crds/core.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { Clock } from "../../process/clock.ts";
import { FakeClock } from "../fakes/clock.ts";
import { DelayedStore } from "../faults/delayed-store.ts";
import { eventually } from "../lab/stowage.ts";
import { ApiInProcess } from "./api-in-process.ts";
import { ApiOverHttps } from "./api-over-https.ts";

const cups = { group: "tea.example", version: "v1", plural: "cups", kind: "Cup", namespaced: true };
const namespace = "default";

async function openStore(): Promise<Store> {
  const store = await SqliteStore.open({ path: ":memory:" });
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

async function openReplica(store: DelayedStore, clock?: Clock): Promise<Client> {
  const api = await ApiInProcess.open(async () => store, clock);
  onTestFinished(() => api[Symbol.asyncDispose]());
  return api.client;
}

async function defineCups(client: Client): Promise<void> {
  const { group, plural, kind, version } = cups;
  const schema = { openAPIV3Schema: { type: "object" } };
  await client.create(customResourceDefinitionType, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    ...{
      spec: {
        ...{ group, scope: "Namespaced", names: { plural, kind } },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    },
  });
}

const definition = { name: `${cups.plural}.${cups.group}` };
const cup = (name: string, metadata: object = {}) => ({
  ...{ apiVersion: "tea.example/v1", kind: "Cup" },
  metadata: { namespace, name, ...metadata },
});

const isGone = async (client: Client): Promise<boolean> =>
  client.get(customResourceDefinitionType, definition).then(() => false, isNotFound);

test("who empties a deleted kind late spares what was made since under the same name", async () => {
  const store = await openStore();
  const late = new DelayedStore(store);
  const clock = new FakeClock(new Date());
  const client = await openReplica(new DelayedStore(store));
  const lateClient = await openReplica(late, clock);
  await defineCups(client);
  await client.create(cups, cup("old", { finalizers: ["tea.example/washed"] }));

  const gate = late.delayLists("/tea.example/cups/");
  await client.delete(customResourceDefinitionType, definition);
  await gate.reached; // the late one has begun to empty the kind
  await client.patch(cups, { namespace, name: "old" }, { type: "merge", body: { metadata: { finalizers: null } } });
  await eventually("the other one has done so", () => isGone(client));
  await defineCups(client);
  await client.create(cups, cup("new"));
  await eventually("the late one has begun to serve the new kind", () =>
    lateClient.create(cups, cup("newer")).then(() => true),
  );
  gate.open();
  await clock.pass(10_000); // it tries again after a while
  await lateClient.create(cups, cup("newest"));

  const { items } = await client.list<KubeObject>(cups);
  expect(items.map(({ metadata }) => metadata.name)).toEqual(["new", "newer", "newest"]);
});

test("a kind that one replica was given every other one serves at once", async () => {
  const store = await openStore();
  const late = new DelayedStore(store);
  const client = await openReplica(new DelayedStore(store));
  await using lateReplica = await ApiOverHttps.open({}, async () => late);
  const gate = late.delayWatches("/apiextensions.k8s.io/customresourcedefinitions/");
  await defineCups(client);
  const made = lateReplica.post("/apis/tea.example/v1/namespaces/default/cups", cup("first"));
  await gate.reached;
  // By then it has come to the one above.
  for (let i = 0; i < 5; i++) await lateReplica.get("/api/v1/namespaces/default");
  gate.open();
  expect((await made).code).toBe(201);
});

test("a read that is under way when its kind is defined anew is answered", async () => {
  const store = new DelayedStore(await openStore());
  const client = await openReplica(store);
  await defineCups(client);
  await client.create(cups, cup("first"));
  const gate = store.delayLists("/tea.example/cups/");
  const reads = [client.get(cups, { namespace, name: "first" }), client.list(cups).then(({ items }) => items[0])];
  await gate.reached;
  const color = { type: "object", properties: { color: { type: "string", default: "white" } } };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: color } } };
  const versions = [{ name: cups.version, served: true, storage: true, schema }];
  await client.patch(customResourceDefinitionType, definition, { type: "merge", body: { spec: { versions } } });
  gate.open();
  for (const read of reads) expect((await read)?.metadata.name).toBe("first");
});
