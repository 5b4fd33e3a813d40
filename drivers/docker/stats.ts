/** What the Engine measures of a container, as cores and bytes. Pure. */
import { z } from "zod";
import type { Usage } from "../driver.ts";

const Count = z.number().default(0);
const Cpu = z.object({
  cpu_usage: z.object({ total_usage: Count, percpu_usage: z.array(z.number()).nullish() }),
  system_cpu_usage: Count,
  online_cpus: Count,
});

/** GET /containers/ID/stats?stream=false, the fields that we use. Source: moby api/swagger.yaml. */
export const Stats = z.object({
  /** When this sample was taken; Go's zero time of a container that does not run. */
  read: z.string(),
  cpu_stats: Cpu,
  /** The sample before. */
  precpu_stats: Cpu,
  memory_stats: z.object({ usage: Count, stats: z.record(z.string(), z.number()).nullish() }).nullish(),
});
export type Stats = z.infer<typeof Stats>;

/** Undefined when the container does not run. */
export function usageOf(stats: Stats): Usage | undefined {
  if (stats.read.startsWith("0001-01-01T")) return undefined;
  return { cpu: coresOf(stats), memory: memoryOf(stats) };
}

/**
 * What it used of all processor time since the sample before, times the processors. Both are counted since long ago,
 * so that only differences say anything of now. Source: calculateCPUPercentUnix in docker/cli,
 * cli/command/container/stats_helpers.go.
 */
function coresOf({ cpu_stats: now, precpu_stats: before }: Stats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const available = now.system_cpu_usage - before.system_cpu_usage;
  if (used <= 0 || available <= 0 || before.system_cpu_usage === 0) return 0;
  const processors = now.online_cpus === 0 ? (now.cpu_usage.percpu_usage?.length ?? 0) : now.online_cpus;
  return (used / available) * processors;
}

/**
 * Without file pages that the kernel would give up at once: total_inactive_file in cgroup v1, inactive_file in v2.
 * Source: calculateMemUsageUnixNoCache in docker/cli, cli/command/container/stats_helpers.go.
 */
function memoryOf({ memory_stats: memory }: Stats): number {
  const usage = memory?.usage ?? 0;
  const inactive = [memory?.stats?.["total_inactive_file"], memory?.stats?.["inactive_file"]];
  return usage - (inactive.find((bytes) => bytes !== undefined && bytes < usage) ?? 0);
}
