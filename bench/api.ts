/**
 * The API of `stowage server`, on etcd and on the embedded store, beside a real kube-apiserver on an etcd of the same
 * kind: the same requests by the same client, in alternating rounds. `npm run bench:api -- --help`
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureCertificates } from "../api/auth/certificates.ts";
import { Etcd } from "../test/lab/etcd.ts";
import { KubeApiServer, kubeApiServerMissing } from "../test/lab/kubernetes/kube-apiserver.ts";
import { eventually, StowageServer } from "../test/lab/stowage.ts";
import type { Load, LoadRequest, Target } from "./load-client.ts";
import { LoadClient, LoadWatch } from "./load-client.ts";
import { cpuSeconds, residentMegabytes } from "./process.ts";
import { median, percentile, printTable } from "./table.ts";
import { widget, widgetDefinition, widgetPath } from "./widget.ts";

const usage = `Usage: npm run bench:api -- [options]

  --kube-apiserver <path>  default: the one that test/lab/kubernetes/build made
  --only <names>           of the servers: etcd, sqlite, kube, with commas between them (default: all)
  --phases <names>         which are measured, with commas between them (default: all); objects are always created
  --rounds <n>             default: 3
  --objects <n>            default: 3000
  --connections <n>        default: 32
  --watchers <n>           default: 10
`;
const { values: options } = parseArgs({
  options: {
    "kube-apiserver": { type: "string" },
    only: { type: "string", default: "kube,etcd,sqlite" },
    phases: { type: "string" },
    rounds: { type: "string", default: "3" },
    objects: { type: "string", default: "3000" },
    connections: { type: "string", default: "32" },
    watchers: { type: "string", default: "10" },
    help: { type: "boolean", short: "h" },
  },
});
if (options.help === true) {
  process.stdout.write(usage);
  process.exit(0);
}
const [rounds, objects, connections, watchers] = [
  options.rounds,
  options.objects,
  options.connections,
  options.watchers,
].map(Number) as [number, number, number, number];
const pageSize = 500;
const labels = { kube: "kube-apiserver on etcd", etcd: "stowage on etcd", sqlite: "stowage, embedded" } as const;
type Which = keyof typeof labels;

interface Server extends Target {
  readonly which: Which;
  readonly pid: number;
  readonly readyMs: number;
  readonly client: LoadClient;
}

interface Phase {
  readonly name: string;
  readonly count: number;
  readonly request: (index: number, round: number) => LoadRequest;
}

const mergePatch = "application/merge-patch+json";
const nameOf = (round: number, index: number): string => `w${round}-${index}`;
const objectAt = (round: number, index: number): string => `${widgetPath}/${nameOf(round, index)}`;
/** Of the pages after the first, as the round's first walk through the list gave them. */
let tokens: readonly string[] = [];

const phases: readonly Phase[] = [
  {
    name: "create",
    count: objects,
    request: (index, round) => ({
      method: "POST",
      path: widgetPath,
      body: JSON.stringify(widget(nameOf(round, index), index)),
    }),
  },
  { name: "get", count: objects, request: (index, round) => ({ method: "GET", path: objectAt(round, index) }) },
  {
    name: "merge patch",
    count: objects,
    request: (index, round) => ({
      method: "PATCH",
      path: objectAt(round, index),
      body: JSON.stringify({ spec: { size: index + 1 } }),
      contentType: mergePatch,
    }),
  },
  {
    name: "status patch",
    count: objects,
    request: (index, round) => ({
      method: "PATCH",
      path: `${objectAt(round, index)}/status`,
      body: JSON.stringify({ status: { phase: "Ready", observedGeneration: 2 } }),
      contentType: mergePatch,
    }),
  },
  {
    name: "apply",
    count: objects,
    request: (index, round) => ({
      method: "PATCH",
      path: `${objectAt(round, index)}?fieldManager=bench&force=true`,
      body: JSON.stringify(widget(nameOf(round, index), index + 2)),
      contentType: "application/apply-patch+yaml",
    }),
  },
  { name: `list ${objects}`, count: connections, request: () => ({ method: "GET", path: widgetPath }) },
  {
    name: `list page of ${pageSize}`,
    count: 6 * connections,
    request: (index) => {
      const token = tokens[index % (tokens.length + 1)];
      const rest = token === undefined ? "" : `&continue=${token}`;
      return { method: "GET", path: `${widgetPath}?limit=${pageSize}${rest}` };
    },
  },
  { name: "delete", count: objects, request: (index, round) => ({ method: "DELETE", path: objectAt(round, index) }) },
];
const measured = options.phases?.split(",");
const wanted = ({ name }: Phase): boolean =>
  measured === undefined || measured.some((one) => name.startsWith(one)) || name === "create" || name === "delete";

await using stack = new AsyncDisposableStack();

async function stowage(which: "etcd" | "sqlite"): Promise<Server> {
  const args: string[] = [];
  if (which === "etcd") {
    const etcd = stack.use(await Etcd.start());
    args.push("--store", "etcd", "--etcd-endpoints", etcd.endpoint);
  }
  const began = performance.now();
  const server = stack.use(await StowageServer.start({ args }));
  const readyMs = performance.now() - began;
  return serverOf(which, server.url, server.pid, readyMs, join(server.dataDir, "pki"));
}

async function kube(program: string | undefined): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-bench-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await ensureCertificates(folder, "127.0.0.1", new Date());
  const pki = join(folder, "pki");
  const server = stack.use(
    await KubeApiServer.start({
      ...(program === undefined ? {} : { program }),
      args: ["--client-ca-file", join(pki, "ca.crt")],
    }),
  );
  return serverOf("kube", server.url, server.pid, server.readyMs, pki);
}

async function serverOf(which: Which, url: string, pid: number, readyMs: number, pki: string): Promise<Server> {
  const [cert = "", key = ""] = await Promise.all(
    ["admin.crt", "admin.key"].map((name) => readFile(join(pki, name), "utf8")),
  );
  const target = { url, cert, key };
  const client = stack.use(await LoadClient.open(target, connections));
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await client.send({ method: "POST", path, body: JSON.stringify(widgetDefinition) });
  await eventually("widgets are served", async () => {
    const definition = await client.send({ method: "GET", path: `${path}/${widgetDefinition.metadata.name}` });
    return definition.includes('"Established"') && (await client.send({ method: "GET", path: widgetPath })) !== "";
  });
  // kube-apiserver ends the watches of a kind whose definition changed, and its conditions go on changing for a while.
  await new Promise((resolve) => setTimeout(resolve, 6000));
  return { ...target, which, pid, readyMs, client };
}

/** Milliseconds from sending each of 200 changes to each watcher's having its line, one change at a time. */
async function watchLatencies({ client }: Server, watches: readonly LoadWatch[], round: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let change = 0; change < 200; change++) {
    const marker = `"mark":"m${change}"`;
    const seen = watches.map(
      (watch) =>
        new Promise<void>((resolve) => {
          watch.onLine = (line) => {
            if (!line.includes(marker)) return;
            latencies.push(performance.now() - sent);
            resolve();
          };
        }),
    );
    const body = `{"metadata":{"annotations":{${marker}}}}`;
    const sent = performance.now();
    await client.send({ method: "PATCH", path: objectAt(round, 0), body, contentType: mergePatch });
    await Promise.all(seen);
  }
  for (const watch of watches) watch.onLine = undefined;
  return latencies;
}

async function walkPages({ client }: Server): Promise<readonly string[]> {
  const found: string[] = [];
  for (let token: string | undefined = ""; token !== undefined;) {
    const body: string = await client.send({
      method: "GET",
      path: `${widgetPath}?limit=${pageSize}${token === "" ? "" : `&continue=${token}`}`,
    });
    [, token] = /"continue":"([^"]+)"/.exec(body) ?? [];
    if (token !== undefined) found.push(token);
  }
  return found;
}

interface Results {
  readonly loads: Map<string, Load[]>;
  /** Seconds of CPU that the server took for each phase, all rounds together. */
  readonly cpu: Map<string, number>;
  readonly latencies: number[];
  /** Resident memory after each phase, but for those that list. */
  readonly megabytes: number[];
  /** And after those: many large answers at a time. */
  readonly listMegabytes: number[];
  /** How many watches the server let go of. */
  endedWatches: number;
}

async function round(server: Server, number: number, results: Results): Promise<void> {
  using stack = new DisposableStack();
  const watch = async (): Promise<LoadWatch> =>
    stack.use(await LoadWatch.open(server, `${widgetPath}?watch=true&timeoutSeconds=3600`));
  let watches = await Promise.all(Array.from({ length: watchers }, watch));
  for (const phase of phases.filter(wanted)) {
    // Either server lets go of watches that it cannot tell everything in time; clients begin them again.
    results.endedWatches += watches.filter(({ ended }) => ended).length;
    watches = await Promise.all(watches.map(async (one) => (one.ended ? watch() : one)));
    if (phase.name.startsWith("list page")) tokens = await walkPages(server);
    const before = await cpuSeconds(server.pid);
    const load = await server.client.run(phase.count, (index) => phase.request(index, number));
    results.loads.set(phase.name, [...(results.loads.get(phase.name) ?? []), load]);
    const used = (await cpuSeconds(server.pid)) - before;
    results.cpu.set(phase.name, used + (results.cpu.get(phase.name) ?? 0));
    const megabytes = await residentMegabytes(server.pid);
    if (phase.name.startsWith("list")) results.listMegabytes.push(megabytes);
    // What a runtime once took it keeps for a while: only before the first lists it is the writes' own.
    else if (results.listMegabytes.length === 0) results.megabytes.push(megabytes);
    if (phase.name === "get") results.latencies.push(...(await watchLatencies(server, watches, number)));
  }
}

const rate = ({ ms, latencies }: Load): number => (latencies.length * 1000) / ms;
const medianRate = (loads: readonly Load[] = []): number => median(loads.map(rate));
const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

function report(servers: readonly Server[], results: ReadonlyMap<Which, Results>): void {
  const base = results.get("kube");
  const of = (which: Which): Results =>
    results.get(which) ?? {
      loads: new Map(),
      cpu: new Map(),
      latencies: [],
      megabytes: [],
      listMegabytes: [],
      endedWatches: 0,
    };
  const ratio = (value: number, other: number | undefined): string =>
    other === undefined || Number.isNaN(other) ? "" : (value / other).toFixed(2);
  const rows = phases.filter(wanted).flatMap(({ name }) =>
    servers.map(({ which }) => {
      const loads = of(which).loads.get(name) ?? [];
      const all = loads.flatMap(({ latencies }) => latencies);
      const value = medianRate(loads);
      return [
        ...[name, labels[which], figure(value), ratio(value, base && medianRate(base.loads.get(name)))],
        ...[percentile(all, 50), percentile(all, 99)].map(figure),
        figure(((of(which).cpu.get(name) ?? 0) / all.length) * 1000),
      ];
    }),
  );
  printTable(
    `${objects} custom resources, ${connections} connections, ${watchers} watchers; medians of ${rounds} alternating rounds`,
    [["what", "server", "per second", "ratio", "p50 ms", "p99 ms", "CPU ms each"], ...rows],
  );
  printTable("the servers", [
    [
      "server",
      "ready after ms",
      "memory MB",
      "ratio",
      "after lists MB",
      "ratio",
      "watch latency p50 ms",
      "p99 ms",
      "watches cut off",
    ],
    ...servers.map(({ which, readyMs }) => {
      const { megabytes, listMegabytes, latencies, endedWatches } = of(which);
      const most = (values: readonly number[]): number => Math.max(...values);
      return [
        ...[labels[which], figure(readyMs)],
        ...[figure(most(megabytes)), ratio(most(megabytes), base && most(base.megabytes))],
        ...[figure(most(listMegabytes)), ratio(most(listMegabytes), base && most(base.listMegabytes))],
        ...[percentile(latencies, 50), percentile(latencies, 99)].map(figure),
        String(endedWatches),
      ];
    }),
  ]);
}

const only = options.only.split(",");
const program = options["kube-apiserver"];
const servers: Server[] = [];
if (only.includes("kube")) {
  if (program === undefined && kubeApiServerMissing !== undefined) throw new Error(kubeApiServerMissing);
  servers.push(await kube(program));
}
for (const which of ["etcd", "sqlite"] as const) if (only.includes(which)) servers.push(await stowage(which));

const results = new Map<Which, Results>(
  servers.map(({ which }) => [
    which,
    { loads: new Map(), cpu: new Map(), latencies: [], megabytes: [], listMegabytes: [], endedWatches: 0 },
  ]),
);
for (let number = 0; number < rounds; number++) {
  for (const server of servers) await round(server, number, results.get(server.which) as Results);
}
report(servers, results);
