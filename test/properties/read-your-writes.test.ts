/**
 * Whoever was told that something was written sees it, whichever server is asked: by get, by list and by watch, in kinds
 * of every sort, while other kinds come and go and the kind itself is defined anew.
 *
 * CONSISTENCY_ROUNDS (5 where not set) times each client makes, changes and deletes an object; CONSISTENCY_SEED=N draws
 * the same servers again.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client, Draft } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import { EtcdStore } from "../../api/storage/etcd.ts";
import { SqliteStore } from "../../api/storage/sqlite.ts";
import type { Store } from "../../api/storage/store.ts";
import { configMapType, customResourceDefinitionType } from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { randomFrom } from "../chaos/random.ts";
import { DelayedStore } from "../faults/delayed-store.ts";
import { ApiInProcess } from "../integration/api-in-process.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import { eventually } from "../lab/stowage.ts";

const rounds = Number(process.env["CONSISTENCY_ROUNDS"] ?? 5);
const seed = Number(process.env["CONSISTENCY_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const clientsPerKind = 4;
const namespace = "default";
const group = "consistent.example";

const custom = (version: string, plural: string, kind: string): ResourceType => ({
  ...{ group, version, plural, kind, namespaced: true },
});
/** Stored as it is, stored with defaults, and seen in the version that is not stored. */
const kinds: readonly ResourceType[] = [
  configMapType,
  custom("v1", "plains", "Plain"),
  custom("v1", "rounds", "Round"),
  custom("v2", "rounds", "Round"),
];

function definition(plural: string, kind: string, versions: readonly string[], defaults: object): Draft {
  const openAPIV3Schema = {
    type: "object",
    properties: { spec: { type: "object", properties: { n: { type: "integer" }, ...defaults } } },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    ...{
      spec: {
        ...{ group, scope: "Namespaced", names: { plural, kind } },
        versions: versions.map((name, index) => ({
          ...{ name, served: true, storage: index === 0, schema: { openAPIV3Schema } },
        })),
      },
    },
  };
}

const rounded = (color: string): Draft =>
  definition("rounds", "Round", ["v1", "v2"], { color: { type: "string", default: color } });

/** The servers, and which of them is asked next. */
class Servers {
  readonly #clients: readonly Client[];
  readonly #random: () => number;

  constructor(clients: readonly Client[], random: () => number) {
    this.#clients = clients;
    this.#random = random;
  }

  get all(): readonly Client[] {
    return this.#clients;
  }

  get any(): Client {
    const client = this.#clients[Math.floor(this.#random() * this.#clients.length)];
    if (client === undefined) throw new Error("There is no server");
    return client;
  }
}

const contentOf = (n: number) => ({ spec: { n } });

/** One client's object: made, changed and deleted, again and again, and looked for in every way after every step. */
async function cycle(servers: Servers, type: ResourceType, name: string): Promise<void> {
  const place = { namespace, name };
  const draft: Draft = { apiVersion: apiVersionOf(type), kind: type.kind, metadata: place };
  for (let round = 0; round < rounds; round++) {
    const made = await servers.any.create(type, { ...draft, ...contentOf(round) });
    await expectShown(servers, type, made);
    const changed = await servers.any.update(type, {
      ...made,
      metadata: { ...made.metadata, labels: { round: String(round) } },
    });
    expect(changed.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
    await expectShown(servers, type, changed);
    await servers.any.delete(type, place, { preconditions: { uid: made.metadata.uid } });
    await expectGone(servers, type, name, Number(changed.metadata.resourceVersion));
  }
}

async function expectShown(servers: Servers, type: ResourceType, { metadata }: KubeObject): Promise<void> {
  const { name, resourceVersion } = metadata;
  const got = await servers.any.get(type, { namespace, name });
  expect(got.metadata).toMatchObject({ name, resourceVersion });
  const all = await servers.any.list(type, { namespace });
  expect(versionIn(all.items, name)).toBe(resourceVersion);
  expect(Number(all.resourceVersion)).toBeGreaterThanOrEqual(Number(resourceVersion));
  const selected = await servers.any.list(type, { namespace, fieldSelector: `metadata.name=${name}` });
  expect(versionIn(selected.items, name)).toBe(resourceVersion);
  expect(versionIn(await inPages(servers, type), name)).toBe(resourceVersion);
}

async function expectGone(servers: Servers, type: ResourceType, name: string, last: number): Promise<void> {
  expect(await servers.any.get(type, { namespace, name }).catch((error: unknown) => isNotFound(error))).toBe(true);
  const all = await servers.any.list(type, { namespace });
  expect(versionIn(all.items, name)).toBeUndefined();
  expect(Number(all.resourceVersion)).toBeGreaterThan(last);
}

const versionIn = (items: readonly KubeObject[], name: string): string | undefined =>
  items.find(({ metadata }) => metadata.name === name)?.metadata.resourceVersion;

/** Each page from whichever server. */
async function inPages(servers: Servers, type: ResourceType): Promise<readonly KubeObject[]> {
  const items: KubeObject[] = [];
  let page = await servers.any.list(type, { namespace, limit: 3 });
  for (;;) {
    items.push(...page.items);
    if (page.continue === undefined) return items;
    page = await servers.any.list(type, { namespace, limit: 3, continue: page.continue });
  }
}

/** What one server tells of one kind, from a list on, however often the watch ends; what it leaves is what there is. */
class Follower {
  readonly objects = new Map<string, string>();
  readonly #client: Client;
  readonly #type: ResourceType;
  #version = 0;

  constructor(client: Client, type: ResourceType) {
    this.#client = client;
    this.#type = type;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.#client.list(this.#type, { namespace });
    for (const { metadata } of items) this.objects.set(metadata.name, metadata.resourceVersion);
    this.#version = Number(resourceVersion);
    while (!signal.aborted) {
      const options = { namespace, resourceVersion: String(this.#version), signal };
      for await (const event of this.#client.watch(this.#type, options)) {
        if (event.type === "BOOKMARK") {
          expect(Number(event.resourceVersion)).toBeGreaterThanOrEqual(this.#version);
          this.#version = Number(event.resourceVersion);
        } else this.#apply(event.type, event.object);
      }
      await new Promise(setImmediate);
    }
  }

  #apply(type: "ADDED" | "MODIFIED" | "DELETED", { metadata: { name, resourceVersion } }: KubeObject): void {
    expect(Number(resourceVersion), `${type} ${name} comes after what was told`).toBeGreaterThan(this.#version);
    expect(this.objects.has(name), `${type} ${name}`).toBe(type !== "ADDED");
    this.#version = Number(resourceVersion);
    if (type === "DELETED") this.objects.delete(name);
    else this.objects.set(name, resourceVersion);
  }
}

/** Kinds that nobody above looks at come and go, with an object each, and their objects go with them. */
async function comeAndGo(servers: Servers, signal: AbortSignal): Promise<void> {
  const type = custom("v1", "passings", "Passing");
  const place = { name: `passings.${group}` };
  for (let i = 0; !signal.aborted; i++) {
    const client = servers.any;
    await client.create(customResourceDefinitionType, definition(type.plural, type.kind, ["v1"], {}));
    const metadata = { namespace, name: `passing-${i}` };
    const made = await client.create(type, { apiVersion: apiVersionOf(type), kind: type.kind, metadata });
    const { items } = await client.list(type, { namespace });
    expect(items.map((item) => item.metadata.uid)).toEqual([made.metadata.uid]);
    await client.delete(customResourceDefinitionType, place);
    for (const each of servers.all)
      await eventually("the definition is gone", async () =>
        each.get(customResourceDefinitionType, place).then(() => false, isNotFound),
      );
  }
}

/** The kind with defaults gets others, so that what is read of the same bytes changes. */
async function redefine(servers: Servers, signal: AbortSignal): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    const { spec } = rounded(`color-${i}`) as unknown as { readonly spec: Readonly<Record<string, unknown>> };
    const name = `rounds.${group}`;
    await servers.any.patch(customResourceDefinitionType, { name }, { type: "merge", body: { spec } });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function writeElsewhere(servers: Servers, signal: AbortSignal): Promise<void> {
  for (let i = 0; !signal.aborted; i++) {
    const metadata = { namespace: "kube-system", name: "busy" };
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { n: String(i) } };
    await servers.any.patch(configMapType, metadata, { type: "apply", body, force: true }, { fieldManager: "busy" });
  }
}

async function prove(clients: readonly Client[]): Promise<void> {
  const servers = new Servers(clients, randomFrom(seed).next);
  for (const each of [definition("plains", "Plain", ["v1"], {}), rounded("red")])
    await servers.any.create(customResourceDefinitionType, each);
  for (const client of clients)
    for (const type of kinds) await eventually("the kind is served", () => client.list(type));

  const stop = new AbortController();
  const others = [comeAndGo, redefine, writeElsewhere].map((disturb) => disturb(servers, stop.signal));
  const followers = clients.flatMap((client) => kinds.map((type) => ({ type, follower: new Follower(client, type) })));
  const following = followers.map(({ follower }) => follower.run(stop.signal));
  const cycles = kinds.flatMap((type, kind) =>
    Array.from({ length: clientsPerKind }, (_, i) => cycle(servers, type, `kind-${kind}-client-${i}`)),
  );
  try {
    await Promise.race([Promise.all(cycles), ...others, ...following]);
    for (const { type, follower } of followers) {
      const { items } = await servers.any.list(type, { namespace });
      const there = new Map(items.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
      await eventually("the watch has told all", async () => {
        expect(follower.objects).toEqual(there);
        return true;
      });
    }
  } finally {
    stop.abort();
    await Promise.allSettled([...cycles, ...others, ...following]);
  }
  await Promise.all([...others, ...following]);
}

describe(`CONSISTENCY_SEED=${seed}`, { timeout: 60_000 + rounds * 10_000 }, () => {
  test("one server on SQLite", async () => {
    await using api = await ApiInProcess.open();
    await prove([api.client]);
  });

  test("three servers on one store", async () => {
    await using stack = new AsyncDisposableStack();
    const store = stack.use(await SqliteStore.open({ path: ":memory:" }));
    const open = async (): Promise<ApiInProcess> =>
      stack.use(await ApiInProcess.open(async () => new DelayedStore(store)));
    await prove((await Promise.all([open(), open(), open()])).map(({ client }) => client));
  });

  describe.skipIf(etcdMissing)(`etcd${etcdMissing ? `: skipped, ${etcdMissing}` : ""}`, () => {
    let members: readonly Etcd[];
    beforeAll(async () => {
      members = await Etcd.startAll(["a", "b", "c"]);
    });
    afterAll(async () => {
      for (const member of members) await member[Symbol.asyncDispose]();
    });

    test("three servers on a cluster of three, each at another member", async () => {
      await using stack = new AsyncDisposableStack();
      const endpoints = members.map(({ endpoint }) => endpoint);
      const open = (first: number) => async (): Promise<Store> =>
        EtcdStore.open({ endpoints: [...endpoints.slice(first), ...endpoints.slice(0, first)], prefix: "/registry" });
      const apis: ApiInProcess[] = [];
      for (let i = 0; i < 3; i++) apis.push(stack.use(await ApiInProcess.open(open(i))));
      await prove(apis.map(({ client }) => client));
    });
  });
});
