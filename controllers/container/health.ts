/** Whether a run is well, by its probes, its image's HEALTHCHECK and its postStart hook; and what follows. Pure. */
import type { Condemned, Container } from "../../crds/container.ts";
import type { Condition } from "../../crds/meta.ts";
import type { Observed } from "../../drivers/driver.ts";
import type { ProbeState } from "./prober/probe.ts";

/** What the probes of one run have found so far; those that there are. */
export interface Verdict {
  /** Beginning of the run, as its host says it. */
  readonly startedAt: string;
  readonly startup?: ProbeState;
  readonly readiness?: ProbeState;
  readonly liveness?: ProbeState;
}

export interface Finding {
  readonly status: Condition["status"];
  readonly reason: string;
  readonly message: string;
}

/** Why a run must end; undefined where it need not. */
export function condemnation(
  container: Container,
  keep: Observed | undefined,
  verdict: Verdict | undefined,
): Condemned | undefined {
  const { spec, status } = container;
  if (keep?.state !== "running" || keep.startedAt === undefined || isCondemned(container, keep)) return undefined;
  const { startedAt } = keep;
  const end = (message: string, seconds = spec.terminationGracePeriodSeconds): Condemned => ({
    startedAt,
    reason: "Unhealthy",
    message: `${message}, ${spec.restartPolicy === "Never" ? "will be killed" : "will be restarted"}`,
    graceSeconds: seconds,
  });
  const of = verdict?.startedAt === startedAt ? verdict : undefined;
  const { name } = container.metadata;
  if (of?.startup?.verdict === false)
    return end(`Container ${name} failed startup probe`, spec.startupProbe?.terminationGracePeriodSeconds);
  if (of?.liveness?.verdict === false)
    return end(`Container ${name} failed liveness probe`, spec.livenessProbe?.terminationGracePeriodSeconds);
  // While the hook runs nothing else ends the container, as with kubelet.
  if (spec.lifecycle?.postStart !== undefined && status?.postStarted !== startedAt) return undefined;
  if (spec.livenessProbe === undefined && keep.health?.status === "unhealthy")
    return end(`Container ${name} failed its image's HEALTHCHECK`);
  return undefined;
}

/** Whether the run that is observed is one that we are ending. */
export function isCondemned({ status }: Pick<Container, "status">, keep: Observed): boolean {
  return keep.startedAt !== undefined && status?.condemned?.startedAt === keep.startedAt;
}

/** Whether the hook that follows the start has still to be done for this run. */
export function awaitsPostStart({ spec, status }: Container, keep: Observed): boolean {
  return spec.lifecycle?.postStart !== undefined && status?.postStarted !== keep.startedAt;
}

/** Why a container that runs is not ready; undefined where it is. */
export function unready(container: Container, keep: Observed, verdict: Verdict | undefined): Finding | undefined {
  const no = (reason: string, message: string): Finding => ({ status: "False", reason, message });
  if (isCondemned(container, keep)) return no("Unhealthy", container.status?.condemned?.message ?? "");
  if (awaitsPostStart(container, keep)) return no("PostStartHookPending", "Waiting for the postStart hook");
  if (verdict?.startup !== undefined && verdict.startup.verdict !== true)
    return no("StartupProbePending", failed("startup", verdict.startup) ?? "Waiting for the startup probe to succeed");
  if (verdict?.readiness !== undefined) {
    if (verdict.readiness.verdict === true) return undefined;
    const waiting = "Waiting for the readiness probe to succeed";
    return no("ReadinessProbeFailing", failed("readiness", verdict.readiness) ?? waiting);
  }
  if (keep.health?.status === "unhealthy") return no("HealthcheckFailing", healthcheckFailed(keep.health.output));
  if (keep.health?.status === "starting")
    return no("HealthcheckStarting", "Waiting for the image's HEALTHCHECK to succeed");
  return undefined;
}

/** The condition Healthy; undefined where nothing tells. */
export function healthy({ spec }: Container, keep: Observed, verdict: Verdict | undefined): Finding | undefined {
  if (spec.livenessProbe !== undefined) {
    const liveness = verdict?.liveness;
    if (liveness?.verdict === undefined) return { status: "Unknown", reason: "NotProbedYet", message: "" };
    if (liveness.verdict) return { status: "True", reason: "LivenessProbeSucceeding", message: "" };
    return { status: "False", reason: "LivenessProbeFailing", message: failed("liveness", liveness) ?? "" };
  }
  switch (keep.health?.status) {
    case "healthy":
      return { status: "True", reason: "HealthcheckSucceeding", message: "" };
    case "unhealthy":
      return { status: "False", reason: "HealthcheckFailing", message: healthcheckFailed(keep.health.output) };
    case "starting":
      return { status: "Unknown", reason: "HealthcheckStarting", message: "" };
    case undefined:
      return undefined;
  }
}

/** The condition Started; undefined where no probe asks. */
export function started({ spec }: Container, verdict: Verdict | undefined): Finding | undefined {
  if (spec.startupProbe === undefined) return undefined;
  if (verdict?.startup?.verdict === true) return { status: "True", reason: "StartupProbeSucceeded", message: "" };
  return { status: "False", reason: "StartupProbePending", message: "" };
}

/** Messages of conditions leave out what changes with each attempt: each change would be written. */
function failed(what: string, { verdict, message }: ProbeState): string | undefined {
  return verdict === false && message !== "" ? `The ${what} probe failed: ${brief(message)}` : undefined;
}

function healthcheckFailed(output: string): string {
  return `The image's HEALTHCHECK failed: ${brief(output)}`;
}

/** kubelet's maxProbeMessageLength, for one line of a condition. */
function brief(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
