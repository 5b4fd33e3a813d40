/** Says in Container.status what is so. Pure. */
import { isAllotted, resizePending } from "../../crds/allocation.ts";
import type { Condemned, Container, ContainerStatus } from "../../crds/container.ts";
import type { Condition } from "../../crds/meta.ts";
import { formatTime } from "../../crds/meta.ts";
import type { Observed, PullProgress } from "../../drivers/driver.ts";
import type { ConditionDraft } from "../runtime/conditions.ts";
import { findCondition, setCondition } from "../runtime/conditions.ts";
import { backoffOf, containerID, crashLoop } from "./crash-loop.ts";
import type { Finding, Verdict } from "./health.ts";
import { healthy, started, unready } from "./health.ts";
import type { InitProgress } from "./init.ts";
import type { Problem } from "./failure.ts";
import type { Ended } from "./plan.ts";
import { ended, isLive } from "./plan.ts";

/** What is being done and takes its time: one word as kubectl shows it, and a sentence. */
export interface Activity {
  readonly reason: "Pulling" | "Replacing" | "Restarting" | "Terminating";
  readonly message: string;
}

export interface Sight {
  /** With its status as last written. */
  readonly container: Container;
  /** metadata.generation of the spec that was worked on: the object may be newer by now. */
  readonly generation: number | undefined;
  /** What stands for it on its host now. */
  readonly keep: Observed | undefined;
  /** What stood for it when the reconciliation began: tells how the run before this one ended. */
  readonly before: Observed | undefined;
  readonly problem: Problem | undefined;
  readonly activity?: Activity;
  /** How its init containers are; as before where absent. */
  readonly init?: InitProgress;
  /** What its probes have found; absent where it has none. */
  readonly verdict?: Verdict;
  /** Whether what runs was made from another spec: what the new one asks of its health is not for it. */
  readonly outlives?: boolean;
  /** Digest that the repository has for the image of `keep`; absent where nobody asked. */
  readonly imageDigest?: string;
  /** Whether nothing on its host was made with what is being released of its allotment. */
  readonly released?: boolean;
  /** From now on the run that it names is to end. */
  readonly condemned?: Condemned;
  /** Beginning of the run whose postStart hook is done now. */
  readonly postStarted?: string;
  readonly now: Date;
}

type Phase = NonNullable<ContainerStatus["phase"]>;

/** The whole status; deeply equal to the one before when nothing changed. */
export function statusOf(sight: Sight): ContainerStatus {
  const { container, activity, problem, generation } = sight;
  const previous = container.status ?? {};
  const keep = standing(sight);
  // What takes its place is to run, even if we end before that is made.
  const end = activity?.reason === "Replacing" ? undefined : ended(container, keep, sight.init);
  const phase = phaseOf(container, keep, end, problem);
  const summary = activity?.reason ?? problem?.summary ?? summaryOf(phase, sight, end);
  const message = (activity ?? problem)?.message ?? messageOf(previous, keep, end);
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    summary,
    ...(message === "" ? {} : { message }),
    ...placeOf(sight, isOver(sight, end)),
    ...(isGone(keep, phase) ? {} : runOf(previous, keep, end, sight.imageDigest)),
    ...historyOf(previous, phase, sight),
    ...marksOf(previous, phase, sight),
    conditions: conditionsOf(sight, phase, summary, message, end),
  };
}

/** Whether it has ended, and nothing is to be made in its place. */
const isOver = ({ activity, problem }: Sight, end: Ended | undefined): boolean =>
  end !== undefined && activity === undefined && problem === undefined;

/**
 * Where it is, was, and is to go from: what others say of it, which no observation changes. Once it is over, what was set
 * aside for it is for others.
 */
function placeOf({ container: { status: previous = {} }, released }: Sight, over: boolean): Partial<ContainerStatus> {
  const { hostName, eviction, formerHosts, priority } = previous;
  const { allocatedResources, cpuset, devices, releasing }: ContainerStatus = over ? {} : previous;
  return {
    ...(allocatedResources === undefined ? {} : { allocatedResources }),
    ...(hostName === undefined ? {} : { hostName }),
    ...(eviction === undefined ? {} : { eviction }),
    ...(formerHosts === undefined ? {} : { formerHosts }),
    ...(priority === undefined ? {} : { priority }),
    ...(cpuset === undefined ? {} : { cpuset }),
    ...(devices === undefined ? {} : { devices }),
    ...(releasing === undefined || released === true ? {} : { releasing }),
  };
}

/** Whether nothing of the last run is left, and it has not ended for good: then it is history. */
const isGone = (keep: Observed | undefined, phase: Phase): boolean =>
  keep === undefined && (phase === "Pending" || phase === "Stopped");

/** What is about to be replaced no longer stands for the Container: should it vanish now, it was us. */
function standing({ keep, activity }: Sight): Observed | undefined {
  return activity?.reason === "Replacing" ? undefined : keep;
}

/**
 * The status of a Container whose host does not answer. What has ended or was stopped is known all the same, and what
 * never ran does not run now. Who waits for its deletion is told in any case.
 */
export function unknownStatus(container: Container, reason: string, message: string, now: Date): ContainerStatus {
  const previous = container.status ?? {};
  const deleted = container.metadata.deletionTimestamp !== undefined;
  const known = previous.phase !== "Running" && previous.phase !== "Paused" && previous.phase !== "Unknown";
  if (known && previous.phase !== "Pending" && !deleted) return previous;
  const ready = draft("Ready", known ? "False" : "Unknown", reason, message, container.metadata.generation);
  return {
    ...previous,
    ...(known ? {} : { phase: "Unknown", summary: "Unknown" }),
    ...(deleted ? { summary: "Terminating" } : {}),
    message,
    conditions: [...setCondition(previous.conditions, ready, now)],
  };
}

/**
 * The status of a Container that has left its Host, for the scheduler to place anew, unless its restartPolicy forbids
 * another run. Its past stays: how often it started, and how its last run ended. `formerHosts`: where something of it may still run.
 */
export function evictedStatus(
  container: Container,
  { reason, message }: { readonly reason: string; readonly message: string },
  formerHosts: readonly string[],
  now: Date,
): ContainerStatus {
  const previous = container.status ?? {};
  const { generation } = container.metadata;
  const drafts: readonly ConditionDraft[] = [
    draft("DisruptionTarget", "True", reason, message, generation),
    draft("Scheduled", "False", reason, message, generation),
    draft("Ready", "False", reason, message, generation),
  ];
  const conditions = drafts.reduce<readonly Condition[]>(
    (all, one) => setCondition(all, one, now),
    (previous.conditions ?? []).filter(({ type }) => type !== "ImageReady" && type !== resizePending),
  );
  const { containerID, exitCode, startedAt, finishedAt } = previous;
  const lastState =
    startedAt === undefined
      ? previous.lastState
      : {
          ...(containerID === undefined ? {} : { containerID }),
          ...(exitCode === undefined ? {} : { exitCode }),
          reason,
          startedAt,
          finishedAt: finishedAt ?? formatTime(now),
        };
  // What must not run twice has had its run, and keeps the Host on which that was.
  const over = container.spec.restartPolicy === "Never" && startedAt !== undefined;
  return {
    ...(previous.observedGeneration === undefined ? {} : { observedGeneration: previous.observedGeneration }),
    ...(over
      ? {
          phase: "Failed",
          summary: reason,
          ...(previous.hostName === undefined ? {} : { hostName: previous.hostName }),
        }
      : { phase: "Pending", summary: "Pending" }),
    message,
    ...(formerHosts.length === 0 ? {} : { formerHosts: [...formerHosts] }),
    ...(previous.restartCount === undefined ? {} : { restartCount: previous.restartCount }),
    ...(lastState === undefined ? {} : { lastState }),
    conditions: [...conditions],
  };
}

/** The status without one of its former Hosts: nothing of it is there any more. */
export function withoutFormerHost(status: ContainerStatus, hostName: string): ContainerStatus {
  const { formerHosts = [], ...rest } = status;
  const left = formerHosts.filter((one) => one !== hostName);
  return left.length === 0 ? rest : { ...rest, formerHosts: left };
}

/** `45 % (3.1 of 6.9 MB)`; bytes alone where the total is not known yet. */
export function formatProgress(progress: PullProgress): string {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  if (progress.total === 0) return `${megabytes(progress.current)} MB`;
  const percent = Math.floor((100 * progress.current) / progress.total);
  return `${percent} % (${megabytes(progress.current)} of ${megabytes(progress.total)} MB)`;
}

function phaseOf(
  container: Container,
  keep: Observed | undefined,
  end: Ended | undefined,
  problem: Problem | undefined,
): Phase {
  if (end !== undefined) return end.phase;
  const { phase } = container.status ?? {};
  // Until it may run again it has ended: what it had is given back.
  if ((phase === "Succeeded" || phase === "Failed") && problem?.reason === resizePending && !isLive(keep)) return phase;
  // Between two runs, as with kubelet.
  if (keep?.state === "exited" && problem?.reason === crashLoop) return "Running";
  switch (keep?.state) {
    case "running":
    case "restarting":
      return "Running";
    case "paused":
      return "Paused";
    case "created":
    case "exited":
    case "removing":
    case "dead":
    case undefined:
      return container.spec.runState === "Stopped" ? "Stopped" : "Pending";
  }
}

/** Docker's first two restarts come within a second: only after them is it a loop worth the name. */
const restartsOfLoop = 3;

function summaryOf(phase: Phase, sight: Sight, end: Ended | undefined): string {
  const keep = standing(sight);
  if (end !== undefined) return end.reason;
  if (phase === "Pending") return sight.init?.done === false ? sight.init.summary : "ContainerCreating";
  if (keep?.state !== "restarting") return phase;
  if (keep.restarts >= restartsOfLoop) return crashLoop;
  return terminationReason(keep);
}

function terminationReason(keep: Observed): string {
  if (keep.oomKilled) return "OOMKilled";
  return keep.exitCode === 0 ? "Completed" : "Error";
}

function messageOf(previous: ContainerStatus, keep: Observed | undefined, end: Ended | undefined): string {
  if (end?.reason === "ContainerGone") {
    return "The container vanished from its host before it ended: nobody can tell how it went. Delete the object and apply it again to run it anew";
  }
  if (keep === undefined) return end === undefined ? "" : (previous.message ?? "");
  if (end?.reason === "Completed") return "";
  return end !== undefined || keep.state === "restarting" ? exitMessage(keep) : keep.error;
}

function exitMessage(keep: Observed): string {
  if (keep.oomKilled) return "The container was killed because it used more memory than its limit";
  if (keep.error !== "") return keep.error;
  return `The container ended with exit code ${keep.exitCode ?? "unknown"}`;
}

/** What is known of the present run, or of the last one where there is none. */
function runOf(
  previous: ContainerStatus,
  keep: Observed | undefined,
  end: Ended | undefined,
  imageDigest: string | undefined,
): Partial<ContainerStatus> {
  if (keep === undefined) {
    return {
      ...(previous.containerID === undefined ? {} : { containerID: previous.containerID }),
      ...(previous.imageID === undefined ? {} : { imageID: previous.imageID }),
      ...(previous.imageDigest === undefined ? {} : { imageDigest: previous.imageDigest }),
      ...(previous.startedAt === undefined ? {} : { startedAt: previous.startedAt }),
      ...(previous.finishedAt === undefined ? {} : { finishedAt: previous.finishedAt }),
      ...(previous.exitCode === undefined || end?.reason === "ContainerGone" ? {} : { exitCode: previous.exitCode }),
    };
  }
  // Docker keeps when the run before ended while the next one runs: that belongs to lastState.
  const over = keep.state === "exited" || keep.state === "restarting";
  return {
    containerID: containerID(keep),
    imageID: keep.imageID,
    ...(imageDigest === undefined ? {} : { imageDigest }),
    ...(keep.addresses.length === 0 ? {} : { addresses: keep.addresses.map((address) => ({ ...address })) }),
    ...(keep.startedAt === undefined ? {} : { startedAt: keep.startedAt }),
    ...(over && keep.finishedAt !== undefined ? { finishedAt: keep.finishedAt } : {}),
    ...(over && keep.exitCode !== undefined ? { exitCode: keep.exitCode } : {}),
  };
}

/**
 * How often it started again, and how the run before ended. Never counts down: Docker's own count does, at each start
 * by hand.
 */
function historyOf(previous: ContainerStatus, phase: Phase, sight: Sight): Partial<ContainerStatus> {
  const keep = standing(sight);
  const hadRun = previous.startedAt !== undefined && previous.startedAt !== keep?.startedAt;
  const over = hadRun && (keep !== undefined || isGone(keep, phase));
  const again = over && keep?.startedAt !== undefined;
  const lastState = over ? lastRun(previous, sight) : previous.lastState;
  return {
    restartCount: Math.max((previous.restartCount ?? 0) + (again ? 1 : 0), keep?.restarts ?? 0),
    ...(lastState === undefined ? {} : { lastState }),
  };
}

function lastRun(previous: ContainerStatus, sight: Sight): NonNullable<ContainerStatus["lastState"]> {
  const { before } = sight;
  const keep = standing(sight);
  if (before?.exitCode !== undefined && before.startedAt !== keep?.startedAt) {
    return {
      containerID: containerID(before),
      exitCode: before.exitCode,
      reason: terminationReason(before),
      ...(before.startedAt === undefined ? {} : { startedAt: before.startedAt }),
      ...(before.finishedAt === undefined ? {} : { finishedAt: before.finishedAt }),
    };
  }
  const same = keep !== undefined && previous.containerID === containerID(keep);
  const finishedAt = previous.finishedAt ?? (same ? keep.finishedAt : undefined);
  return {
    ...(previous.containerID === undefined ? {} : { containerID: previous.containerID }),
    ...(previous.exitCode === undefined ? {} : { exitCode: previous.exitCode }),
    reason: lastReason(previous.exitCode, sight.activity, same),
    ...(previous.startedAt === undefined ? {} : { startedAt: previous.startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
  };
}

function lastReason(exitCode: number | undefined, activity: Activity | undefined, same: boolean): string {
  if (exitCode !== undefined) return exitCode === 0 ? "Completed" : "Error";
  if (activity?.reason === "Replacing") return "Replaced";
  return same ? "Unknown" : "ContainerGone";
}

/** What is kept of one run for later: see {@link ContainerStatus}. */
function marksOf(previous: ContainerStatus, phase: Phase, sight: Sight): Partial<ContainerStatus> {
  const keep = standing(sight);
  const over = phase === "Stopped" || phase === "Succeeded" || phase === "Failed";
  const backoff = over || previous.phase === "Stopped" ? undefined : backoffOf(previous, keep, sight.now);
  const condemned = sight.condemned ?? previous.condemned;
  const postStarted = sight.postStarted ?? previous.postStarted;
  const inits = sight.init?.statuses ?? previous.initContainerStatuses ?? [];
  return {
    ...(backoff === undefined ? {} : { backoff }),
    ...(condemned !== undefined && condemned.startedAt === keep?.startedAt ? { condemned } : {}),
    ...(postStarted !== undefined && postStarted === keep?.startedAt ? { postStarted } : {}),
    ...(inits.length === 0 ? {} : { initContainerStatuses: initsOf(inits, previous, keep) }),
  };
}

/** Once the container is there, it no longer matters whether its init containers still are: what was said of them stays. */
function initsOf(
  inits: InitProgress["statuses"],
  previous: ContainerStatus,
  keep: Observed | undefined,
): NonNullable<ContainerStatus["initContainerStatuses"]> {
  const before = (name: string) => previous.initContainerStatuses?.find((one) => one.name === name);
  return inits.map((init) => (keep !== undefined && init.state === "Waiting" ? (before(init.name) ?? init) : init));
}

function conditionsOf(
  sight: Sight,
  phase: Phase,
  summary: string,
  message: string,
  end: Ended | undefined,
): Condition[] {
  const { container, generation, now } = sight;
  const drafts = [
    imageReady(sight),
    ready(sight, phase, summary, message),
    ...wellness(sight, phase),
    pending(sight, end),
  ];
  const kept = (container.status?.conditions ?? []).filter(({ type }) => !isStale(type, drafts));
  return [
    ...drafts.reduce<readonly Condition[]>(
      (all, one) => (one === undefined ? all : setCondition(all, { ...given(generation), ...one }, now)),
      kept,
    ),
  ];
}

const given = (generation: number | undefined): object =>
  generation === undefined ? {} : { observedGeneration: generation };

/** Those that are there only where something tells of them. */
function isStale(type: string, drafts: readonly (ConditionDraft | undefined)[]): boolean {
  const passing = type === "Healthy" || type === "Started" || type === resizePending;
  return passing && !drafts.some((one) => one?.type === type);
}

/**
 * Asks the scheduler for what is to be set aside, together with the first word of the new spec: from then on nobody takes
 * that for what it runs with. Where the scheduler has answered, its words stay.
 */
function pending({ container, generation, problem }: Sight, end: Ended | undefined): ConditionDraft | undefined {
  const waits = end === undefined ? !isAllotted(container) : problem?.reason === resizePending;
  if (!waits) return undefined;
  const answer = findCondition(container.status?.conditions, resizePending);
  return answer ?? draft(resizePending, "True", "Deferred", "", generation);
}

function wellness(sight: Sight, phase: Phase): readonly (ConditionDraft | undefined)[] {
  const { container, verdict } = sight;
  const keep = standing(sight);
  const runs = keep?.state === "running" && phase === "Running";
  const about = (type: string, finding: Finding | undefined): ConditionDraft | undefined =>
    finding && { type, ...finding };
  if (runs && sight.outlives === true)
    return ["Started", "Healthy"].map((type) => findCondition(container.status?.conditions, type));
  if (runs) return [about("Started", started(container, verdict)), about("Healthy", healthy(container, keep, verdict))];
  const none = (type: string): ConditionDraft | undefined =>
    findCondition(container.status?.conditions, type) && { type, status: "Unknown", reason: "NotRunning", message: "" };
  return [none("Started"), none("Healthy")];
}

const imageProblems: ReadonlySet<string> = new Set(["ErrImagePull", "ErrImageNeverPull", "InvalidImageName"]);

function imageReady({ generation, activity, problem, keep }: Sight): ConditionDraft | undefined {
  if (activity?.reason === "Pulling") return draft("ImageReady", "False", "Pulling", activity.message, generation);
  if (problem !== undefined && imageProblems.has(problem.reason)) {
    return draft("ImageReady", "False", problem.reason, problem.message, generation);
  }
  return keep === undefined ? undefined : draft("ImageReady", "True", "ImagePresent", "", generation);
}

/**
 * While something is in the way of a new spec, the container that runs is still ready for the spec before: the
 * condition says so by its observedGeneration, which `kubectl wait` looks at (kubectl/pkg/cmd/wait/condition.go).
 */
function ready(sight: Sight, phase: Phase, summary: string, message: string): ConditionDraft {
  const { generation, activity, problem, keep, container } = sight;
  const ending = activity?.reason === "Terminating" || activity?.reason === "Restarting";
  const runs = keep?.state === "running" && phase === "Running" && !ending;
  if (!runs) return draft("Ready", "False", summary, message, generation);
  const said = outlived(sight, "Ready");
  if (said !== undefined) return said;
  const lacking = unready(withMarks(sight), keep, sight.verdict);
  if (lacking !== undefined) return { type: "Ready", ...lacking, ...given(generation) };
  if (problem === undefined && activity === undefined) return draft("Ready", "True", "Running", "", generation);
  const asOf = findCondition(container.status?.conditions, "Ready")?.observedGeneration ?? 0;
  return draft("Ready", "True", "Running", "", asOf);
}

/** The Container as it is once this status is written, as far as what runs is concerned. */
function withMarks({ container, condemned, postStarted, outlives }: Sight): Container {
  const marks = { ...(condemned && { condemned }), ...(postStarted !== undefined && { postStarted }) };
  const { lifecycle, ...spec } = container.spec;
  return {
    ...container,
    spec: outlives === true || lifecycle === undefined ? spec : { ...spec, lifecycle },
    status: { ...container.status, ...marks },
  };
}

/** What was said of a run that outlives its spec stands where nothing tells of it any more: nobody knows its probes. */
function outlived({ container, keep, verdict, outlives }: Sight, type: string): Condition | undefined {
  const { phase, startedAt, conditions } = container.status ?? {};
  if (outlives !== true || phase !== "Running" || startedAt !== keep?.startedAt) return undefined;
  return verdict === undefined && keep?.health === undefined ? findCondition(conditions, type) : undefined;
}

function draft(
  type: string,
  status: Condition["status"],
  reason: string,
  message: string,
  generation: number | undefined,
): ConditionDraft {
  return { type, status, reason, message, ...(generation === undefined ? {} : { observedGeneration: generation }) };
}
