/** What becomes of a bound Container that asks for more or less than it has. Pure: what is tried out is put back. */
import type { Allotment } from "../../crds/allocation.ts";
import { allocatedResources, allotmentOf, amountsOf, greater, isAllotted, nothing } from "../../crds/allocation.ts";
import type { Container } from "../../crds/container.ts";
import { allot } from "./allotment.ts";
import { formatCpuList, parseCpuList } from "./cpu-set.ts";
import { refusalsOf } from "./filters/filter.ts";
import { fit } from "./filters/fit.ts";
import type { Ledger } from "./ledger.ts";
import type { Refusal } from "./status.ts";
import type { Want } from "./want.ts";
import type { Candidate } from "./world.ts";

export type Resize =
  /** What it has from now on: that may be what it has already. */
  | { readonly allotment: Allotment; readonly refusal?: undefined }
  /** It keeps what it has. No reason where its Host is not known. */
  | { readonly allotment?: undefined; readonly refusal: Refusal | undefined };

/** All that it asks for, or what it has. Nobody is made to leave for it. */
export function resize(container: Container, want: Want, ledger: Ledger): Resize {
  const had = allotmentOf(container.status);
  if (isAllotted(container)) {
    const { allocatedResources: _had, releasing: _releasing, ...own } = had;
    const amounts = allocatedResources(want.requests);
    return { allotment: replacing(had, { ...own, ...(amounts && { allocatedResources: amounts }) }) };
  }
  const { hostName = "" } = container.status ?? {};
  const candidate = ledger.candidate(hostName);
  if (candidate === undefined) return { refusal: undefined };
  const claim = ledger.forget(want.key);
  try {
    const refusalOf = refusalsOf(fit, want, ledger);
    const refusal = refusalOf(candidate);
    if (refusal === undefined) return { allotment: replacing(had, allot(want, candidate, had)) };
    const never = refusalOf(emptied(candidate));
    const reason = never === undefined ? "Deferred" : "Infeasible";
    return { refusal: { reason, message: `Host "${hostName}": ${never ?? refusal}` } };
  } finally {
    if (claim !== undefined) ledger.restore(claim);
  }
}

/**
 * `next`, and what of `had` is not in it: what runs has that until the Container controller says that it does without.
 * Source: KEP-1287, where the greatest of what is desired, allocated and actual counts.
 */
function replacing(had: Allotment, next: Allotment): Allotment {
  const before = [had, had.releasing ?? {}];
  const given = amountsOf(next.allocatedResources ?? {});
  const held = before.map((one) => amountsOf(one.allocatedResources ?? {})).reduce(greater);
  const more = allocatedResources({
    milliCpu: held.milliCpu > given.milliCpu ? held.milliCpu : 0,
    memory: held.memory > given.memory ? held.memory : 0,
    storage: held.storage > given.storage ? held.storage : 0,
  });
  const kept = new Set(parseCpuList(next.cpuset ?? ""));
  const cpus = before.flatMap(({ cpuset = "" }) => parseCpuList(cpuset) ?? []).filter((cpu) => !kept.has(cpu));
  const devices = released(before, next);
  const releasing = {
    ...(more === undefined ? {} : { allocatedResources: more }),
    ...(cpus.length === 0 ? {} : { cpuset: formatCpuList([...new Set(cpus)]) }),
    ...(devices.length === 0 ? {} : { devices }),
  };
  return Object.keys(releasing).length === 0 ? next : { ...next, releasing };
}

type Devices = readonly { readonly name: string; readonly ids: readonly string[] }[];

function released(
  before: readonly { readonly devices?: Devices | undefined }[],
  next: Allotment,
): { name: string; ids: string[] }[] {
  const idsOf = (devices: Devices = [], name: string): readonly string[] =>
    devices.filter((one) => one.name === name).flatMap(({ ids }) => ids);
  const names = new Set(before.flatMap(({ devices = [] }) => devices.map(({ name }) => name)));
  return [...names].flatMap((name) => {
    const kept = new Set(idsOf(next.devices, name));
    const ids = [...new Set(before.flatMap(({ devices }) => idsOf(devices, name)))].filter((id) => !kept.has(id));
    return ids.length === 0 ? [] : [{ name, ids }];
  });
}

const emptied = (candidate: Candidate): Candidate => ({
  ...candidate,
  taken: nothing,
  takenDevices: new Map(),
  takenCpus: new Map(),
});
