/** Ways to have many containers run on some Docker hosts: ours, and what people use instead. */
import PQueue from "p-queue";
import type Docker from "dockerode";
import type { Client } from "../api/client/client.ts";
import type { Container } from "../crds/container.ts";
import { containers } from "../crds/container.ts";
import type { LabHost } from "../test/lab/hosts.ts";
import type { StowageServer } from "../test/lab/stowage.ts";
import { capture, eventually } from "../test/lab/stowage.ts";
import { Lifecycles } from "./lifecycles.ts";
import { image, sleeper, sleepers } from "./manifest.ts";
import { median, seconds } from "./table.ts";

export interface Contender {
  readonly name: string;
  /** Has `count` containers made and started; returns the milliseconds from asking until all run. */
  readonly converge: (count: number) => Promise<number>;
  /** Takes them away again; returns when nothing of them is left. */
  readonly clear: () => Promise<void>;
}

/** A loop over the Docker API: create, start, and nothing else. `concurrency` is that of all engines together. */
export function bareLoop(engines: readonly Docker[], concurrency: number): Contender {
  return {
    name: `bare API loop, concurrency ${concurrency}`,
    converge: async (count) => {
      const queue = new PQueue({ concurrency });
      const began = performance.now();
      await queue.addAll(
        Array.from({ length: count }, (_, i) => async () => {
          const engine = engines[i % engines.length];
          const made = await engine?.createContainer({
            name: `bare-${i}`,
            Image: image,
            Entrypoint: [...sleeper],
            Cmd: [],
          });
          await made?.start();
        }),
      );
      return performance.now() - began;
    },
    clear: () => removeAll(engines),
  };
}

/** The fastest of some concurrencies, and what the others took, as rows of {@link race}'s table. */
export async function bestLoop(
  engines: readonly Docker[],
  count: number,
  concurrencies: readonly number[],
): Promise<{ readonly best: number; readonly trial: readonly (readonly string[])[] }> {
  const times: { readonly concurrency: number; readonly loop: Contender; readonly took: number }[] = [];
  for (const concurrency of concurrencies) {
    const loop = bareLoop(engines, concurrency);
    times.push({ concurrency, loop, took: await loop.converge(count) });
    await loop.clear();
  }
  const [fastest] = times.toSorted((a, b) => a.took - b.took);
  return {
    best: fastest?.concurrency ?? 8,
    trial: times.map(({ loop, took }) => [`${loop.name} (trial, ${count} containers)`, seconds(took), "", ""]),
  };
}

/**
 * Lets each converge and clear in turn, `rounds` times, each round beginning with another; returns the rows of a table, in
 * ratio to the first of them.
 */
export async function race(
  contenders: readonly Contender[],
  count: number,
  rounds: number,
): Promise<readonly (readonly string[])[]> {
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const order = [...contenders.keys()].map((i) => (i + round) % contenders.length);
    for (const i of order) {
      const { converge, clear } = contenders[i] as Contender;
      times[i]?.push(await converge(count));
      await clear();
    }
  }
  const medians = times.map(median);
  return [
    ["what", "median", "all rounds", "ratio"],
    ...contenders.map(({ name }, i) => [
      name,
      seconds(medians[i] ?? Number.NaN),
      (times[i] ?? []).map(seconds).join(" "),
      ((medians[i] ?? Number.NaN) / (medians[0] ?? Number.NaN)).toFixed(2),
    ]),
  ];
}

/** From `stowage apply` until every Container says that it runs. */
export function stowage(server: StowageServer, client: Client, engines: readonly Docker[]): Contender {
  return {
    name: "stowage apply",
    converge: async (count) => {
      const began = performance.now();
      const applied = await server.cli(["apply", "-f", "-"], sleepers(count));
      if (applied.code !== 0) throw new Error(applied.stderr);
      await allRun(client, count);
      return performance.now() - began;
    },
    clear: async () => {
      await server.kubectl(["delete", "containers", "--all", "-n", "default", "--wait=false"]);
      await nothingLeft(engines);
      await eventually("the objects are gone", async () => {
        const { items } = await client.list(containers, { namespace: "default" });
        return items.length === 0;
      });
    },
  };
}

async function allRun(client: Client, count: number): Promise<void> {
  const running = new Set<string>();
  const look = (object: Container): void => {
    if (object.status?.phase === "Running") running.add(object.metadata.name);
  };
  const stop = new AbortController();
  const { items, resourceVersion } = await client.list<Container>(containers, { namespace: "default" });
  items.forEach(look);
  if (running.size === count) return;
  const watch = { namespace: "default", resourceVersion, signal: stop.signal };
  for await (const event of client.watch<Container>(containers, watch)) {
    if (event.type !== "BOOKMARK") look(event.object);
    if (running.size === count) stop.abort();
  }
}

/**
 * Debian's docker-compose, one service without a network of its own, scaled; one project for each engine, at once. Not a
 * service for each container: of more services than its limit each holds a slot while its container waits for one, for ever.
 */
export function compose(hosts: readonly LabHost[], parallel: number): Contender {
  const on = async (host: LabHost, args: readonly string[], containers: number): Promise<void> => {
    const file = {
      version: "2.4",
      services: { c: { image, command: sleeper, network_mode: "bridge", scale: containers } },
    };
    // The service takes a slot itself.
    const limit = String(parallel + 1);
    const env = { ...process.env, DOCKER_HOST: host.engine.endpoint, COMPOSE_PARALLEL_LIMIT: limit };
    const input = JSON.stringify(file);
    const { code, stderr } = await capture("docker-compose", ["-f", "-", "-p", "bench", ...args], { env, input });
    if (code !== 0) throw new Error(stderr);
  };
  const engines = hosts.map(({ engine }) => engine.docker);
  return {
    name: `docker-compose up -d, COMPOSE_PARALLEL_LIMIT=${parallel}`,
    converge: async (count) => {
      const began = performance.now();
      await Promise.all(hosts.map((host, i) => on(host, ["up", "-d"], shareOf(count, hosts.length, i))));
      const took = performance.now() - began;
      const running = await runningOn(engines);
      if (running !== count) throw new Error(`docker-compose ended, and ${running} run where ${count} should`);
      return took;
    },
    clear: () => removeAll(engines),
  };
}

const shareOf = (count: number, parts: number, i: number): number =>
  Math.floor(count / parts) + (i < count % parts ? 1 : 0);

/** `docker service create --replicas N --no-resolve-image`, in a swarm that stands before the clock starts. */
export function swarm(hosts: readonly LabHost[]): Contender {
  const engines = hosts.map(({ engine }) => engine.docker);
  const [manager, ...workers] = hosts;
  return {
    name: "docker service create",
    converge: async (count) => {
      if (manager === undefined) throw new Error("A swarm needs a host");
      await formSwarm(manager, workers);
      await using lifecycles = await Lifecycles.of(engines);
      const began = performance.now();
      await manager.engine.docker.createService({
        Name: "bench",
        TaskTemplate: { ContainerSpec: { Image: image, Command: [...sleeper], StopGracePeriod: 0 } },
        Mode: { Replicated: { Replicas: count } },
      });
      await lifecycles.started(count);
      // A task that failed was started again by the swarm: more starts then than containers.
      await eventually("all tasks run", async () => (await runningOn(engines)) === count);
      return performance.now() - began;
    },
    clear: async () => {
      await manager?.engine.docker.getService("bench").remove();
      await nothingLeft(engines);
      for (const host of [...workers, ...(manager === undefined ? [] : [manager])]) {
        await eventually(`${host.name} has left the swarm`, async () => {
          const { Swarm } = (await host.engine.docker.info()) as { Swarm: { LocalNodeState: string } };
          if (Swarm.LocalNodeState === "inactive") return true;
          await host.engine.docker.swarmLeave({ force: true });
          return false;
        });
      }
    },
  };
}

async function formSwarm(manager: LabHost, workers: readonly LabHost[]): Promise<void> {
  const addresses = ({ address }: LabHost): { AdvertiseAddr: string; ListenAddr: string } => ({
    AdvertiseAddr: address,
    ListenAddr: `${address}:2377`,
  });
  const { docker } = manager.engine;
  await docker.swarmInit(addresses(manager));
  const { JoinTokens } = (await docker.swarmInspect()) as { JoinTokens: { Worker: string } };
  const join = { RemoteAddrs: [`${manager.address}:2377`], JoinToken: JoinTokens.Worker };
  for (const worker of workers) await worker.engine.docker.swarmJoin({ ...addresses(worker), ...join });
}

async function runningOn(engines: readonly Docker[]): Promise<number> {
  return (await Promise.all(engines.map((engine) => engine.listContainers()))).flat().length;
}

async function nothingLeft(engines: readonly Docker[]): Promise<void> {
  await eventually(
    "the containers are gone",
    async () => (await Promise.all(engines.map((engine) => engine.listContainers({ all: true })))).flat().length === 0,
    12_000,
  );
}

async function removeAll(engines: readonly Docker[]): Promise<void> {
  const queue = new PQueue({ concurrency: 8 });
  for (const engine of engines) {
    const all = await engine.listContainers({ all: true });
    await queue.addAll(
      all.map(
        ({ Id }) =>
          () =>
            engine.getContainer(Id).remove({ force: true }),
      ),
    );
  }
}
