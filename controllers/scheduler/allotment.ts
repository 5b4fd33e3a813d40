/** What of a Host becomes a Container's own: which CPUs, and which devices. Pure. */
import type { ContainerStatus } from "../../crds/container.ts";
import { formatCpuList, pickCpus } from "./cpu-set.ts";
import type { Want } from "./want.ts";
import type { Candidate, Device } from "./world.ts";

/** As it stands in Container.status. */
export type Allotment = Pick<ContainerStatus, "cpuset" | "devices">;

export function freeCpus({ numa, takenCpus }: Candidate): readonly number[] {
  return numa.flatMap(({ cpus }) => cpus.filter((cpu) => !takenCpus.has(cpu)));
}

export function freeDevices({ devices, takenDevices }: Candidate, name: string): readonly Device[] {
  const taken = takenDevices.get(name);
  return (devices.get(name) ?? []).filter(({ id }) => taken?.has(id) !== true);
}

/** Of a Host that has passed the filters. */
export function allot(want: Want, candidate: Candidate): Allotment {
  const cpus = want.dedicated
    ? pickCpus(candidate.numa, candidate.takenCpus, want.requests.milliCpu / 1000)
    : undefined;
  const devices = [...want.devices].map(([name, count]) => {
    const chosen = freeDevices(candidate, name).slice(0, count);
    return {
      name,
      ids: chosen.map(({ id }) => id),
      paths: [...new Set(chosen.flatMap(({ paths }) => paths))],
    };
  });
  return {
    ...(cpus === undefined ? {} : { cpuset: formatCpuList(cpus) }),
    ...(devices.length === 0 ? {} : { devices }),
  };
}
