import type { FakeContainer } from "./container.ts";

/** Of a container that uses so many cores all the time, and so much memory. */
const cores = 0.25;
const memory = 64 * 2 ** 20;
const inactiveFile = 16 * 2 ** 20;
const hostCores = 8;

/** GET /containers/ID/stats?stream=false: two samples, a second apart. Of a container that does not run, nothing. */
export function containerStats(container: FakeContainer): object {
  const now = Date.now();
  const none = { cpu_usage: { total_usage: 0 }, throttling_data: {} };
  const sample = (at: number): object => ({
    cpu_usage: { total_usage: Math.round((at - Date.parse(container.startedAt)) * 1e6 * cores) },
    system_cpu_usage: at * 1e6 * hostCores,
    online_cpus: hostCores,
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  });
  const { live } = container;
  return {
    read: live ? new Date(now).toISOString() : "0001-01-01T00:00:00Z",
    preread: live ? new Date(now - 1000).toISOString() : "0001-01-01T00:00:00Z",
    id: container.id,
    name: `/${container.name}`,
    cpu_stats: live ? sample(now) : none,
    precpu_stats: live ? sample(now - 1000) : none,
    memory_stats: live ? { usage: memory, limit: 2 ** 35, stats: { inactive_file: inactiveFile } } : {},
  };
}
