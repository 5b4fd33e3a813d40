/** Lists of CPUs as Linux writes them, and which of a host's to take. Pure. Source of the format: cpuset(7), "List format". */
import type { NumaNode } from "./world.ts";

/** Above what any machine has, so that a wrong list cannot fill memory. */
const mostCpus = 8192;

/** `0-2,7` as [0, 1, 2, 7]: sorted, each once. Undefined for what is no such list. */
export function parseCpuList(text: string): readonly number[] | undefined {
  const cpus = new Set<number>();
  for (const range of text.split(",").filter((part) => part !== "")) {
    const [, from = "", to = from] = /^([0-9]{1,4})(?:-([0-9]{1,4}))?$/.exec(range.trim()) ?? [];
    if (from === "" || Number(to) < Number(from) || Number(to) >= mostCpus) return undefined;
    for (let cpu = Number(from); cpu <= Number(to); cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** The opposite of {@link parseCpuList}. */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of [...cpus].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}

/**
 * `count` CPUs that are not taken: of the one NUMA node that has the fewest left over, so that larger ones still find
 * a node; where no node has as many, of as few nodes as can be. Undefined where there are too few.
 */
export function pickCpus(
  numa: readonly NumaNode[],
  taken: Pick<ReadonlySet<number>, "has">,
  count: number,
): readonly number[] | undefined {
  const free = numa.map(({ id, cpus }) => ({ id, cpus: cpus.filter((cpu) => !taken.has(cpu)) }));
  const fewestFirst = free.toSorted((a, b) => a.cpus.length - b.cpus.length || a.id - b.id);
  const one = fewestFirst.find(({ cpus }) => cpus.length >= count);
  if (one !== undefined) return one.cpus.slice(0, count);
  const mostFirst = free.toSorted((a, b) => b.cpus.length - a.cpus.length || a.id - b.id);
  const all = mostFirst.flatMap(({ cpus }) => cpus).slice(0, count);
  return all.length < count ? undefined : all.toSorted((a, b) => a - b);
}
