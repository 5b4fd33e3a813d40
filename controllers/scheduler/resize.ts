/** What becomes of a bound Container that asks for more or less than it has. Pure: what is tried out is put back. */
import type { Allotment } from "../../crds/allocation.ts";
import { allocatedResources, isAllotted, nothing } from "../../crds/allocation.ts";
import type { Container } from "../../crds/container.ts";
import { allot } from "./allotment.ts";
import { refusalsOf } from "./filters/filter.ts";
import { fit } from "./filters/fit.ts";
import type { Ledger } from "./ledger.ts";
import { allotmentOf } from "./ledger.ts";
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
    const { allocatedResources: _had, ...own } = had;
    const amounts = allocatedResources(want.requests);
    return { allotment: { ...own, ...(amounts && { allocatedResources: amounts }) } };
  }
  const { hostName = "" } = container.status ?? {};
  const candidate = ledger.candidate(hostName);
  if (candidate === undefined) return { refusal: undefined };
  const claim = ledger.forget(want.key);
  try {
    const refusalOf = refusalsOf(fit, want, ledger);
    const refusal = refusalOf(candidate);
    if (refusal === undefined) return { allotment: allot(want, candidate, had) };
    const never = refusalOf(emptied(candidate));
    const reason = never === undefined ? "Deferred" : "Infeasible";
    return { refusal: { reason, message: `Host "${hostName}": ${never ?? refusal}` } };
  } finally {
    if (claim !== undefined) ledger.restore(claim);
  }
}

const emptied = (candidate: Candidate): Candidate => ({
  ...candidate,
  taken: nothing,
  takenDevices: new Map(),
  takenCpus: new Map(),
});
