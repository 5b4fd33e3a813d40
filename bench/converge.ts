/**
 * How long it takes until many containers run, on one host and on three: `stowage apply` beside docker-compose, Swarm and
 * a bare loop over the Docker API at its best concurrency, in alternating rounds on the same engines. Then drift: how
 * long a container that somebody killed stays down. `npm run bench:converge -- --help`
 */
import { parseArgs } from "node:util";
import type Docker from "dockerode";
import { labels } from "../drivers/labels.ts";
import type { LabHost } from "../test/lab/hosts.ts";
import { LabHosts } from "../test/lab/hosts.ts";
import { importBusybox } from "../test/lab/images.ts";
import { StowageServer } from "../test/lab/stowage.ts";
import { randomFrom } from "../test/chaos/random.ts";
import { bareLoop, bestLoop, compose, race, stowage, swarm } from "./contenders.ts";
import { Lifecycles } from "./lifecycles.ts";
import { image, sleeper } from "./manifest.ts";
import { median, percentile, printTable, seconds } from "./table.ts";

const { values: options } = parseArgs({
  options: {
    one: { type: "string", default: "200" },
    three: { type: "string", default: "300" },
    rounds: { type: "string", default: "3" },
    kills: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  process.stdout.write(`npm run bench:converge -- [--one 200] [--three 300] [--rounds 3] [--kills 40] [--seed 1]

  --one N      containers on one host; 0 leaves it out, and drift with it
  --three N    containers over three hosts; 0 leaves it out
  --rounds N   alternating rounds of all contenders
  --kills N    containers killed, one after another, to see how soon they run again
  --seed N     which ones
`);
  process.exit();
}
const [one, three, rounds, kills, seed] = [options.one, options.three, options.rounds, options.kills, options.seed].map(
  Number,
) as [number, number, number, number, number];

// Without live-restore, which a swarm refuses.
await using hosts = await LabHosts.start(3);
await Promise.all(hosts.all.map(({ engine }) => importBusybox(engine.docker, image)));

if (one > 0) await compare(hosts.all.slice(0, 1), one);
if (three > 0) await compare(hosts.all, three);

async function compare(some: readonly LabHost[], count: number): Promise<void> {
  const engines = some.map(({ engine }) => engine.docker);
  await using server = await StowageServer.start();
  await using client = await server.client();
  const joined = await server.cli(["apply", "--wait", "-f", "-"], some.map(({ manifest }) => manifest).join("\n---\n"));
  if (joined.code !== 0) throw new Error(joined.stderr);

  const { best, trial } = await bestLoop(engines, Math.ceil(count / 4), [4, 8, 16, 32]);
  const ours = stowage(server, client, engines);
  const rows = await race([bareLoop(engines, best), ours, compose(some, best), swarm(some)], count, rounds);
  const where = some.length === 1 ? "one host" : `${some.length} hosts`;
  printTable(`${count} containers on ${where}, from asked to all running; median of ${rounds} alternating rounds`, [
    ...rows,
    ...trial,
  ]);
  const [only] = engines;
  if (only === undefined || engines.length > 1) return;
  await ours.converge(count);
  await drift(only, count);
  await ours.clear();
}

/** Kills Containers of ours, and in turn a container that nobody looks after, which is started at once. */
async function drift(engine: Docker, count: number): Promise<void> {
  const random = randomFrom(seed);
  const plain = await engine.createContainer({ Image: image, Entrypoint: [...sleeper], Cmd: [] });
  await plain.start();
  await using lifecycles = await Lifecycles.of([engine]);
  const ours: number[] = [];
  const started: number[] = [];
  for (let i = 0; i < kills; i++) {
    const name = `c${Math.floor(random.next() * count)}`;
    const [victim] = await engine.listContainers({ filters: { label: [`${labels.name}=${name}`] } });
    await engine.getContainer(victim?.Id ?? "").kill();
    const killed = performance.now();
    await lifecycles.startedAgain(labels.name, name);
    ours.push(performance.now() - killed);

    await plain.kill();
    const asked = performance.now();
    await plain.start();
    started.push(performance.now() - asked);
  }
  await plain.remove({ force: true });
  const row = (what: string, times: readonly number[]): string[] => [
    what,
    seconds(median(times)),
    seconds(percentile(times, 95)),
    seconds(Math.max(...times)),
  ];
  printTable(`drift: docker kill of ${kills} random containers of ${count}, from killed to running again`, [
    ["what", "median", "95 %", "worst"],
    row("stowage", ours),
    row("docker start, asked for at once", started),
    ["difference of the medians (target 0.30 s)", seconds(median(ours) - median(started)), "", ""],
  ]);
}
