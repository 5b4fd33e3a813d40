import { expect, test } from "vitest";
import type { Stats } from "./stats.ts";
import { Stats as Schema, usageOf } from "./stats.ts";

const second = 1e9;
const mebi = 2 ** 20;

/** Of a machine with two processors that has been up for a day: samples a second apart. */
function statsOf(
  used: { readonly before: number; readonly now: number },
  memory: object = {},
  more: object = {},
): Stats {
  const uptime = 86_400 * 2 * second;
  return Schema.parse({
    read: "2026-01-01T00:00:01Z",
    precpu_stats: { cpu_usage: { total_usage: used.before }, system_cpu_usage: uptime, online_cpus: 2 },
    cpu_stats: { cpu_usage: { total_usage: used.now }, system_cpu_usage: uptime + 2 * second, online_cpus: 2 },
    memory_stats: memory,
    ...more,
  });
}

// The rules and cases of docker/cli, cli/command/container/stats_helpers.go and its test.
test.each<{ why: string; stats: Stats; cpu: number }>([
  {
    why: "cores are what was used since the sample before, not since it began",
    stats: statsOf({ before: 40_000 * second, now: 40_000.25 * second }),
    cpu: 0.25,
  },
  { why: "two processors kept busy are two cores", stats: statsOf({ before: 0, now: 2 * second }), cpu: 2 },
  { why: "nothing used", stats: statsOf({ before: 7, now: 7 }), cpu: 0 },
  { why: "a count that began anew", stats: statsOf({ before: 5 * second, now: 1 }), cpu: 0 },
  {
    why: "no sample before",
    stats: statsOf({ before: 0, now: 1000 * second }, {}, { precpu_stats: { cpu_usage: { total_usage: 0 } } }),
    cpu: 0,
  },
])("$why", ({ stats, cpu }) => {
  expect(usageOf(stats)?.cpu).toBeCloseTo(cpu, 9);
});

test("an Engine that does not tell how many processors there are shows one count for each", () => {
  const sample = (total_usage: number, system_cpu_usage: number) => ({
    cpu_usage: { total_usage, percpu_usage: [1, 1, 1, 1] },
    system_cpu_usage,
  });
  const pair = { precpu_stats: sample(0, 4 * second), cpu_stats: sample(second, 8 * second) };
  expect(usageOf(statsOf({ before: 0, now: 0 }, {}, pair))?.cpu).toBeCloseTo(1, 9);
});

test.each<{ why: string; memory: object; bytes: number }>([
  {
    why: "cgroup v1",
    memory: { usage: 100 * mebi, stats: { total_inactive_file: 30 * mebi, inactive_file: 10 * mebi } },
    bytes: 70 * mebi,
  },
  { why: "cgroup v2", memory: { usage: 100 * mebi, stats: { inactive_file: 30 * mebi } }, bytes: 70 * mebi },
  { why: "no details", memory: { usage: 100 * mebi }, bytes: 100 * mebi },
  { why: "more than there is", memory: { usage: mebi, stats: { inactive_file: 2 * mebi } }, bytes: mebi },
])("memory without what the kernel would give up: $why", ({ memory, bytes }) => {
  expect(usageOf(statsOf({ before: 0, now: 0 }, memory))?.memory).toBe(bytes);
});

test("what does not run uses nothing, and says so", () => {
  const none = { cpu_usage: { total_usage: 0 } };
  expect(
    usageOf(Schema.parse({ read: "0001-01-01T00:00:00Z", cpu_stats: none, precpu_stats: none, memory_stats: {} })),
  ).toBeUndefined();
});
