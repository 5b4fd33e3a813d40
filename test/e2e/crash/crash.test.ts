/** kill -9 at random points: at the end exactly the desired containers exist, none doubled, none orphaned. */
import { beforeAll, describe, test } from "vitest";
import type { Breakable } from "../../chaos/chaos.ts";
import { expectExactly, wreakHavoc } from "../../chaos/chaos.ts";
import { timeline } from "../../chaos/timeline.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { Etcd, etcdMissing } from "../../lab/etcd.ts";
import { importBusybox } from "../../lab/images.ts";
import { StowageServer } from "../../lab/stowage.ts";

const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const minutes = Number(process.env["CHAOS_MINUTES"] ?? 1);

const missing = dockerdMissing;
const image = "busybox:lab";
const host = "local";

describe.skipIf(missing)(`crashes, CHAOS_SEED=${seed}${missing ? `: skipped, ${missing}` : ""}`, () => {
  let engine: Dockerd;

  beforeAll(async () => {
    engine = await Dockerd.start({ liveRestore: true });
    await importBusybox(engine.docker, image);
    return () => engine[Symbol.asyncDispose]();
  });

  async function survives(server: StowageServer, perMinute: number, fault: Breakable): Promise<void> {
    const operations = timeline({
      ...{ seed, minutes, perMinute: { apply: 30, delete: 15, harm: 0 }, hosts: [host] },
      containers: Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`c${i}`, {}])),
      faults: { it: { perMinute, awayMs: [0, 200] } },
    });
    const world = { server, image, engines: { [host]: engine.docker }, faults: { it: fault } };
    await wreakHavoc(world, operations);
    await expectExactly(world, operations);
    await server.cli(["delete", "containers", "--all", "-n", "default"]);
    await expectExactly(world, []);
  }

  test("of the server", async () => {
    await using server = await StowageServer.start({ docker: engine.endpoint });
    await survives(server, 40, {
      break: () => server.kill9(),
      mend: async () => {
        await server.start();
      },
    });
  });

  test("of dockerd", async () => {
    await using server = await StowageServer.start({ docker: engine.endpoint });
    await survives(server, 10, { break: () => engine.kill9(), mend: () => engine.restart() });
  });

  test.skipIf(etcdMissing)(`of etcd${etcdMissing ? `: skipped, ${etcdMissing}` : ""}`, async () => {
    await using etcd = await Etcd.start();
    await using server = await StowageServer.start({
      docker: engine.endpoint,
      args: ["--store", "etcd", "--etcd-endpoints", etcd.endpoint],
    });
    await survives(server, 40, { break: () => etcd.kill9(), mend: () => etcd.start() });
  });
});
