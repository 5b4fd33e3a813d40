/** What one probe's results in a row mean. Pure; as kubelet's (kubernetes/pkg/kubelet/prober/worker.go, doProbe). */
import type { Asking, Probe } from "../../../crds/probes.ts";

export type ProbeKind = "startup" | "readiness" | "liveness";

export interface ProbeState {
  /** Undefined while neither threshold was ever reached. */
  readonly verdict: boolean | undefined;
  /** The last result, and how many of its kind came in a row. */
  readonly last: boolean | undefined;
  readonly inRow: number;
  /** Why the last attempt failed; empty after a success. */
  readonly message: string;
}

export interface ProbeResult {
  readonly ok: boolean;
  readonly message: string;
}

export const untried = (verdict: boolean | undefined): ProbeState => ({
  verdict,
  last: undefined,
  inRow: 0,
  message: "",
});

type Thresholds = Pick<Probe, "successThreshold" | "failureThreshold">;

export function next(probe: Thresholds, before: ProbeState, { ok, message }: ProbeResult): ProbeState {
  const inRow = before.last === ok ? before.inRow + 1 : 1;
  const enough = inRow >= (ok ? probe.successThreshold : probe.failureThreshold);
  return { verdict: enough ? ok : before.verdict, last: ok, inRow, message: ok ? "" : message };
}

/** The probes that a spec has, in the order in which they matter. */
export function probesOf(spec: Asking): readonly (readonly [ProbeKind, Probe])[] {
  const all = [
    ["startup", spec.startupProbe],
    ["readiness", spec.readinessProbe],
    ["liveness", spec.livenessProbe],
  ] as const;
  return all.flatMap(([kind, probe]) => (probe === undefined ? [] : [[kind, probe] as const]));
}
