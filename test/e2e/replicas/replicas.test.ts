/** Three servers on one etcd of three members: any of them may go at any time, and clients need not care. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { CoordinationV1Api, CoreV1Api, KubeConfig, makeInformer } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingCommand } from "../../lab/commands.ts";
import { Etcd, etcdMissing } from "../../lab/etcd.ts";
import { LoadBalancer } from "../../lab/load-balancer.ts";
import { capture, eventually, StowageServer } from "../../lab/stowage.ts";
import { randomFrom } from "../../chaos/random.ts";
import { Appender, configMap, Counter, Follower, Kubectl, Maker, work } from "./workload.ts";

const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const kills = Number(process.env["CHAOS_KILLS"] ?? 6);
const missing = etcdMissing ?? missingCommand({ kubectl: "kubernetes-client" });

describe.skipIf(missing)(`replicas, CHAOS_SEED=${seed}${missing ? `: skipped, ${missing}` : ""}`, () => {
  const stack = new AsyncDisposableStack();
  let members: readonly Etcd[];
  let servers: readonly StowageServer[];
  let kubeconfig: string;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "stowage-replicas-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    members = await Etcd.startAll(["a", "b", "c"]);
    for (const member of members) stack.use(member);
    const endpoints = members.map(({ endpoint }) => endpoint);
    const start = async (index: number, authorityOf?: StowageServer): Promise<StowageServer> => {
      // Each prefers another member, so that all of them are in use.
      const order = [...endpoints.slice(index), ...endpoints.slice(0, index)].join(",");
      const args = ["--store", "etcd", "--etcd-endpoints", order];
      return stack.use(await StowageServer.start({ args, ...(authorityOf === undefined ? {} : { authorityOf }) }));
    };
    const first = await start(0);
    servers = [first, ...(await Promise.all([start(1, first), start(2, first)]))];
    const balancer = stack.use(await LoadBalancer.start(servers.map(({ url }) => Number(new URL(url).port))));
    kubeconfig = join(folder, "kubeconfig");
    const text = await readFile(first.kubeconfig, "utf8");
    await writeFile(kubeconfig, text.replace(first.url, `https://127.0.0.1:${balancer.port}`));
  });
  afterAll(() => stack.disposeAsync());

  const clientConfig = (): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    return config;
  };
  const kubectl = (...args: readonly string[]) =>
    capture("kubectl", args, { env: { PATH: process.env["PATH"], KUBECONFIG: kubeconfig, HOME: folder } });

  const leader = async (): Promise<string> => {
    const { spec } = await clientConfig()
      .makeApiClient(CoordinationV1Api)
      .readNamespacedLease({ namespace: "kube-system", name: "stowage-controllers" });
    return spec?.holderIdentity ?? "";
  };
  const identityOf = async ({ dataDir }: StowageServer): Promise<string> =>
    (await readFile(join(dataDir, "identity"), "utf8")).trim();

  test("one kubeconfig serves for all of them, and for what stands in front of them", async () => {
    for (const { url } of servers) {
      expect(await kubectl("--server", url, "get", "ns", "default", "-o", "name")).toEqual({
        ...{ code: 0, stdout: "namespace/default\n", stderr: "" },
      });
    }
    expect(await kubectl("get", "ns", "default", "-o", "name")).toMatchObject({ code: 0, stderr: "" });
  });

  test("a token that one has given is known to all of them", async () => {
    const [first, ...others] = servers;
    expect(await kubectl("create", "serviceaccount", "robot")).toMatchObject({ code: 0, stderr: "" });
    const token = await kubectl("--server", first?.url ?? "", "create", "token", "robot");
    expect(token).toMatchObject({ code: 0, stderr: "" });
    const authority = ["--certificate-authority", join(first?.dataDir ?? "", "pki", "ca.crt")];
    const stranger = ["--kubeconfig=/dev/null", ...authority, "--token", token.stdout.trim()];
    for (const { url } of others) {
      expect(
        await kubectl(...stranger, "--server", url, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"),
      ).toEqual({ code: 0, stdout: "system:serviceaccount:default:robot", stderr: "" });
    }
  });

  test("what one has acknowledged every other one shows at once", async () => {
    const apis = servers.map(({ url }) => {
      const config = clientConfig();
      config.clusters = config.clusters.map((cluster) => ({ ...cluster, server: url }));
      return config.makeApiClient(CoreV1Api);
    });
    const namespace = "default";
    for (let round = 0; round < 30; round++) {
      const name = `shown-${round}`;
      const body = configMap(name, { labels: { shown: "true" } });
      await apis[round % 3]?.createNamespacedConfigMap({ namespace, body });
      for (const api of apis) {
        expect((await api.readNamespacedConfigMap({ namespace, name })).metadata?.name).toBe(name);
        const { items } = await api.listNamespacedConfigMap({ namespace, labelSelector: "shown=true" });
        expect(items).toHaveLength(round + 1);
      }
    }
  });

  test("kill -9 of any of them: nothing acknowledged is lost, nothing is done twice, watches go on", async () => {
    const config = clientConfig();
    const core = config.makeApiClient(CoreV1Api);
    const counters = [new Counter(config, "counter"), new Counter(config, "other-counter")];
    const appender = new Appender(config, "list");
    for (const each of [...counters, appender]) await each.start();
    const workers = [...counters, appender, new Maker(config), new Kubectl(kubeconfig, folder)];

    const [counter] = counters;
    if (counter === undefined) throw new Error("there is a counter");
    const follower = new Follower(config, await counter.read());
    const following = follower.run();
    const informer = makeInformer(config, "/api/v1/namespaces/default/configmaps", () =>
      core.listNamespacedConfigMap({ namespace: "default" }),
    );
    const stop = new AbortController();
    // As its documentation tells users to do.
    informer.on("error", () => void pause(100).then(() => (stop.signal.aborted ? undefined : informer.start())));
    await informer.start();

    const working = work(workers, stop.signal);
    const random = randomFrom(seed).next;
    const upTo = (most: number): number => Math.floor(random() * most);
    const killing = async (): Promise<void> => {
      for (let kill = 0; kill < kills && !stop.signal.aborted; kill++) {
        const victim = [...servers, ...members][upTo(6)];
        await pause(200 + upTo(800));
        await victim?.kill9();
        await pause(upTo(1500));
        await victim?.start();
      }
    };
    await Promise.race([killing(), working]); // a worker that fails ends it
    const before = counter.acknowledged;
    await eventually("work goes on", async () => counter.acknowledged > before + 10);
    stop.abort();
    await working;

    for (const worker of workers) await worker.verify();
    const last = Number((await counter.read()).data?.["n"]);
    await eventually("the watch has told of the last count", async () => follower.seen.at(-1) === last);
    expect(follower.seen).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    follower.stop();
    await following;
    const versions = (all: readonly { metadata?: { name?: string; resourceVersion?: string } }[]) =>
      Object.fromEntries(all.map(({ metadata }) => [metadata?.name ?? "", metadata?.resourceVersion]));
    const { items } = await core.listNamespacedConfigMap({ namespace: "default" });
    await eventually("the informer shows what is there", async () => {
      expect(versions(informer.list())).toEqual(versions(items));
      return true;
    });
    await informer.stop();
  });

  test("a member that hangs is left for another one: what is asked is answered, and watches are told", async () => {
    const config = clientConfig();
    const counter = new Counter(config, "hanging");
    await counter.start();
    const follower = new Follower(config, await counter.read());
    const following = follower.run();
    for (const member of members) {
      member.freeze();
      try {
        const before = counter.acknowledged;
        await eventually("writes go on", async () => {
          await counter.step();
          return counter.acknowledged >= before + 10;
        });
        const last = Number((await counter.read()).data?.["n"]);
        await eventually("the watch goes on", async () => follower.seen.at(-1) === last);
      } finally {
        member.thaw();
      }
      await eventually("the member is back", async () => (await fetch(`${member.endpoint}/health`)).ok);
    }
    await counter.verify();
    follower.stop();
    await following;
  });

  test("when the leader is killed another one takes over the controllers", async () => {
    const old = await eventually("somebody leads", async () => {
      const holder = await leader();
      for (const server of servers) if ((await identityOf(server)) === holder) return server;
      return undefined;
    });
    const identity = await identityOf(old);
    expect(await kubectl("create", "namespace", "going")).toMatchObject({ code: 0 });
    await old.kill9();
    expect(await kubectl("delete", "namespace", "going", "--timeout=90s")).toMatchObject({ code: 0, stderr: "" });
    for (const { url } of servers.filter((server) => server !== old)) {
      const shown = await kubectl("--server", url, "get", "namespace", "going");
      expect(shown.stderr).toBe('Error from server (NotFound): namespaces "going" not found\n');
    }
    expect(await leader()).not.toBe(identity);
    await old.start();
  });
});
