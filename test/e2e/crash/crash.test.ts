/** kill -9 at random points: at the end exactly the desired containers exist, none doubled, none orphaned. */
import { beforeAll, describe, test } from "vitest";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { Etcd, etcdMissing } from "../../lab/etcd.ts";
import { importBusybox } from "../../lab/images.ts";
import { StowageServer } from "../../lab/stowage.ts";
import { expectExactly, randomFrom, wreakHavoc } from "./chaos.ts";

const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const steps = Number(process.env["CHAOS_STEPS"] ?? 50);

const missing = dockerdMissing;

describe.skipIf(missing)(`crashes, CHAOS_SEED=${seed}${missing ? `: skipped, ${missing}` : ""}`, () => {
  let engine: Dockerd;
  const image = "busybox:lab";

  beforeAll(async () => {
    engine = await Dockerd.start({ liveRestore: true });
    await importBusybox(engine.docker, image);
    return () => engine[Symbol.asyncDispose]();
  });

  test("of the server", async () => {
    await using server = await StowageServer.start({ docker: engine.endpoint });
    const breakSomething = async (): Promise<void> => {
      await server.kill9();
      await server.start();
    };
    const model = await wreakHavoc({ server, image, random: randomFrom(seed), steps, breakSomething });
    await expectExactly(server, engine.docker, model);
    await server.cli(["delete", "containers", "--all", "-n", "default"]);
    await expectExactly(server, engine.docker, new Map());
  });

  test("of dockerd", async () => {
    await using server = await StowageServer.start({ docker: engine.endpoint });
    let turn = 0;
    const breakSomething = async (): Promise<void> => {
      if (turn++ % 5 === 0) {
        await engine.kill9();
        await engine.restart();
      }
    };
    const model = await wreakHavoc({ server, image, random: randomFrom(seed + 1), steps, breakSomething });
    await expectExactly(server, engine.docker, model);
    await server.cli(["delete", "containers", "--all", "-n", "default"]);
    await expectExactly(server, engine.docker, new Map());
  });

  test.skipIf(etcdMissing)(`of etcd${etcdMissing ? `: skipped, ${etcdMissing}` : ""}`, async () => {
    await using etcd = await Etcd.start();
    await using server = await StowageServer.start({
      docker: engine.endpoint,
      args: ["--store", "etcd", "--etcd-endpoints", etcd.endpoint],
    });
    const breakSomething = async (): Promise<void> => {
      await etcd.kill9();
      await etcd.start();
    };
    const model = await wreakHavoc({ server, image, random: randomFrom(seed + 2), steps, breakSomething });
    await expectExactly(server, engine.docker, model);
    await server.cli(["delete", "containers", "--all", "-n", "default"]);
    await expectExactly(server, engine.docker, new Map());
  });
});
