/** What `top` shows. Source of columns, units and order: k8s.io/kubectl/pkg/metricsutil/metrics_printer.go. */
import { text } from "node:stream/consumers";
import type { HttpClient } from "../api/client/http.ts";
import { pathOf } from "../api/client/http.ts";
import { ApiError } from "../api/status.ts";
import type { Container } from "../crds/container.ts";
import { containers } from "../crds/container.ts";
import type { Host } from "../crds/host.ts";
import { hosts } from "../crds/host.ts";
import type { KubeObject, ResourceType } from "../crds/meta.ts";
import { parseQuantity } from "../crds/quantity.ts";
import { CommandError } from "./errors.ts";
import { renderRows } from "./tables.ts";
import type { Row } from "./tables.ts";
import type { Terminal } from "./terminal.ts";

export interface TopOptions {
  /** All when there is none. */
  readonly names: readonly string[];
  /** All of them when undefined. */
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly sortBy: "cpu" | "memory" | undefined;
  readonly headers: boolean;
  readonly terminal: Terminal;
}

/** Cores and bytes. */
interface Amounts {
  readonly cpu: number;
  readonly memory: number;
}

export interface Line {
  readonly namespace: string;
  readonly name: string;
  /** Undefined when it could not be measured. */
  readonly used: Amounts | undefined;
  /** What it could use; unknown where absent. */
  readonly available: Partial<Amounts>;
}

/** How many are measured at a time; each takes a second or two, most of which is waiting. */
const measuredAtOnce = 64;

/** Prints a line for each Host. Throws CommandError when one that was named does not exist or none could be measured. */
export async function topHosts(client: HttpClient, options: TopOptions): Promise<void> {
  const found = await select<Host>(client, hosts, undefined, options);
  await print(await measure(client, hosts, found, ({ status }) => amountsOf(status?.allocatable)), options, false);
}

/** Prints a line for each Container that runs. Throws as {@link topHosts} does. */
export async function topContainers(client: HttpClient, options: TopOptions): Promise<void> {
  const [found, known] = await Promise.all([
    select<Container>(client, containers, options.namespace, options),
    // Who may see Containers need not be allowed to see Hosts.
    client.list<Host>(hosts).catch(() => ({ items: [] })),
  ]);
  const hostAmounts = new Map(
    known.items.map(({ metadata, status }) => [metadata.name, amountsOf(status?.allocatable)]),
  );
  const running = found.filter(({ status }) => status?.phase === "Running" || status?.phase === "Paused");
  const lines = await measure(client, containers, running, ({ spec, status }) => ({
    ...hostAmounts.get(status?.hostName ?? ""),
    ...amountsOf(spec.resources?.limits),
  }));
  await print(lines, options, options.namespace === undefined);
}

async function select<R extends KubeObject>(
  client: HttpClient,
  type: ResourceType,
  namespace: string | undefined,
  { names, labelSelector }: TopOptions,
): Promise<readonly R[]> {
  if (names.length > 0) return Promise.all(names.map((name) => client.get<R>(type, { namespace, name })));
  return (await client.list<R>(type, { namespace, labelSelector })).items;
}

function amountsOf(amounts: NonNullable<Host["status"]>["allocatable"]): Partial<Amounts> {
  const { cpu, memory } = amounts ?? {};
  return {
    ...(cpu === undefined ? {} : { cpu: parseQuantity(cpu) }),
    ...(memory === undefined ? {} : { memory: parseQuantity(memory) }),
  };
}

async function measure<R extends KubeObject>(
  client: HttpClient,
  type: ResourceType,
  objects: readonly R[],
  availableTo: (object: R) => Partial<Amounts>,
): Promise<readonly Line[]> {
  const { default: PQueue } = await import("p-queue");
  const queue = new PQueue({ concurrency: measuredAtOnce });
  const errors: string[] = [];
  const lines = await queue.addAll(
    objects.map((object) => async (): Promise<Line> => {
      const { namespace, name } = object.metadata;
      const used = await usageOf(client, pathOf(type, namespace, name, "stats")).catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        errors.push(error.message);
        return undefined;
      });
      return { namespace: namespace ?? "", name, used, available: availableTo(object) };
    }),
  );
  if (lines.length > 0 && lines.every(({ used }) => used === undefined)) throw new CommandError(...new Set(errors));
  return lines;
}

async function usageOf(client: HttpClient, path: string): Promise<Amounts> {
  const { usage } = JSON.parse(await text(client.stream({ path }))) as { usage: { cpu: string; memory: string } };
  return { cpu: parseQuantity(usage.cpu), memory: parseQuantity(usage.memory) };
}

async function print(lines: readonly Line[], options: TopOptions, namespaces: boolean): Promise<void> {
  const { terminal, headers } = options;
  if (lines.length === 0) {
    terminal.stderr.write("No resources found\n");
    return;
  }
  const titles = [...(namespaces ? ["NAMESPACE"] : []), "NAME", "CPU(cores)", "CPU%", "MEMORY(bytes)", "MEMORY%"];
  const rows = [...lines].sort(order(options.sortBy)).map((line) => rowOf(line, namespaces));
  terminal.stdout.write(`${(await renderRows([...(headers ? [titles] : []), ...rows])).join("\n")}\n`);
}

const unknown = "<unknown>";

/** Rounded up to a thousandth of a core and down to a mebibyte, as kubectl has them. */
export function rowOf({ namespace, name, used, available }: Line, namespaces: boolean): Row {
  const place = namespaces ? [namespace, name] : [name];
  if (used === undefined) return [...place, unknown, unknown, unknown, unknown];
  const cpu = `${Math.ceil(used.cpu * 1000)}m`;
  const memory = `${Math.floor(used.memory / 2 ** 20)}Mi`;
  return [...place, cpu, percent(used.cpu, available.cpu), memory, percent(used.memory, available.memory)];
}

function percent(used: number, available: number | undefined): string {
  if (available === undefined) return unknown;
  return `${available === 0 ? 0 : Math.floor((used / available) * 100)}%`;
}

/** Most first where that is asked for, then by namespace and name. Source: kubectl/pkg/metricsutil/metrics_sort.go. */
export function order(sortBy: TopOptions["sortBy"]): (a: Line, b: Line) => number {
  const amount = ({ used }: Line): number => (sortBy === undefined ? 0 : (used?.[sortBy] ?? -1));
  return (a, b) => amount(b) - amount(a) || compare(a.namespace, b.namespace) || compare(a.name, b.name);
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
