/**
 * 50,000 custom resources: start to ready, lists in pages of 500, and 1,000 watchers who each have to be told every
 * change once and in order. `npm run bench:scale -- --help`
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Etcd } from "../test/lab/etcd.ts";
import { eventually, StowageServer } from "../test/lab/stowage.ts";
import type { Target } from "./load-client.ts";
import { LoadClient, LoadWatch } from "./load-client.ts";
import { residentMegabytes } from "./process.ts";
import { median, percentile, printTable, seconds } from "./table.ts";
import { widget, widgetDefinition, widgetPath } from "./widget.ts";

const usage = `Usage: npm run bench:scale -- [options]

  --stores <names>   sqlite, etcd, with a comma between them (default: both)
  --objects <n>      default: 50000
  --watchers <n>     default: 1000
  --changes <n>      default: 200
`;
const { values: options } = parseArgs({
  options: {
    stores: { type: "string", default: "sqlite,etcd" },
    objects: { type: "string", default: "50000" },
    watchers: { type: "string", default: "1000" },
    changes: { type: "string", default: "200" },
    help: { type: "boolean", short: "h" },
  },
});
if (options.help === true) {
  process.stdout.write(usage);
  process.exit(0);
}
const [objects, watchers, changes] = [options.objects, options.watchers, options.changes].map(Number) as [
  number,
  number,
  number,
];
const pageSize = 500;
/** How many changes are under way at a time. */
const writers = 4;

async function targetOf(server: StowageServer): Promise<Target> {
  const read = (name: string): Promise<string> => readFile(join(server.dataDir, "pki", name), "utf8");
  return { url: server.url, cert: await read("admin.crt"), key: await read("admin.key") };
}

async function fill(target: Target): Promise<void> {
  using client = await LoadClient.open(target, 32);
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await client.send({ method: "POST", path, body: JSON.stringify(widgetDefinition) });
  await eventually("widgets are served", async () => (await client.send({ method: "GET", path: widgetPath })) !== "");
  await client.run(objects, (index) => ({
    method: "POST",
    path: widgetPath,
    body: JSON.stringify(widget(`w-${index}`, index)),
  }));
}

/** The first token of a list, or what else stands in its metadata. */
const fieldOf = (body: string, name: string): string | undefined => new RegExp(`"${name}":"([^"]+)"`).exec(body)?.[1];

/** Milliseconds of each page. Throws when they do not show every object once. */
async function readPages(client: LoadClient): Promise<number[]> {
  const times: number[] = [];
  const names = new Set<string>();
  for (let token: string | undefined = ""; token !== undefined;) {
    const began = performance.now();
    const query = `limit=${pageSize}${token === "" ? "" : `&continue=${token}`}`;
    const body = await client.send({ method: "GET", path: `${widgetPath}?${query}` });
    times.push(performance.now() - began);
    const { items } = JSON.parse(body) as { items: { metadata: { name: string } }[] };
    for (const { metadata } of items) names.add(metadata.name);
    token = fieldOf(body.slice(0, 1000), "continue");
  }
  if (names.size !== objects) throw new Error(`the pages showed ${names.size} objects of ${objects}`);
  return times;
}

const revisionStart = Buffer.from('"resourceVersion":"');
const quote = '"'.charCodeAt(0);

function revisionOf(line: Buffer): number {
  const start = line.indexOf(revisionStart) + revisionStart.length;
  return Number(line.toString("latin1", start, line.indexOf(quote, start)));
}

/** Milliseconds from each change's sending to each watcher's having it. Throws unless each had all, in one order. */
async function watchChanges(target: Target, client: LoadClient): Promise<number[]> {
  const since = fieldOf(await client.send({ method: "GET", path: `${widgetPath}?limit=1` }), "resourceVersion");
  using stack = new DisposableStack();
  const path = `${widgetPath}?watch=true&timeoutSeconds=3600&resourceVersion=${since ?? ""}`;
  const told: { readonly revision: number; readonly at: number }[][] = [];
  for (let opened = 0; opened < watchers; opened += 50) {
    const some = await Promise.all(
      Array.from({ length: Math.min(50, watchers - opened) }, () => LoadWatch.open(target, path)),
    );
    for (const watch of some) {
      const lines: { readonly revision: number; readonly at: number }[] = [];
      told.push(lines);
      stack.use(watch).onLine = (line) => lines.push({ revision: revisionOf(line), at: performance.now() });
    }
  }
  const sentAt = new Map<number, number>();
  using writing = await LoadClient.open(target, writers);
  await writing.run(changes, (index) => {
    const began = performance.now();
    return {
      method: "PATCH",
      path: `${widgetPath}/w-${index}`,
      body: JSON.stringify({ spec: { size: objects + index } }),
      contentType: "application/merge-patch+json",
      onAnswer: (body) => sentAt.set(Number(fieldOf(body, "resourceVersion")), began),
    };
  });
  await eventually("every watcher was told", async () => told.every((lines) => lines.length >= changes));
  const order = [...sentAt.keys()].sort((a, b) => a - b);
  for (const lines of told)
    if (lines.length !== order.length || lines.some(({ revision }, i) => revision !== order[i]))
      throw new Error(`a watcher was told ${lines.map(({ revision }) => revision).join(" ")}, not ${order.join(" ")}`);
  return told.flatMap((lines) => lines.map(({ revision, at }) => at - (sentAt.get(revision) ?? Number.NaN)));
}

async function measure(store: string): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const args: string[] = [];
  if (store === "etcd") args.push("--store", "etcd", "--etcd-endpoints", stack.use(await Etcd.start()).endpoint);
  const server = stack.use(await StowageServer.start({ args }));
  await fill(await targetOf(server));
  await server.stop();
  const began = performance.now();
  const ready = await server.start();
  const target = await targetOf(server);
  using client = await LoadClient.open(target, 1);
  await client.send({ method: "GET", path: `${widgetPath}?limit=1` });
  const listed = performance.now() - began;
  const pages = await readPages(client);
  const megabytes = await residentMegabytes(server.pid);
  const latencies = await watchChanges(target, client);
  return [
    store,
    ...[ready, listed].map(seconds),
    ...[median(pages), percentile(pages, 99)].map((ms) => `${ms.toFixed(1)} ms`),
    ...[percentile(latencies, 50), percentile(latencies, 99), percentile(latencies, 100)].map(
      (ms) => `${ms.toFixed(0)} ms`,
    ),
    `${megabytes.toFixed(0)} MB`,
    `${(await residentMegabytes(server.pid)).toFixed(0)} MB`,
  ];
}

const rows: (readonly string[])[] = [
  [
    ...["store", "ready", "first object shown", "page, median", "p99"],
    ...[`change to ${watchers} watchers, median`, "p99", "most", "memory", "with watchers"],
  ],
];
for (const store of options.stores.split(",")) rows.push(await measure(store));
printTable(
  `${objects} custom resources, pages of ${pageSize}, ${changes} changes told to each of ${watchers} watchers once and in order`,
  rows,
);
