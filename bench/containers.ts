/**
 * How long 100 Containers take from `stowage apply` to all running, beside a bare loop over the Docker API at its best
 * concurrency, on the same Engine in the same run. `npm run bench:containers -- [count] [rounds]`
 */
import PQueue from "p-queue";
import type { Container } from "../crds/container.ts";
import { containers } from "../crds/container.ts";
import { Dockerd } from "../test/lab/docker.ts";
import { importBusybox } from "../test/lab/images.ts";
import { StowageServer, eventually } from "../test/lab/stowage.ts";
import { sleepers } from "./manifest.ts";
import { median, printTable, seconds } from "./table.ts";

const [count = 100, rounds = 3] = process.argv.slice(2).map(Number);
const command = ["sleep", "100000"];

await using engine = await Dockerd.start();
const image = "busybox:lab";
await importBusybox(engine.docker, image);
const { docker } = engine;

async function removeAll(): Promise<void> {
  const queue = new PQueue({ concurrency: 8 });
  const all = await docker.listContainers({ all: true });
  await queue.addAll(
    all.map(
      ({ Id }) =>
        () =>
          docker.getContainer(Id).remove({ force: true }),
    ),
  );
}

async function bareLoop(concurrency: number): Promise<number> {
  const queue = new PQueue({ concurrency });
  const began = performance.now();
  await queue.addAll(
    Array.from({ length: count }, (_, i) => async () => {
      const container = await docker.createContainer({ name: `bare-${i}`, Image: image, Entrypoint: command, Cmd: [] });
      await container.start();
    }),
  );
  const took = performance.now() - began;
  await removeAll();
  return took;
}

const manifest = sleepers(image, count);

await using server = await StowageServer.start({ docker: engine.endpoint });
await using client = await server.client();

async function ours(): Promise<number> {
  const began = performance.now();
  const applied = await server.cli(["apply", "-f", "-"], manifest);
  if (applied.code !== 0) throw new Error(applied.stderr);
  const running = new Set<string>();
  const stop = new AbortController();
  const { items, resourceVersion } = await client.list<Container>(containers, { namespace: "default" });
  const look = (object: Container): void => {
    if (object.status?.phase === "Running") running.add(object.metadata.name);
  };
  items.forEach(look);
  if (running.size < count) {
    for await (const event of client.watch<Container>(containers, {
      namespace: "default",
      resourceVersion,
      signal: stop.signal,
    })) {
      if (event.type !== "BOOKMARK") look(event.object);
      if (running.size === count) stop.abort();
    }
  }
  const took = performance.now() - began;
  await server.kubectl(["delete", "containers", "--all", "--wait=false"]);
  await eventually("the containers are gone", async () => (await docker.listContainers({ all: true })).length === 0);
  return took;
}

const trial = new Map<number, number>();
for (const concurrency of [2, 4, 8, 16, 32]) trial.set(concurrency, await bareLoop(concurrency));
const [best] = [...trial].sort(([, a], [, b]) => a - b)[0] ?? [8];

const bareTimes: number[] = [];
const ourTimes: number[] = [];
for (let round = 0; round < rounds; round++) {
  bareTimes.push(await bareLoop(best));
  ourTimes.push(await ours());
}

printTable(`${count} containers, from asked to all running; median of ${rounds} alternating rounds`, [
  ["what", "median", "all rounds", "ratio"],
  ...[...trial].map(([concurrency, took]) => [`bare loop, concurrency ${concurrency} (trial)`, seconds(took), "", ""]),
  [`bare loop, concurrency ${best}`, seconds(median(bareTimes)), bareTimes.map(seconds).join(" "), "1.00"],
  [
    "stowage apply",
    seconds(median(ourTimes)),
    ourTimes.map(seconds).join(" "),
    (median(ourTimes) / median(bareTimes)).toFixed(2),
  ],
]);
