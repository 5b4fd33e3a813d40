import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CompactedError, UnavailableError, UnknownOutcomeError } from "../../api/storage/errors.ts";
import { EtcdStore } from "../../api/storage/etcd.ts";
import { SqliteStore } from "../../api/storage/sqlite.ts";
import { makeCertificates } from "../lab/certificates.ts";
import { TcpProxy } from "../faults/tcp-proxy.ts";
import { Etcd, etcdMissing } from "../lab/etcd.ts";
import { spawnProcess } from "../lab/process.ts";
import { bytes, describeStore, eventually, render, watching } from "./store.contract.ts";

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-store-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
const newFile = (suffix: string): string => join(folder, `${files++}.${suffix}`);

describeStore("sqlite in memory", () => SqliteStore.open({ path: ":memory:" }));
describeStore("sqlite in a file", () => SqliteStore.open({ path: newFile("db") }));

/** A child process that runs `code`, which may use `SqliteStore` and `path`, until it has printed `ready` lines. */
function child(path: string, logFile: string, ready: number, code: string, limitKiB?: number) {
  const module = fileURLToPath(new URL("../../api/storage/sqlite.ts", import.meta.url));
  const program = `const { SqliteStore } = await import(${JSON.stringify(module)}); const path = ${JSON.stringify(path)}; ${code}`;
  const node = [process.execPath, "--input-type=module", "--eval", program];
  const [command = "", ...args] =
    limitKiB === undefined ? node : ["bash", "-c", `ulimit -f ${limitKiB}; exec "$@"`, "bash", ...node];
  return spawnProcess({
    command,
    args,
    logFile,
    ready: async () => (await readFile(logFile, "utf8")).split("\n").length > ready,
  });
}

describe("sqlite across processes", () => {
  const writer = `
    const store = await SqliteStore.open({ path });
    for (let round = 0; ; round++) {
      const writes = Array.from({ length: 4 }, (_, i) => store.create("/registry/" + process.pid + "/" + round + "/" + i, Buffer.from(String(round))));
      for (const { key, revision } of await Promise.all(writes)) process.stdout.write(key + " " + revision + "\\n");
    }`;

  test("after kill -9 every acknowledged write is there and the revision goes on", async () => {
    const path = newFile("db");
    for (const round of [1, 2, 3]) {
      const logFile = newFile("log");
      const writing = await child(path, logFile, 200 * round, writer);
      await writing.end("SIGKILL");
      const acknowledged = (await readFile(logFile, "utf8")).split("\n").slice(0, -1);
      expect(acknowledged.length).toBeGreaterThanOrEqual(200 * round);
      await using store = await SqliteStore.open({ path });
      for (const line of acknowledged) {
        const [key = "", revision] = line.split(" ");
        expect((await store.get(key))?.revision).toBe(Number(revision));
      }
      expect(await store.revision()).toBeGreaterThanOrEqual(Number(acknowledged.at(-1)?.split(" ")[1]));
    }
  });

  test("a second server on the same file is refused while the first lives, and no longer", async () => {
    const path = newFile("db");
    const holding = await child(
      path,
      newFile("log"),
      1,
      `await SqliteStore.open({ path }); console.log("open"); setInterval(() => undefined, 1000);`,
    );
    await expect(SqliteStore.open({ path })).rejects.toThrow(
      `Cannot open store "${path}": another stowage server uses ${folder}: stop it, or use another folder`,
    );
    await holding.end("SIGKILL");
    await using store = await SqliteStore.open({ path });
    await expect(SqliteStore.open({ path })).rejects.toThrow("another stowage server uses");
    expect(await store.get("/registry/a")).toBeUndefined();
  });

  test("a disk that is full fails writes whole and harms nothing", async () => {
    const path = newFile("db");
    const logFile = newFile("log");
    const full = await child(
      path,
      logFile,
      2,
      `const store = await SqliteStore.open({ path });
       let written = 0;
       try { for (;;) { await store.create("/registry/" + written, new Uint8Array(10000)); written++; } }
       catch (error) {
         const revision = await store.revision();
         const items = (await store.list("/registry/")).items.length;
         console.log(JSON.stringify({ error: error.name, message: error.message, written, revision, items }));
         console.log("done");
       }
       setInterval(() => undefined, 1000);`,
      1024,
    );
    await full.end("SIGKILL");
    const [line = ""] = (await readFile(logFile, "utf8")).split("\n");
    const outcome = JSON.parse(line) as Record<"error" | "message" | "written" | "revision" | "items", unknown>;
    expect(outcome).toMatchObject({ error: "UnavailableError", items: outcome.written });
    expect(outcome.message).toContain("SQLite says");
    await using store = await SqliteStore.open({ path });
    expect((await store.list("/registry/")).items).toHaveLength(Number(outcome.written));
    expect(await store.revision()).toBe(outcome.revision);
  });
});

if (etcdMissing !== undefined) console.warn(`The tests of the etcd store are skipped: ${etcdMissing}`);

describe.skipIf(etcdMissing !== undefined)(
  `etcd${etcdMissing === undefined ? "" : ` (skipped: ${etcdMissing})`}`,
  () => {
    let etcd: Etcd;
    let prefixes = 0;
    beforeAll(async () => {
      etcd = await Etcd.start();
    });
    afterAll(async () => {
      await etcd[Symbol.asyncDispose]();
    });
    const newPrefix = (): string => `/test-${prefixes++}`;

    describeStore("etcd", () => EtcdStore.open({ endpoints: [etcd.endpoint], prefix: newPrefix() }));

    describe("etcd shared with others", () => {
      test("keys of another prefix are neither listed nor watched, and never hold up progress", async () => {
        const prefix = newPrefix();
        await using store = await EtcdStore.open({ endpoints: [etcd.endpoint], prefix });
        await using other = await EtcdStore.open({ endpoints: [etcd.endpoint], prefix: `${prefix}0` });
        const mine = await store.create("/registry/a", bytes("mine"));
        const watch = watching(store, "/registry/", mine.revision);
        await other.create("/registry/a", bytes("other"));
        const newest = await store.revision();
        await store.requestProgress("/registry/", newest);
        await eventually(() => {
          expect(watch.events()).toHaveLength(1);
        });
        const [progress] = watch.events();
        expect(progress?.type).toBe("progress");
        expect(progress?.type === "progress" && progress.revision).toBeGreaterThanOrEqual(newest);
        expect((await store.list("/registry/")).items).toEqual([mine]);
        watch.stop();
        await watch.ended;
      });

      test("one replica sees what another one writes", async () => {
        const options = { endpoints: [etcd.endpoint], prefix: newPrefix() };
        await using one = await EtcdStore.open(options);
        await using two = await EtcdStore.open(options);
        const watch = watching(two, "/registry/", await two.revision());
        const created = await one.create("/registry/a", bytes("1"));
        // `two` knows the key from its watch only, and must not take that for the newest.
        await eventually(() => {
          expect(watch.changes()).toHaveLength(1);
        });
        const updated = await one.update("/registry/a", bytes("2"), created.revision);
        await expect(two.update("/registry/a", bytes("1"), created.revision)).rejects.toMatchObject({
          current: updated,
        });
        watch.stop();
        await watch.ended;
      });
    });

    describe("etcd behind a network that fails", () => {
      async function throughProxy(timeoutMs = 10_000) {
        const prefix = newPrefix();
        const proxy = await TcpProxy.start(etcd.port);
        const direct = await EtcdStore.open({ endpoints: [etcd.endpoint], prefix });
        const store = await EtcdStore.open({ endpoints: [`http://127.0.0.1:${proxy.port}`], prefix, timeoutMs });
        return {
          ...{ proxy, direct, store },
          async [Symbol.asyncDispose](): Promise<void> {
            for (const part of [store, direct, proxy]) await part[Symbol.asyncDispose]();
          },
        };
      }

      test("a watch resumes after a cut with what was written meanwhile, nothing lost or doubled", async () => {
        await using lab = await throughProxy();
        const { proxy, direct, store } = lab;
        const watch = watching(store, "/registry/", await store.revision());
        const expected: string[] = [];
        const write = async (key: string): Promise<void> => {
          expected.push(render({ type: "put", object: await direct.create(key, bytes("x")), previous: undefined }));
        };
        for (let round = 0; round < 4; round++) {
          await write(`/registry/${round}/before`);
          proxy.refuse();
          await write(`/registry/${round}/during`);
          proxy.accept();
          await write(`/registry/${round}/after`);
          proxy.cut();
          await write(`/registry/${round}/after-cut`);
          await eventually(() => {
            expect(watch.changes().map(render)).toEqual(expected);
          });
        }
        watch.stop();
        await watch.ended;
      });

      test("cuts at any moment under load neither lose nor double events", async () => {
        await using lab = await throughProxy();
        const { proxy, direct, store } = lab;
        const watch = watching(store, "/registry/", await store.revision());
        for (let round = 0; round < 20; round++) {
          const writes = Array.from({ length: 30 }, (_, i) => direct.create(`/registry/${round}/${i}`, bytes("x")));
          await writes[round % 30];
          proxy.cut();
          await Promise.all(writes);
        }
        await eventually(() => {
          expect(watch.changes().length).toBeGreaterThanOrEqual(600);
        });
        const { items } = await direct.list("/registry/");
        const seen = watch.changes().map((event) => event.type === "put" && event.object);
        expect(seen).toEqual(items.toSorted((a, b) => a.revision - b.revision));
        watch.stop();
        await watch.ended;
      });

      test("a replay that is cut goes on where it was", async () => {
        await using lab = await throughProxy();
        const { proxy, direct, store } = lab;
        const from = await store.revision();
        for (let i = 0; i < 40; i++) await direct.create(`/registry/${i}`, new Uint8Array(256 * 1024).fill(i));
        await store.requestProgress("/registry/", await store.revision());
        const stop = new AbortController();
        const keys: unknown[] = [];
        for await (const batch of store.watch("/registry/", from, stop.signal)) {
          if (keys.length === 0) proxy.cut();
          for (const event of batch) if (event.type === "put") keys.push(event.object.key);
          if (keys.length >= 40) break;
        }
        expect(keys).toEqual(Array.from({ length: 40 }, (_, i) => `/registry/${i}`));
      });

      test("reads wait for a connection; a write that was not sent is sent later, once", async () => {
        await using lab = await throughProxy();
        const { proxy, direct, store } = lab;
        const created = await store.create("/registry/a", bytes("1"));
        proxy.refuse();
        const reading = store.get("/registry/a");
        proxy.accept();
        expect(await reading).toEqual(created);
        const updated = await store.update("/registry/a", bytes("2"), created.revision);
        expect(await direct.get("/registry/a")).toEqual(updated);
      });

      test("a write whose answer is lost is not repeated: it fails, and may have been done", async () => {
        await using lab = await throughProxy();
        const { proxy, direct, store } = lab;
        await store.get("/registry/a");
        proxy.pause("from-server");
        const lost = store.create("/registry/a", bytes("1"));
        lost.catch(() => undefined);
        await eventually(async () => {
          expect(await direct.get("/registry/a")).toBeDefined();
        });
        proxy.cut();
        proxy.resume();
        await expect(lost).rejects.toThrow(UnknownOutcomeError);
        await expect(lost).rejects.toThrow("it may have been done");
        expect(await store.get("/registry/a")).toEqual(await direct.get("/registry/a"));
      });

      test("a half-open connection fails requests in bounded time and loses no events", async () => {
        await using lab = await throughProxy(1000);
        const { proxy, direct, store } = lab;
        const from = await store.revision();
        const watch = watching(store, "/registry/", from);
        proxy.pause("both");
        await expect(store.get("/registry/a")).rejects.toThrow(UnavailableError);
        await expect(store.create("/registry/a", bytes("1"))).rejects.toThrow(UnknownOutcomeError);
        await expect(store.requestProgress("/registry/", (from + 1) as typeof from)).rejects.toThrow(UnavailableError);
        const written = await direct.create("/registry/b", bytes("1"));
        proxy.resume();
        await eventually(() => {
          expect(watch.changes().map(render)).toContain(`put /registry/b=1 @${written.revision}`);
        });
        const { items } = await direct.list("/registry/");
        await eventually(() => {
          expect(watch.changes()).toHaveLength(items.length);
        });
        watch.stop();
        await watch.ended;
      });

      test("another endpoint is used when one is gone", async () => {
        await using lab = await throughProxy();
        const { proxy, direct } = lab;
        const prefix = newPrefix();
        const endpoints = [`http://127.0.0.1:${proxy.port}`, etcd.endpoint];
        await using store = await EtcdStore.open({ endpoints, prefix });
        const watch = watching(store, "/registry/", await store.revision());
        proxy.refuse();
        await store.get("/registry/a");
        const created = await store.create("/registry/a", bytes("1"));
        await eventually(() => {
          expect(watch.changes().map(render)).toEqual([`put /registry/a=1 @${created.revision}`]);
        });
        expect(await direct.revision()).toBeGreaterThanOrEqual(created.revision);
        watch.stop();
        await watch.ended;
      });

      test("a watch that was away until its past was compacted ends with CompactedError, and can begin anew", async () => {
        await using lab = await throughProxy();
        const { proxy, direct, store } = lab;
        const watch = watching(store, "/registry/", await store.revision());
        proxy.refuse();
        const a = await direct.create("/registry/a", bytes("1"));
        const b = await direct.update("/registry/a", bytes("2"), a.revision);
        await direct.compact(b.revision);
        proxy.accept();
        await expect(watch.ended).rejects.toThrow(CompactedError);
        await expect(watch.ended).rejects.toMatchObject({ key: "/registry/", oldest: b.revision });
        expect(watch.changes()).toEqual([]);
        const again = watching(store, "/registry/", (await store.list("/registry/")).revision);
        const c = await direct.update("/registry/a", bytes("3"), b.revision);
        await eventually(() => {
          expect(again.changes()).toEqual([{ type: "put", object: c, previous: b }]);
        });
        again.stop();
        await again.ended;
      });

      test("an etcd that never answers is named when the store is opened", async () => {
        await using proxy = await TcpProxy.start(etcd.port);
        proxy.refuse();
        const endpoint = `http://127.0.0.1:${proxy.port}`;
        await expect(EtcdStore.open({ endpoints: [endpoint], timeoutMs: 500 })).rejects.toThrow(
          `Cannot open the store in etcd at ${endpoint}`,
        );
      });
    });

    describe("etcd that ends and comes back", () => {
      test("after kill -9 watches resume and acknowledged writes are there", async () => {
        await using own = await Etcd.start();
        await using store = await EtcdStore.open({ endpoints: [own.endpoint] });
        const watch = watching(store, "/registry/", await store.revision());
        const expected: string[] = [];
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < 10; i++) {
            const object = await store.create(`/registry/${round}/${i}`, bytes("x"));
            expected.push(render({ type: "put", object, previous: undefined }));
          }
          await own.kill9();
          await own.start();
        }
        expect((await store.list("/registry/")).items).toHaveLength(30);
        await eventually(() => {
          expect(watch.changes().map(render)).toEqual(expected);
        });
        watch.stop();
        await watch.ended;
      });

      test("an etcd that lost its data ends watches, which would else wait for revisions long gone", async () => {
        await using own = await Etcd.start();
        await using store = await EtcdStore.open({ endpoints: [own.endpoint] });
        for (let i = 0; i < 20; i++) await store.create(`/registry/${i}`, bytes("x"));
        const watch = watching(store, "/registry/", await store.revision());
        await store.create("/registry/seen", bytes("x"));
        await eventually(() => {
          expect(watch.changes()).toHaveLength(1);
        });
        await own.kill9();
        await own.wipe();
        await own.start();
        await expect(watch.ended).rejects.toThrow(CompactedError);
        const { revision, items } = await store.list("/registry/");
        expect(items).toEqual([]);
        const again = watching(store, "/registry/", revision);
        await store.create("/registry/a", bytes("new"));
        await eventually(() => {
          expect(again.changes()).toHaveLength(1);
        });
        again.stop();
        await again.ended;
      });

      test("speaks TLS, and is refused without a client certificate", async () => {
        const certificates = await mkdtemp(join(folder, "certificates-"));
        const { ca, cert, key } = await makeCertificates(certificates);
        await using own = await Etcd.start(certificates);
        await using store = await EtcdStore.open({ endpoints: [own.endpoint], tls: { ca, cert, key } });
        const created = await store.create("/registry/a", bytes("1"));
        expect(await store.get("/registry/a")).toEqual(created);
        const without = EtcdStore.open({ endpoints: [own.endpoint], tls: { ca }, timeoutMs: 500 });
        await expect(without).rejects.toThrow(UnavailableError);
      });

      test("a closed store leaves nothing open: the process ends by itself", async () => {
        const module = fileURLToPath(new URL("../../api/storage/etcd.ts", import.meta.url));
        const logFile = newFile("log");
        const code = `const { EtcdStore } = await import(${JSON.stringify(module)});
        const store = await EtcdStore.open({ endpoints: [${JSON.stringify(etcd.endpoint)}] });
        await store.create("/registry/leaves-nothing-open", new Uint8Array(1), { ttlSeconds: 1 });
        const watch = (async () => { for await (const _ of store.watch("/registry/", 1, new AbortController().signal)); })();
        watch.catch(() => undefined);
        await store.requestProgress("/registry/", await store.revision());
        await store[Symbol.asyncDispose]();
        console.log("closed");`;
        const ending = await spawnProcess({
          command: process.execPath,
          args: ["--input-type=module", "--eval", code],
          logFile,
          ready: async () => (await readFile(logFile, "utf8")).includes("closed\n"),
        });
        expect(await ending.exited).toBe(0);
      });
    });
  },
);
