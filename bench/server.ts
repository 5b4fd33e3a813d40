/**
 * What the server itself costs: time to its `ready` line (first start and restart), and processor and memory at rest
 * with 100 Containers running. `npm run bench:server -- [containers] [seconds at rest]`
 */
import type { Container } from "../crds/container.ts";
import { containers } from "../crds/container.ts";
import { Dockerd } from "../test/lab/docker.ts";
import { importBusybox } from "../test/lab/images.ts";
import { StowageServer, eventually } from "../test/lab/stowage.ts";
import { image, sleepers } from "./manifest.ts";
import { cpuSeconds, residentMegabytes } from "./process.ts";
import { median, printTable, seconds } from "./table.ts";

const [count = 100, restSeconds = 60] = process.argv.slice(2).map(Number);

const first: number[] = [];
const again: number[] = [];
for (let round = 0; round < 5; round++) {
  const began = performance.now();
  await using server = await StowageServer.start();
  first.push(performance.now() - began);
  await server.stop();
  again.push(await server.start());
}

await using engine = await Dockerd.start();
await importBusybox(engine.docker, image);
await using server = await StowageServer.start({ docker: engine.endpoint });
await using client = await server.client();
const applied = await server.cli(["apply", "-f", "-"], sleepers(count));
if (applied.code !== 0) throw new Error(applied.stderr);
await eventually("all run", async () => {
  const { items } = await client.list<Container>(containers, { namespace: "default" });
  return items.filter((item) => item.status?.phase === "Running").length === count;
});

// What starting them set in motion, Events and the like, ends first.
await new Promise((resolve) => setTimeout(resolve, 10_000));
const before = await cpuSeconds(server.pid);
await new Promise((resolve) => setTimeout(resolve, restSeconds * 1000));
const used = (await cpuSeconds(server.pid)) - before;

printTable("stowage server", [
  ["what", "figure", "target"],
  ["start to ready, new data folder (median of 5)", seconds(median(first)), "1.50 s"],
  ["start to ready, restart (median of 5)", seconds(median(again)), "1.50 s"],
  [
    `processor at rest, ${count} Containers, ${restSeconds} s`,
    `${((used / restSeconds) * 100).toFixed(2)} %`,
    "2 % of a core",
  ],
  [`resident memory at rest, ${count} Containers`, `${(await residentMegabytes(server.pid)).toFixed(0)} MB`, "200 MB"],
]);
