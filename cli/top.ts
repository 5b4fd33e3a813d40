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
  readonly terminal: Pick<Terminal, "stdout" | "stderr">;
}

type TopClient = Pick<HttpClient, "get" | "list" | "stream">;

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

/**
 * Prints a line for each Host, and says on stderr which could not be measured and why. Throws CommandError when one that
 * was named does not exist or could not be measured, and where none could: as kubectl top does, which shows <unknown> for
 * others. Source: kubectl/pkg/cmd/top/top_node.go and top_pod.go.
 */
export async function topHosts(client: TopClient, options: TopOptions): Promise<void> {
  const found = await select<Host>(client, hosts, undefined, options);
  const measured = await measure(client, hosts, found, {
    availableTo: ({ status }) => amountsOf(status?.allocatable),
    // To ask a Host that does not answer may take minutes.
    whyNot: ({ metadata: { name }, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === "Ready");
      return ready?.status === "False" ? `host "${name}": ${ready.message}` : undefined;
    },
  });
  await print(measured, options, false);
}

/**
 * Prints a line for each Container that runs, or may run on a Host that is not ready, and for each that is named. Throws as
 * {@link topHosts} does.
 */
export async function topContainers(client: TopClient, options: TopOptions): Promise<void> {
  const [found, known] = await Promise.all([
    select<Container>(client, containers, options.namespace, options),
    // Who may see Containers need not be allowed to see Hosts.
    client.list<Host>(hosts).catch(() => ({ items: [] })),
  ]);
  const hostAmounts = new Map(
    known.items.map(({ metadata, status }) => [metadata.name, amountsOf(status?.allocatable)]),
  );
  const isShown = ({ status }: Container): boolean =>
    options.names.length > 0 || ["Running", "Paused", "Unknown"].includes(status?.phase ?? "");
  const measured = await measure(client, containers, found.filter(isShown), {
    availableTo: ({ spec, status }) => ({
      ...hostAmounts.get(status?.hostName ?? ""),
      ...amountsOf(spec.resources?.limits),
    }),
    whyNot: ({ metadata: { name }, status }) =>
      status?.phase === "Unknown" ? `container "${name}": ${status.message ?? "its Host is not ready"}` : undefined,
  });
  await print(measured, options, options.namespace === undefined);
}

async function select<R extends KubeObject>(
  client: TopClient,
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

/** What is shown, and why there is no more of it. */
interface Measured {
  readonly lines: readonly Line[];
  readonly problems: readonly { readonly namespace: string; readonly message: string }[];
}

async function measure<R extends KubeObject>(
  client: TopClient,
  type: ResourceType,
  objects: readonly R[],
  {
    availableTo,
    whyNot = () => undefined,
  }: {
    readonly availableTo: (object: R) => Partial<Amounts>;
    /** Why an object need not be asked about; undefined where it is to be. */
    readonly whyNot?: (object: R) => string | undefined;
  },
): Promise<Measured> {
  const { default: PQueue } = await import("p-queue");
  const queue = new PQueue({ concurrency: measuredAtOnce });
  const measured = await queue.addAll(
    objects.map((object) => async () => {
      const { namespace = "", name } = object.metadata;
      const used = whyNot(object) ?? (await usageOrProblem(client, pathOf(type, namespace, name, "stats")));
      const line = { namespace, name, available: availableTo(object) };
      return typeof used === "string"
        ? { line: { ...line, used: undefined }, problems: [{ namespace, message: used }] }
        : { line: { ...line, used }, problems: [] };
    }),
  );
  return { lines: measured.map(({ line }) => line), problems: measured.flatMap(({ problems }) => problems) };
}

async function usageOrProblem(client: TopClient, path: string): Promise<Amounts | string> {
  try {
    return await usageOf(client, path);
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}

async function usageOf(client: TopClient, path: string): Promise<Amounts> {
  const { usage } = JSON.parse(await text(client.stream({ path }))) as { usage: { cpu: string; memory: string } };
  return { cpu: parseQuantity(usage.cpu), memory: parseQuantity(usage.memory) };
}

async function print({ lines, problems }: Measured, options: TopOptions, namespaces: boolean): Promise<void> {
  const { terminal, headers, names } = options;
  const told = problems.map(({ namespace, message }) =>
    namespaces ? `namespace "${namespace}": ${message}` : message,
  );
  if (lines.length > 0 && told.length === lines.length) throw new CommandError(...told);
  if (lines.length === 0) {
    terminal.stderr.write("No resources found\n");
    return;
  }
  const titles = [...(namespaces ? ["NAMESPACE"] : []), "NAME", "CPU(cores)", "CPU%", "MEMORY(bytes)", "MEMORY%"];
  const rows = [...lines].sort(order(options.sortBy)).map((line) => rowOf(line, namespaces));
  terminal.stdout.write(`${(await renderRows([...(headers ? [titles] : []), ...rows])).join("\n")}\n`);
  if (names.length > 0 && told.length > 0) throw new CommandError(...told);
  for (const line of told) terminal.stderr.write(`Warning: ${line}\n`);
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
