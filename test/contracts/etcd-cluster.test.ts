/** The etcd store on a cluster of three: whichever member is used, killed or hangs. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EtcdStore } from "../../api/storage/etcd.ts";
import { UnavailableError, UnknownOutcomeError } from "../../api/storage/errors.ts";
import type { StoreEvent } from "../../api/storage/store.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import { bytes, eventually, watching, watchUntil } from "./store.contract.ts";

describe.skipIf(etcdMissing)(`etcd of three members${etcdMissing ? `: skipped, ${etcdMissing}` : ""}`, () => {
  let members: readonly Etcd[];
  let prefixes = 0;
  beforeAll(async () => {
    members = await Etcd.startAll(["a", "b", "c"]);
  });
  afterAll(async () => {
    for (const member of members) await member[Symbol.asyncDispose]();
  });

  /** That prefers the member of this index. */
  const open = (first: number, prefix: string): Promise<EtcdStore> => {
    const endpoints = members.map(({ endpoint }) => endpoint);
    return EtcdStore.open({ endpoints: [...endpoints.slice(first), ...endpoints.slice(0, first)], prefix });
  };
  const newPrefix = (): string => `/test-${prefixes++}`;

  test("what was written through one member is read at once through every other", async () => {
    const prefix = newPrefix();
    await using a = await open(0, prefix);
    await using b = await open(1, prefix);
    await using c = await open(2, prefix);
    const stores = [a, b, c];
    for (let i = 0; i < 60; i++) {
      const written = await stores[i % 3]?.create(`/registry/${i}`, bytes("x"));
      for (const store of stores) {
        expect((await store.get(`/registry/${i}`))?.revision).toBe(written?.revision);
        expect(await store.revision()).toBeGreaterThanOrEqual(written?.revision ?? 0);
      }
    }
    expect((await b.list("/registry/")).items).toHaveLength(60);
    await c.compact(await c.revision());
    expect((await a.list("/registry/")).items).toHaveLength(60);
  });

  test("a watch that begins where this process has not come yet is told of progress that is asked for meanwhile", async () => {
    const prefix = newPrefix();
    await using writer = await open(0, prefix);
    await using reader = await open(1, prefix);
    for (let i = 0; i < 100; i++) {
      const { revision } = await writer.create(`/elsewhere/${i}`, bytes("x"));
      const stop = new AbortController();
      const batches = reader.watch("/registry/", revision, stop.signal)[Symbol.asyncIterator]();
      const told = batches.next();
      await reader.requestProgress("/registry/", revision);
      const [event] = (await told).value as readonly StoreEvent[];
      expect(event).toMatchObject({ type: "progress" });
      stop.abort();
      await batches.return?.();
    }
  });

  test("a watch of the past that is given up while it connects harms nobody", async () => {
    await using store = await open(0, newPrefix());
    const { revision } = await store.create("/registry/a", bytes("x"));
    await store.create("/registry/b", bytes("x"));
    await watchUntil(store, "/registry/", revision, (changes) => changes.length > 0);
    for (let turns = 0; turns < 200; turns++) {
      const stop = new AbortController();
      const batches = store.watch("/registry/", revision, stop.signal)[Symbol.asyncIterator]();
      const told = batches.next();
      for (let turn = 0; turn < turns % 20; turn++) await new Promise(setImmediate);
      stop.abort();
      await told;
      await batches.return?.();
    }
    expect((await store.list("/registry/")).items).toHaveLength(2);
  });

  test.each([
    { how: "is killed", stop: (member: Etcd) => member.kill9(), back: (member: Etcd) => member.start() },
    {
      how: "hangs",
      stop: async (member: Etcd) => {
        member.freeze();
      },
      back: async (member: Etcd) => {
        member.thaw();
      },
    },
  ])("when the member in use $how, reads, writes and the watch go on with another", async ({ stop, back }) => {
    for (const [first, member] of members.entries()) {
      await using store = await open(first, newPrefix());
      const watch = watching(store, "/registry/", await store.revision());
      await stop(member);
      let written = 0;
      try {
        await store.list("/registry/");
        for (let i = 0; written < 3; i++) {
          try {
            await store.create(`/registry/${i}`, bytes("x"));
            written++;
          } catch (error) {
            // The member was the leader: what it was given last may be lost with it.
            if (!(error instanceof UnknownOutcomeError || error instanceof UnavailableError)) throw error;
          }
        }
        const there = (await store.list("/registry/")).items.map(({ key }) => key);
        expect(there.length).toBeGreaterThanOrEqual(3);
        await eventually(() => {
          const seen = watch.events().flatMap((event) => (event.type === "put" ? [event.object.key] : []));
          expect(seen.toSorted()).toEqual(there);
        });
      } finally {
        await back(member);
        watch.stop();
        await watch.ended;
      }
      await eventually(async () => {
        expect((await fetch(`${member.endpoint}/health`)).ok).toBe(true);
      });
    }
  });
});
