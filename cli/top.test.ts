import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { ApiError, notFound } from "../api/status.ts";
import type { Container, ContainerStatus } from "../crds/container.ts";
import { containerOf, hostOf } from "../test/fakes/objects.ts";
import { CommandError } from "./errors.ts";
import type { Line, TopOptions } from "./top.ts";
import { order, rowOf, topContainers, topHosts } from "./top.ts";

const line = (name: string, fields: Partial<Line> = {}): Line => ({
  namespace: "default",
  name,
  used: { cpu: 0.25, memory: 100 * 2 ** 20 },
  available: { cpu: 4, memory: 2 ** 30 },
  ...fields,
});

// Source of units and rounding: printSingleResourceUsage in kubectl/pkg/metricsutil/metrics_printer.go.
test.each<{ why: string; line: Line; want: readonly string[] }>([
  { why: "thousandths of a core and mebibytes", line: line("web"), want: ["web", "250m", "6%", "100Mi", "9%"] },
  {
    why: "little is rounded up to a thousandth of a core, and down to no mebibyte",
    line: line("web", { used: { cpu: 0.0001, memory: 1000 } }),
    want: ["web", "1m", "0%", "0Mi", "0%"],
  },
  {
    why: "nobody knows how much there is",
    line: line("web", { available: {} }),
    want: ["web", "250m", "<unknown>", "100Mi", "<unknown>"],
  },
  {
    why: "more than there is",
    line: line("web", { available: { cpu: 0.1, memory: 2 ** 20 } }),
    want: ["web", "250m", "250%", "100Mi", "10000%"],
  },
  {
    why: "what could not be measured",
    line: line("web", { used: undefined }),
    want: ["web", "<unknown>", "<unknown>", "<unknown>", "<unknown>"],
  },
])("$why", ({ line: shown, want }) => {
  expect(rowOf(shown, false)).toEqual(want);
  expect(rowOf(shown, true)).toEqual(["default", ...want]);
});

test.each<{ sortBy: "cpu" | "memory" | undefined; want: string }>([
  { sortBy: undefined, want: "a b c d" },
  { sortBy: "cpu", want: "c a b d" },
  { sortBy: "memory", want: "b a c d" },
])("sorted by $sortBy", ({ sortBy, want }) => {
  const lines = [
    line("d", { used: undefined }),
    line("b", { used: { cpu: 1, memory: 3 } }),
    line("c", { used: { cpu: 2, memory: 1 } }),
    line("a", { used: { cpu: 1, memory: 1 } }),
  ];
  expect([...lines].sort(order(sortBy)).map(({ name }) => name).join(" ")).toBe(want); // prettier-ignore
});

type Client = Parameters<typeof topHosts>[0];

/**
 * The Hosts a and b, and in two namespaces the Containers a and b on them; one Container on a Host that is not ready, and
 * one that has ended. Of what is `away` nothing can be measured. The Hosts `lost` are known to be.
 */
function clientOf(away: readonly string[], lost: readonly string[]): Client {
  const bound = (namespace: string, name: string, status: ContainerStatus): Container =>
    containerOf({}, { metadata: { namespace, name }, status: { ...status, hostName: name } });
  const unknown = bound("blue", "lost", { phase: "Unknown", message: 'Host "c" is not ready: see its conditions' });
  const all = {
    hosts: ["a", "b"].map((name) => hostOf(name, { ready: !lost.includes(name) })),
    containers: [
      ...["blue", "red"].flatMap((namespace) => ["a", "b"].map((name) => bound(namespace, name, { phase: "Running" }))),
      unknown,
      bound("blue", "ended", { phase: "Succeeded" }),
    ],
  };
  const of = (plural: string, namespace?: string) =>
    all[plural as keyof typeof all].filter(({ metadata }) => (metadata.namespace ?? namespace) === namespace);
  return {
    get: async (type, { namespace, name }) => {
      const found = of(type.plural, namespace).find(({ metadata }) => metadata.name === name);
      if (found === undefined) throw notFound(type, name);
      return found as never;
    },
    list: async (type, options) => {
      const namespace = options?.namespace;
      return {
        items: namespace === undefined ? all[type.plural as keyof typeof all] : of(type.plural, namespace),
      } as never;
    },
    stream: async function* ({ path }) {
      const [, kind = "", name = ""] = /(host|container)s\/([^/]+)\/stats$/.exec(path) ?? [];
      if (away.includes(name)) throw new ApiError("ServiceUnavailable", `${kind} "${name}": nothing listens there`);
      yield Buffer.from(JSON.stringify({ usage: { cpu: "250m", memory: "1Gi" } }));
    },
  };
}

/** What it prints, and the lines of what it throws. */
async function shown(
  top: typeof topHosts,
  away: readonly string[],
  { lost = [], ...options }: Partial<TopOptions> & { readonly lost?: readonly string[] } = {},
) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const given = { names: [], namespace: "blue", labelSelector: undefined, sortBy: undefined, headers: false };
  const thrown = await top(clientOf(away, lost), { ...given, ...options, terminal: { stdout, stderr } }).catch(
    (error: unknown) => error,
  );
  const read = (stream: PassThrough): string => String(stream.read() ?? "").replace(/ +/g, " ");
  return {
    stdout: read(stdout),
    stderr: read(stderr),
    ...(thrown instanceof CommandError ? { error: thrown.lines } : {}),
  };
}

const b = 'host "b": nothing listens there';

test("what could not be measured is told beside what could, and is no failure", async () => {
  expect(await shown(topHosts, ["b"])).toEqual({
    stdout: "a 250m 6% 1024Mi 12%\nb <unknown> <unknown> <unknown> <unknown>\n",
    stderr: `Warning: ${b}\n`,
  });
});

test("unless it was named, or nothing could be measured", async () => {
  expect(await shown(topHosts, ["b"], { names: ["a", "b"] })).toMatchObject({
    stdout: expect.stringMatching(/^a 250m/) as string,
    error: [b],
  });
  expect(await shown(topHosts, ["a", "b"])).toEqual({
    stdout: "",
    stderr: "",
    error: ['host "a": nothing listens there', b],
  });
});

test("of Containers in all namespaces it is told in which", async () => {
  const { stderr } = await shown(topContainers, ["b"], { namespace: undefined });
  expect(stderr.split("\n").slice(0, 2)).toEqual(
    ["blue", "red"].map((namespace) => `Warning: namespace "${namespace}": container "b": nothing listens there`),
  );
});

test("a Container whose Host is not ready is not asked about, and not left out", async () => {
  expect(await shown(topContainers, [])).toEqual({
    stdout: "a 250m 6% 1024Mi 12%\nb 250m 6% 1024Mi 12%\nlost <unknown> <unknown> <unknown> <unknown>\n",
    stderr: 'Warning: container "lost": Host "c" is not ready: see its conditions\n',
  });
});

test("nor is a Host that is known not to be ready", async () => {
  const { stdout, stderr } = await shown(topHosts, [], { lost: ["b"] });
  expect(stdout).toBe("a 250m 6% 1024Mi 12%\nb <unknown> <unknown> <unknown> <unknown>\n");
  expect(stderr).toMatch(/^Warning: host "b": /);
});

test("a Container that does not run is left out, unless it was named", async () => {
  expect((await shown(topContainers, [])).stdout).not.toContain("ended");
  expect(await shown(topContainers, ["ended"], { names: ["a", "ended"] })).toEqual({
    stdout: "a 250m 6% 1024Mi 12%\nended <unknown> <unknown> <unknown> <unknown>\n",
    stderr: "",
    error: ['container "ended": nothing listens there'],
  });
});
