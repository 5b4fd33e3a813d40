/**
 * How long it takes until a folder of 60 objects is in an OpenStack: `stowage apply` beside a bare concurrent loop of the
 * same API calls at its best concurrency and, with --heat, beside a Heat stack, in alternating rounds on the same
 * services. `npm run bench:openstack -- --help`
 */
import { parseArgs } from "node:util";
import { labServices, OpenStackLab, openstackMissing } from "../test/lab/openstack.ts";
import { StowageServer } from "../test/lab/stowage.ts";
import { folder } from "../test/openstack/folder.ts";
import type { Contender } from "./contenders.ts";
import { race } from "./contenders.ts";
import { bareCalls, heatStack, stowageFolder } from "./openstack-contenders.ts";
import { PlainOpenStack } from "./plain-openstack.ts";
import { printTable, seconds } from "./table.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    concurrency: { type: "string", default: "2,4,8,16" },
    heat: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  process.stdout.write(`npm run bench:openstack -- [--rounds 3] [--concurrency 2,4,8,16] [--heat]

  --rounds N          alternating rounds of all contenders
  --concurrency N,N   of the bare loop; the best of several is found by trial, which takes minutes for each
  --heat              Heat, too
`);
  process.exit();
}
const missing = openstackMissing();
if (missing !== undefined) throw new Error(missing);

const user = "alpha";
await using lab = await OpenStackLab.start({ services: options.heat ? [...labServices, "heat"] : labServices });
await using server = await StowageServer.start();
await using client = await server.client();
const applied = await server.cli(
  ["apply", "-f", "-"],
  JSON.stringify({
    ...{ apiVersion: "v1", kind: "Secret", metadata: { namespace: "default", name: "cloud" } },
    stringData: { "clouds.yaml": lab.cloudsYaml(user) },
  }),
);
if (applied.code !== 0) throw new Error(applied.stderr);

const objects = folder("default", "cloud", user);
const loopOf = async (concurrency: number): Promise<Contender> =>
  bareCalls(await PlainOpenStack.signIn(lab.auth(user), concurrency), concurrency);

const trial: { readonly loop: Contender; readonly took: number }[] = [];
const concurrencies = options.concurrency.split(",").map(Number);
for (const concurrency of concurrencies.length > 1 ? concurrencies : []) {
  const loop = await loopOf(concurrency);
  trial.push({ loop, took: await loop.converge(1) });
  await loop.clear();
}
const [best] = trial.toSorted((a, b) => a.took - b.took);

const contenders = [best?.loop ?? (await loopOf(concurrencies[0] ?? 8)), stowageFolder(server, client, objects)];
if (options.heat) contenders.push(heatStack(await PlainOpenStack.signIn(lab.auth(user), 1)));
const rows = await race(contenders, 1, Number(options.rounds));
printTable(
  `${objects.length} objects in OpenStack, from asked to all Available (target: ratio 1.20, and before Heat)`,
  [...rows, ...trial.map(({ loop, took }) => [`${loop.name} (trial)`, seconds(took), "", ""])],
);
