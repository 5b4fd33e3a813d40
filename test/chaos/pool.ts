/** Chaos over a pool: a server and three hosts, each of which may die or be cut off at any time. */
import { LabHosts } from "../lab/hosts.ts";
import { importBusybox } from "../lab/images.ts";
import { StowageServer } from "../lab/stowage.ts";
import type { Breakable, World } from "./chaos.ts";
import { expectExactly, wreakHavoc } from "./chaos.ts";
import type { Fault, Placement } from "./timeline.ts";
import { modelOf, timeline } from "./timeline.ts";

export interface PoolOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Is told each operation, and what else there is to say meanwhile. */
  readonly tell: (line: string) => void;
}

export interface PoolReport {
  /** How often each was done: `apply`, `docker kill`, `break network h1`. */
  readonly counts: ReadonlyMap<string, number>;
  /** From the last operation until desired was actual. */
  readonly convergedMs: number;
  /** Containers asked for at the end. */
  readonly containers: number;
}

const image = "busybox:lab";
const perMinute = { apply: 16, delete: 5, harm: 24 } as const;
const serverFault: Fault = { perMinute: 1.5, awayMs: [0, 5_000] };
const engineFault: Fault = { perMinute: 0.8, awayMs: [0, 15_000] };
const networkFault: Fault = { perMinute: 0.8, awayMs: [1_000, 30_000] };

/** Some wait for their Host as long as it takes here, some move soon, some must never run twice. */
const containers: Readonly<Record<string, Placement>> = Object.fromEntries(
  Array.from({ length: 18 }, (_, i) => {
    const kinds: readonly Placement[] = [
      {},
      { tolerationSeconds: i % 5 },
      { tolerationSeconds: i % 5, singleton: true },
    ];
    return [`c${i}`, kinds[i % kinds.length] ?? {}];
  }),
);

/** Rejects with what differs when, in the end, desired is not actual. */
export async function chaosOnPool({ seed, minutes, tell }: PoolOptions): Promise<PoolReport> {
  await using hosts = await LabHosts.start(3, { liveRestore: true });
  const names = hosts.all.map(({ name }) => name);
  const operations = timeline({
    ...{ seed, minutes, perMinute, containers, hosts: names },
    faults: {
      server: serverFault,
      ...Object.fromEntries(names.map((name) => [`engine ${name}`, engineFault])),
      ...Object.fromEntries(names.map((name) => [`network ${name}`, networkFault])),
    },
  });
  await Promise.all(hosts.all.map(({ engine }) => importBusybox(engine.docker, image)));
  await using server = await StowageServer.start();
  const { code, stderr } = await server.cli(["apply", "-f", "-"], hosts.manifest);
  if (code !== 0) throw new Error(stderr);

  const faults: Record<string, Breakable> = {
    server: {
      break: () => server.kill9(),
      mend: async () => {
        await server.start();
      },
    },
  };
  for (const host of hosts.all) {
    faults[`engine ${host.name}`] = { break: () => host.kill9(), mend: () => host.restart() };
    faults[`network ${host.name}`] = { break: () => host.cut(), mend: () => host.mend() };
  }
  const engines = Object.fromEntries(hosts.all.map(({ name, engine }) => [name, engine.docker]));
  const world: World = { server, image, engines, faults, tell };

  await wreakHavoc(world, operations);
  const began = performance.now();
  await expectExactly(world, operations);
  const convergedMs = performance.now() - began;
  tell(`desired is actual ${(convergedMs / 1000).toFixed(1)} s after the last operation`);

  const counts = new Map<string, number>();
  for (const { operation } of operations) {
    if (operation.do === "mend") continue;
    const what =
      operation.do === "harm"
        ? `docker ${operation.how}`
        : operation.do === "break"
          ? `break ${operation.what}`
          : operation.do;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return { counts, convergedMs, containers: modelOf(operations).size };
}
