/** What of a Host becomes a Container's own: which CPUs, and which devices. Pure. */
import type { Allotment } from "../../crds/allocation.ts";
import { allocatedResources } from "../../crds/allocation.ts";
import { formatCpuList, pickCpus } from "./cpu-set.ts";
import type { Want } from "./want.ts";
import type { Candidate, Device } from "./world.ts";

export function freeCpus({ numa, takenCpus }: Candidate): readonly number[] {
  return numa.flatMap(({ cpus }) => cpus.filter((cpu) => !takenCpus.has(cpu)));
}

export function freeDevices({ devices, takenDevices }: Candidate, name: string): readonly Device[] {
  const taken = takenDevices.get(name);
  return (devices.get(name) ?? []).filter(({ id }) => taken?.has(id) !== true);
}

/** Of a Host that has passed the filters. `had`: it keeps the devices that it has there. */
export function allot(want: Want, candidate: Candidate, had: Allotment = {}): Allotment {
  const cpus = want.dedicated
    ? pickCpus(candidate.numa, candidate.takenCpus, want.requests.milliCpu / 1000)
    : undefined;
  const devices = [...want.devices].map(([name, count]) => {
    const own = new Set(had.devices?.find((one) => one.name === name)?.ids);
    const free = freeDevices(candidate, name);
    const chosen = [...free.filter(({ id }) => own.has(id)), ...free.filter(({ id }) => !own.has(id))].slice(0, count);
    return {
      name,
      ids: chosen.map(({ id }) => id),
      paths: [...new Set(chosen.flatMap(({ paths }) => paths))],
    };
  });
  const amounts = allocatedResources(want.requests);
  return {
    ...(amounts === undefined ? {} : { allocatedResources: amounts }),
    ...(cpus === undefined ? {} : { cpuset: formatCpuList(cpus) }),
    ...(devices.length === 0 ? {} : { devices }),
  };
}
