/**
 * 10,000 Containers over 100 simulated hosts, each a real HTTP server that speaks the Engine API with the latencies of
 * a real one: how long until all run, what that costs per Container for few and for many, and what the server uses at
 * rest. `npm run bench:containers-scale -- --help`
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { eventually, StowageServer } from "../test/lab/stowage.ts";
import type { Target } from "./load-client.ts";
import { LoadClient, LoadWatch } from "./load-client.ts";
import { sleeperManifest } from "./manifest.ts";
import { cpuSeconds, residentMegabytes } from "./process.ts";
import { printTable, seconds } from "./table.ts";

const usage = `Usage: npm run bench:containers-scale -- [options]

  --counts <list>   how many Containers, with commas; each on a new server (default: 1000,2000,5000,10000)
  --hosts <n>       how many hosts (default: 100)
  --rest <s>        seconds at rest that are measured, after the last of the counts (default: 60)
  --profile <dir>   writes a CPU profile of the server there
`;
const { values: options } = parseArgs({
  options: {
    counts: { type: "string", default: "1000,2000,5000,10000" },
    hosts: { type: "string", default: "100" },
    rest: { type: "string", default: "60" },
    profile: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
if (options.help === true) {
  process.stdout.write(usage);
  process.exit(0);
}
const counts = options.counts.split(",").map(Number);
const hosts = Number(options.hosts);
const restSeconds = Number(options.rest);

/** How many requests to create are under way at a time. */
const creators = 32;
/** What starting them set in motion, Events and the like, ends first. */
const settleMs = 10_000;
const base = "/apis/stowage.dev/v1alpha1";
const containersPath = `${base}/namespaces/default/containers`;

class SimulatedHosts implements Disposable {
  readonly endpoints: readonly string[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, endpoints: readonly string[]) {
    this.#child = child;
    this.endpoints = endpoints;
  }

  static async start(): Promise<SimulatedHosts> {
    const child = fork(join(import.meta.dirname, "simulated-hosts.ts"), [String(hosts)]);
    const [{ endpoints }] = (await once(child, "message")) as [{ endpoints: readonly string[] }];
    return new SimulatedHosts(child, endpoints);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What they were asked and do not know: the figures say nothing then. */
  async unknown(): Promise<readonly string[]> {
    this.#child.send("unknown");
    const [answer] = (await once(this.#child, "message")) as [{ unknown: readonly string[] }];
    return answer.unknown;
  }

  [Symbol.dispose](): void {
    this.#child.disconnect();
  }
}

async function targetOf(server: StowageServer): Promise<Target> {
  const read = (name: string): Promise<string> => readFile(join(server.dataDir, "pki", name), "utf8");
  return { url: server.url, cert: await read("admin.crt"), key: await read("admin.key") };
}

async function registerHosts(client: LoadClient, endpoints: readonly string[]): Promise<void> {
  await client.run(endpoints.length, (index) => ({
    method: "POST",
    path: `${base}/hosts`,
    body: JSON.stringify({
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Host",
      metadata: { name: `h${index}` },
      spec: { docker: { endpoint: endpoints[index] } },
    }),
  }));
  await eventually("all hosts are ready", async () => {
    const { items } = JSON.parse(await client.send({ method: "GET", path: `${base}/hosts` })) as HostList;
    return items.every(({ status }) => status?.conditions?.some((c) => c.type === "Ready" && c.status === "True"));
  });
}

interface HostList {
  readonly items: readonly { status?: { conditions?: readonly { type: string; status: string }[] } }[];
}

const running = Buffer.from('"phase":"Running"');
const nameOf = (line: Buffer): string => /"name":"(c\d+)"/.exec(line.toString("latin1"))?.[1] ?? "";

/** Milliseconds from the first request to create one of them until all run, as a watch tells it. */
async function runAll(target: Target, client: LoadClient, count: number): Promise<number> {
  using watch = await LoadWatch.open(target, `${containersPath}?watch=true&timeoutSeconds=3600&resourceVersion=0`);
  const found = new Set<string>();
  const all = Promise.withResolvers<undefined>();
  watch.onLine = (line) => {
    if (!line.includes(running)) return;
    found.add(nameOf(line));
    if (found.size === count) all.resolve(undefined);
  };
  const began = performance.now();
  await client.run(count, (index) => ({
    method: "POST",
    path: containersPath,
    body: JSON.stringify(sleeperManifest(index)),
  }));
  await all.promise;
  return performance.now() - began;
}

interface Figures {
  readonly count: number;
  readonly ms: number;
  readonly cpuMs: number;
  readonly settledCpuMs: number;
  readonly megabytes: number;
  readonly hostsCpuMs: number;
}

interface Rest {
  readonly percent: number;
  readonly megabytes: number;
}

async function measure(count: number, rest: boolean): Promise<{ readonly figures: Figures; readonly rest?: Rest }> {
  using simulated = await SimulatedHosts.start();
  const env = options.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.profile}` };
  await using server = await StowageServer.start({ env });
  const target = await targetOf(server);
  using client = await LoadClient.open(target, creators);
  await registerHosts(client, simulated.endpoints);
  const cpu = async (pid: number): Promise<number> => (await cpuSeconds(pid)) * 1000;
  const [before, hostsBefore] = [await cpu(server.pid), await cpu(simulated.pid)];
  const ms = await runAll(target, client, count);
  const cpuMs = (await cpu(server.pid)) - before;
  const hostsCpuMs = (await cpu(simulated.pid)) - hostsBefore;
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const settledCpuMs = (await cpu(server.pid)) - before;
  const megabytes = await residentMegabytes(server.pid);
  const figures = { count, ms, cpuMs, settledCpuMs, megabytes, hostsCpuMs };
  const unknown = await simulated.unknown();
  if (unknown.length > 0) throw new Error(`the simulated hosts do not know ${unknown.join(", ")}`);
  if (!rest) return { figures };
  const restBefore = await cpu(server.pid);
  await new Promise((resolve) => setTimeout(resolve, restSeconds * 1000));
  const used = (await cpu(server.pid)) - restBefore;
  return {
    figures,
    rest: { percent: used / (restSeconds * 10), megabytes: await residentMegabytes(server.pid) },
  };
}

const rows: (readonly string[])[] = [
  ["Containers", "until all run", "a Container", "processor, a Container", "10 s later", "memory", "of the hosts"],
];
let last: Rest | undefined;
for (const count of counts) {
  const { figures, rest } = await measure(count, count === counts.at(-1));
  const each = (ms: number): string => `${(ms / count).toFixed(2)} ms`;
  rows.push([
    String(count),
    seconds(figures.ms),
    each(figures.ms),
    each(figures.cpuMs),
    each(figures.settledCpuMs),
    `${figures.megabytes.toFixed(0)} MB`,
    each(figures.hostsCpuMs),
  ]);
  last = rest;
}
printTable(`Containers over ${hosts} simulated hosts, each count on a new server`, rows);
printTable(`stowage server at rest with ${counts.at(-1) ?? 0} Containers, ${restSeconds} s`, [
  ["what", "figure", "target"],
  ["processor", `${last?.percent.toFixed(2) ?? ""} % of a core`, "10 %"],
  ["resident memory", `${last?.megabytes.toFixed(0) ?? ""} MB`, "600 MB"],
]);
