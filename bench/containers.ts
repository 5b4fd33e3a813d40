/**
 * How long 100 Containers take from `stowage apply` to all running, beside a bare loop over the Docker API at its best
 * concurrency, on the same Engine in the same run. `npm run bench:containers -- [count] [rounds]`
 */
import { Dockerd } from "../test/lab/docker.ts";
import { importBusybox } from "../test/lab/images.ts";
import { StowageServer } from "../test/lab/stowage.ts";
import { bareLoop, bestLoop, race, stowage } from "./contenders.ts";
import { image } from "./manifest.ts";
import { printTable } from "./table.ts";

const [count = 100, rounds = 3] = process.argv.slice(2).map(Number);

await using engine = await Dockerd.start();
await importBusybox(engine.docker, image);
const engines = [engine.docker];
await using server = await StowageServer.start({ docker: engine.endpoint });
await using client = await server.client();

const { best, trial } = await bestLoop(engines, count, [2, 4, 8, 16, 32]);
const rows = await race([bareLoop(engines, best), stowage(server, client, engines)], count, rounds);
printTable(`${count} containers, from asked to all running; median of ${rounds} alternating rounds`, [
  ...rows,
  ...trial,
]);
