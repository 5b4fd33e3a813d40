/**
 * How soon a managed container that somebody kills, stops, pauses or removes is put right: from the moment that the
 * Engine has done what it was told until it runs again. `npm run bench:repair -- [rounds]`
 */
import type Docker from "dockerode";
import { labels } from "../drivers/labels.ts";
import { Dockerd } from "../test/lab/docker.ts";
import { importBusybox } from "../test/lab/images.ts";
import { StowageServer } from "../test/lab/stowage.ts";
import { image, sleepers } from "./manifest.ts";
import { median, printTable, seconds } from "./table.ts";

const [rounds = 10] = process.argv.slice(2).map(Number);
await using engine = await Dockerd.start();
await importBusybox(engine.docker, image);
const { docker } = engine;
await using server = await StowageServer.start({ docker: engine.endpoint });
const applied = await server.cli(["apply", "--wait", "-f", "-"], sleepers(1));
if (applied.code !== 0) throw new Error(applied.stderr);

const current = async (): Promise<Docker.ContainerInfo | undefined> =>
  (await docker.listContainers({ all: true, filters: { label: [`${labels.name}=c0`] } }))[0];

const spoils: Readonly<Record<string, (container: Docker.Container) => Promise<unknown>>> = {
  "docker kill": (container) => container.kill(),
  "docker rm -f": (container) => container.remove({ force: true }),
  "docker stop": (container) => container.stop({ t: 0 }),
  "docker pause": (container) => container.pause(),
};

const rows: string[][] = [["what", "median", "worst", "target"]];
for (const [what, spoil] of Object.entries(spoils)) {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await spoil(docker.getContainer((await current())?.Id ?? ""));
    const began = performance.now();
    while ((await current())?.State !== "running") await new Promise((resolve) => setTimeout(resolve, 5));
    times.push(performance.now() - began);
  }
  rows.push([what, seconds(median(times)), seconds(Math.max(...times)), "2.00 s"]);
}
printTable(`from harm to running again, ${rounds} rounds each`, rows);
