/** Decides what to do on a host so that one Container is as asked. Pure: the same plan is what a dry run prints. */
import { isAllotted, resizePending } from "../../crds/allocation.ts";
import type { Container, ContainerSpec } from "../../crds/container.ts";
import { hasEnded } from "../../crds/disruption.ts";
import type { InPlace, Observed, Step } from "../../drivers/driver.ts";
import { copiedMounts } from "../../drivers/own-volumes.ts";
import { changedFields } from "../../drivers/spec-hash.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Backoff } from "./crash-loop.ts";
import { backoffMessage, backoffOf, crashLoop, isRunning, runsWellInMs, waitMs } from "./crash-loop.ts";
import type { Failure, Problem } from "./failure.ts";
import { retryAfterMs } from "./failure.ts";
import { awaitsPostStart, isCondemned } from "./health.ts";
import type { InitProgress } from "./init.ts";
import { creation, imagesOf, initProgress } from "./init.ts";
import { changedSpec } from "./placed.ts";
import { pullPolicy, pullSteps } from "./pulling.ts";

/** What the host would show if the Container were as asked. */
export interface Wanted {
  readonly specHash: Readonly<Record<string, string>>;
  readonly inPlace: InPlace;
  /** Digest per ConfigMap and Secret that it uses; absent where nobody can tell. */
  readonly config?: Readonly<Record<string, string>>;
  /** Digest of what each volume of files should hold that the container shows; without those of which nobody can tell. */
  readonly files?: Readonly<Record<string, string>>;
  /** What it needs of other objects and is not there: nothing can be created. */
  readonly missing?: string;
}

/** What is done, in its turn: a step of the host's, or a hook of the spec's. */
export type Action =
  | Step
  | { readonly do: "postStart"; readonly id: string; readonly startedAt: string }
  /** Its time counts as grace: the stop that follows has so much less. */
  | { readonly do: "preStop"; readonly id: string; readonly graceSeconds: number };

export interface PlanInput {
  /** With its status as last written: it says what happened before, which the host alone cannot tell. */
  readonly container: Container;
  readonly observed: readonly Observed[];
  readonly wanted: Wanted;
  /** Images that the host lacks, of those that {@link imagesAsked} names. */
  readonly missingImages: ReadonlySet<string>;
  /** The digest that the image's tag stands for by now, where another image runs and spec.imageUpdatePolicy is given. */
  readonly movedTo?: string | undefined;
  /** Digest of what the volumes of {@link Plan.keep} hold. Only asked about where {@link needsFiles}. */
  readonly files?: Readonly<Record<string, string>>;
  /** How the last attempt failed, if it did: until it may be repeated, nothing is done but to end a run that is condemned. */
  readonly failure: Failure | undefined;
  readonly now: Date;
}

export interface Plan {
  /** What stands for the Container on its host. */
  readonly keep: Observed | undefined;
  /** In order; none when the Container is as asked, or as near to it as can be now. */
  readonly steps: readonly Action[];
  /** The fields of the spec whose change makes a new container necessary. */
  readonly replacing: readonly string[];
  /** Why a new container is made although the old one is there: `image, tty changed`; undefined where none is. */
  readonly why?: string;
  /** What changes in place: `cpuLimit 0 -> 0.5`. */
  readonly updating: readonly string[];
  readonly init: InitProgress;
  /** Why there is nothing to do although the Container is not as asked. */
  readonly problem?: Problem;
  /** When to plan again although nothing may have changed by then. */
  readonly retryAfterMs?: number;
  /** Whether that is because a container is on its way out, of which nothing need be said. */
  readonly leaving?: true;
}

/** How long to wait for a container that is being removed, should its event be lost. */
const removalRetryMs = 1_000;

type Basis = Pick<Plan, "keep" | "replacing" | "why" | "updating" | "init">;

export function plan(input: PlanInput): Plan {
  const { container, wanted, failure, now } = input;
  const { spec } = container;
  const { keep, others, leaving } = choose(
    input.observed.filter((one) => one.initContainer === undefined),
    wanted.specHash,
    container.metadata.uid,
  );
  const inits = input.observed.filter((one) => one.initContainer !== undefined);
  const renewed = keep !== undefined && input.movedTo !== undefined;
  const init = initProgress({ ...input, observed: inits, renewed });
  const basis: Basis = { keep, replacing: [], updating: [], init };

  if (failure !== undefined && failure.generation === container.metadata.generation) {
    const left = retryAfterMs(failure, now);
    if (left > 0) {
      const ends = keep !== undefined && mustEnd(container, keep) && !hindersEnd.has(failure.problem.reason);
      const steps = ends ? endOfCondemned(container, keep, backoffFor(container, keep, now)) : [];
      return { ...basis, steps, problem: failure.problem, retryAfterMs: left };
    }
  }

  const surplus = [
    ...others.flatMap((other) => removal(other, spec, surplusReason(other, keep))),
    ...init.stale
      .filter(({ state }) => state !== "removing")
      .flatMap((one) => removal(one, spec, "it was run for an earlier container")),
  ];
  const replacing = keep === undefined || spec.runState === "Stopped" ? [] : changes(container, wanted, keep);
  const why = replacementReason(replacing, keep === undefined ? undefined : input.movedTo);
  const pending = awaitsRoom(container);
  // What runs goes on as it was, until there is room for what is to take its place.
  const goesOn = pending !== undefined && !hasEnded(container);
  if (keep === undefined || (why !== undefined && !goesOn)) {
    const created = { ...basis, replacing, ...(why === undefined ? {} : { why }) };
    return planCreation(input, created, surplus, leaving, inits);
  }
  if (ended(container, keep) !== undefined) return { ...basis, steps: surplus };
  if ((isStillborn(keep, spec) || keep.isUnstartable === true) && spec.runState !== "Stopped") {
    if (pending !== undefined) return { ...basis, steps: surplus, problem: pending };
    if (wanted.missing !== undefined) return { ...basis, steps: surplus, problem: missingInput(wanted.missing) };
    const again =
      keep.error === "" ? "it was never started, and may lack files" : `the host could not start it: ${keep.error}`;
    return { ...basis, steps: [...surplus, ...removal(keep, spec, again), ...creation(container)] };
  }
  return planRun(input, { ...basis, replacing }, keep, surplus);
}

/** While the scheduler has not set aside for it what its spec asks for, nothing is made from that spec. */
function awaitsRoom(container: Container): Problem | undefined {
  if (isAllotted(container)) return undefined;
  const why = findCondition(container.status?.conditions, resizePending)?.message ?? "";
  const message =
    why === "" ? "Waits for the scheduler to set aside what it asks for on its Host" : `Waits for room: ${why}`;
  return { reason: resizePending, summary: resizePending, message };
}

/** There is none, or one that was made from another spec. */
function planCreation(
  { container, wanted, missingImages, movedTo }: PlanInput,
  basis: Basis,
  surplus: readonly Action[],
  leaving: boolean,
  inits: readonly Observed[],
): Plan {
  const { keep, init, why } = basis;
  const { spec } = container;
  if (spec.runState === "Stopped") {
    const running = inits.filter((one) => isLive(one) && !init.stale.includes(one));
    return { ...basis, steps: [...surplus, ...running.flatMap((one) => ending(one, spec))] };
  }
  if (keep === undefined && ended(container, undefined, init) !== undefined) return { ...basis, steps: surplus };
  // A host gives a name free only once its holder is gone.
  if (keep === undefined && leaving) return { ...basis, steps: surplus, retryAfterMs: removalRetryMs, leaving: true };
  const pending = awaitsRoom(container);
  if (pending !== undefined) return { ...basis, steps: surplus, problem: pending };
  if (wanted.missing !== undefined) return { ...basis, steps: surplus, problem: missingInput(wanted.missing) };
  const pulling = pullSteps(spec, !missingImages.has(spec.image), keep !== undefined && movedTo !== undefined);
  const { problem = init.problem, retryAfterMs: later = init.retryAfterMs } = pulling;
  if (problem !== undefined) {
    return { ...basis, steps: surplus, problem, ...(later === undefined ? {} : { retryAfterMs: later }) };
  }
  const isPull = (step: Step): boolean => step.do === "pull";
  return {
    ...basis,
    steps: [
      ...surplus,
      // Before anything is stopped: the old container serves while the image comes, and outlives one that cannot be had.
      ...(init.done || keep !== undefined ? pulling.steps : []),
      ...init.steps.filter(isPull),
      ...(keep === undefined || why === undefined ? [] : removal(keep, spec, why)),
      ...(init.done ? creation(container) : init.steps.filter((step) => !isPull(step))),
    ],
  };
}

/** There is one as it should be; what remains is whether and how it runs. */
function planRun(input: PlanInput, basis: Basis, keep: Observed, surplus: readonly Action[]): Plan {
  const { container, wanted, now } = input;
  const { spec, status } = container;
  const { replacing } = basis;
  const { id } = keep;
  const pending = awaitsRoom(container);
  const waits = pending !== undefined && spec.runState !== "Stopped";
  // Whatever it held is given back: even as it was it may not run.
  if (waits && hasEnded(container)) return { ...basis, steps: surplus, problem: pending };
  const { restartPolicy } = wanted.inPlace;
  const asked = pending === undefined ? wanted.inPlace : { ...keep.inPlace, restartPolicy };
  const backoff = backoffFor(container, keep, now);
  const updating = differences(asked, keep.inPlace);
  // While it keeps ending, its host leaves it alone: see crash-loop.ts.
  const inPlace: InPlace = backoff === undefined ? asked : { ...asked, restartPolicy: "Never" };
  const before: readonly Action[] = [
    ...surplus,
    ...(differences(inPlace, keep.inPlace).length === 0 ? [] : [{ do: "update", id, to: inPlace } as const]),
  ];
  const made: Basis = { ...basis, updating: backoff === undefined ? updating : updating.filter(isNoPolicy) };

  if (mustEnd(container, keep)) {
    return { ...made, steps: [...before, ...endOfCondemned(container, keep, backoff)] };
  }

  const fresh = status?.observedGeneration !== container.metadata.generation;
  const left = fresh || keep.state !== "exited" ? 0 : waitMs(backoff, now);
  if (backoff !== undefined && left > 0) {
    const message = backoffMessage(backoff, "container");
    const problem = { reason: crashLoop, summary: crashLoop, message } as const;
    return { ...made, steps: [...before, ...writes(input, keep)], problem, retryAfterMs: left };
  }
  const hook =
    !(waits && replacing.length > 0) &&
    keep.state === "running" &&
    keep.startedAt !== undefined &&
    awaitsPostStart(container, keep);
  return {
    ...made,
    ...(waits ? { problem: pending } : {}),
    steps: [
      ...before,
      ...writes(input, keep),
      ...(hook && spec.runState !== "Stopped"
        ? [{ do: "postStart", id, startedAt: keep.startedAt ?? "" } as const]
        : []),
      ...towards(spec, keep),
    ],
    ...(backoff !== undefined && isRunning(keep) ? { retryAfterMs: runsWellInMs(keep, now) } : {}),
  };
}

function backoffFor({ spec, status }: Container, keep: Observed, now: Date): Backoff | undefined {
  const stopped = spec.runState === "Stopped" || status?.phase === "Stopped";
  return stopped ? undefined : backoffOf(status ?? {}, keep, now);
}

const mustEnd = (container: Container, keep: Observed): boolean =>
  isLive(keep) && isCondemned(container, keep) && container.spec.runState !== "Stopped";

/** What was refused where these are the reasons may be the end of the run itself: that must not be asked again at once. */
const hindersEnd: ReadonlySet<Problem["reason"]> = new Set(["StopError", "NotConverging"]);

/** Ends a run that is not well; the next one begins at once unless it has to wait. */
function endOfCondemned({ spec, status }: Container, keep: Observed, backoff: Backoff | undefined): readonly Action[] {
  const again = spec.restartPolicy !== "Never" && backoff === undefined;
  const end = ending(keep, spec, status?.condemned?.graceSeconds);
  return [...end, ...(again ? [{ do: "start", id: keep.id } as const] : [])];
}

const isNoPolicy = (change: string): boolean => !change.startsWith("restartPolicy ");

/** Whether what runs was made from another spec, and goes on until there is room for what is to take its place. */
export const outlives = ({ problem, replacing }: Pick<Plan, "problem" | "replacing">): boolean =>
  problem?.reason === resizePending && replacing.length > 0;

/** The images whose presence on the host decides anything in this plan. */
export function imagesAsked({ spec }: Container, made: Plan): readonly string[] {
  const creates = made.steps.some((step) => step.do === "create");
  const asked = imagesOf(spec).filter((one) => pullPolicy(one) !== "Always");
  return creates ? [...new Set(asked.map(({ image }) => image))] : [];
}

/** Whether {@link PlanInput.files} decides anything in this plan. */
export function needsFiles(wanted: Wanted, made: Plan): boolean {
  if (made.keep === undefined) return false;
  const { problem, replacing } = made;
  const goesOn = problem?.reason === resizePending && !replacing.some((field) => field.startsWith("volume"));
  if (problem !== undefined && !goesOn) return false;
  return Object.keys(wanted.files ?? {}).length > 0 && !made.steps.some((step) => step.do === "create");
}

/** What takes all of a Container off a host. Done when nothing is observed any more. */
export function planRemoval(spec: ContainerSpec, observed: readonly Observed[], why: string): readonly Action[] {
  return observed.filter((one) => one.state !== "removing").flatMap((one) => removal(one, spec, why));
}

export interface Ended {
  readonly phase: "Succeeded" | "Failed";
  /** As kubectl shows it: Completed, Error, OOMKilled; ContainerGone where nobody can tell any more. */
  readonly reason: string;
}

/**
 * Whether the Container has done what it is for and must not run again. A run that was cut short because runState
 * said Stopped has not ended, whatever its exit code: many programs answer SIGTERM with 0.
 * Source of the rule for a run that nobody saw end: kubelet's ContainerStatusUnknown (kubernetes/pkg/kubelet/kubelet_pods.go).
 */
export function ended(
  container: Container,
  keep: Observed | undefined,
  init?: Pick<InitProgress, "ended">,
): Ended | undefined {
  const { spec, status } = container;
  if (spec.restartPolicy === "Always") return undefined;
  const phase = status?.phase;
  if (keep === undefined) {
    if (init?.ended !== undefined) return init.ended;
    if (phase === "Succeeded" || (phase === "Failed" && spec.restartPolicy === "Never")) {
      return { phase, reason: status?.summary ?? phase };
    }
    const hadRun = phase === "Running" || phase === "Paused" || phase === "Unknown";
    return spec.restartPolicy === "Never" && hadRun ? { phase: "Failed", reason: "ContainerGone" } : undefined;
  }
  if (keep.state !== "exited") return undefined;
  const over = phase === "Succeeded" || phase === "Failed";
  if (!over && (spec.runState === "Stopped" || cutShort(status, keep))) return undefined;
  // What we end because it is not well has not done what it is for, whatever it answers.
  const condemned = isCondemned(container, keep);
  if (keep.exitCode === 0 && !condemned) return { phase: "Succeeded", reason: "Completed" };
  if (spec.restartPolicy === "OnFailure") return undefined;
  return { phase: "Failed", reason: keep.oomKilled ? "OOMKilled" : "Error" };
}

/** Whether the run that `keep` remembers was stopped by us; Pending is what follows when it then cannot be started. */
function cutShort(status: Container["status"], keep: Observed): boolean {
  if (status?.phase === "Stopped") return true;
  return status?.phase === "Pending" && status.startedAt !== undefined && status.startedAt === keep.startedAt;
}

interface Choice {
  readonly keep: Observed | undefined;
  readonly others: readonly Observed[];
  /** Whether one is on its way out already. */
  readonly leaving: boolean;
}

/** The one that comes closest to what is asked: same spec, then running, then made for this very object, then oldest. */
function choose(observed: readonly Observed[], specHash: Wanted["specHash"], uid: string): Choice {
  const present = observed.filter((one) => one.state !== "removing");
  const rank = (one: Observed): readonly (number | string)[] => [
    changedFields(specHash, one.specHash).length === 0 ? 0 : 1,
    isLive(one) ? 0 : 1,
    one.uid === uid ? 0 : 1,
    one.startedAt ?? "9999",
    one.id,
  ];
  const [keep] = present.filter((one) => one.state !== "dead").sort((a, b) => compare(rank(a), rank(b)));
  return { keep, others: present.filter((one) => one !== keep), leaving: present.length < observed.length };
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  if (at < 0) return 0;
  return (a[at] ?? "") < (b[at] ?? "") ? -1 : 1;
}

export const isLive = (one: Observed | undefined): boolean =>
  one?.state === "running" || one?.state === "paused" || one?.state === "restarting";

/**
 * Refused when it was to start for the first time. Nothing is in it that could be lost, and another may well start
 * where this one never will: an Engine that was killed in the middle of a start keeps half of it. And where files are
 * copied into a container between its creation and its start, nobody can tell whether they were.
 */
const isStillborn = (one: Observed, spec: ContainerSpec): boolean =>
  one.state === "created" && (one.error !== "" || copiedMounts(spec.volumes, spec.volumeMounts).length > 0);

/** What makes another container necessary: fields of the spec, and objects where the spec says that they count. */
function changes(container: Container, wanted: Wanted, keep: Observed): readonly string[] {
  const { restartOnConfigChange } = container.spec;
  const config = restartOnConfigChange && wanted.config !== undefined ? wanted.config : keep.config;
  return [...changedSpec(container, wanted, keep), ...changedFields(config, keep.config)];
}

/** What is to stop does so first: a full disk must not keep it running. */
function writes({ container, wanted, files: found }: PlanInput, keep: Observed): readonly Step[] {
  if (found === undefined || (container.spec.runState === "Stopped" && isLive(keep))) return [];
  const volumes = Object.entries(wanted.files ?? {}).flatMap(([name, digest]) =>
    found[name] === digest ? [] : [name],
  );
  return volumes.length === 0 ? [] : [{ do: "write", id: keep.id, uid: keep.uid, volumes }];
}

function missingInput(message: string): Problem {
  return { reason: "CreateContainerConfigError", summary: "CreateContainerConfigError", message };
}

function surplusReason(other: Observed, keep: Observed | undefined): string {
  if (other.state === "dead") return "the host failed to remove it";
  return `its Container has another one, ${keep?.hostSideName ?? "being made"}`;
}

function removal(one: Observed, spec: ContainerSpec, why: string): readonly Action[] {
  const volumes = one.volumes.length === 0 ? {} : { volumes: one.volumes };
  return [...(isLive(one) ? ending(one, spec) : []), { do: "remove", id: one.id, why, ...volumes }];
}

function replacementReason(replacing: readonly string[], movedTo: string | undefined): string | undefined {
  const reasons = [
    ...(replacing.length === 0 ? [] : [`${replacing.join(", ")} changed`]),
    ...(movedTo === undefined ? [] : [`image moved to ${movedTo}`]),
  ];
  return reasons.length === 0 ? undefined : reasons.join(", ");
}

/** Its hook, where it can still run, and then the stop. kubelet leaves out the hook where there is no grace. */
function ending(one: Observed, spec: ContainerSpec, graceSeconds = spec.terminationGracePeriodSeconds): Action[] {
  const { id } = one;
  const hook = spec.lifecycle?.preStop !== undefined && one.initContainer === undefined && one.state === "running";
  const stop = { do: "stop", id, graceSeconds } as const;
  return hook && graceSeconds > 0 ? [{ do: "preStop", id, graceSeconds }, stop] : [stop];
}

function differences(wanted: InPlace, found: InPlace): readonly string[] {
  return inPlaceFields
    .filter((field) => wanted[field] !== found[field])
    .map((field) => `${field} ${found[field]} -> ${wanted[field]}`);
}

const inPlaceFields = [
  "restartPolicy",
  "cpuLimit",
  "cpuShares",
  "memoryLimit",
  "memoryReservation",
  "cpuset",
  "pidsLimit",
] as const satisfies readonly (keyof InPlace)[];

/** From how it is to how runState asks for it. */
function towards(spec: ContainerSpec, keep: Observed): readonly Action[] {
  const { id } = keep;
  switch (spec.runState) {
    case "Running":
      if (keep.state === "paused") return [{ do: "unpause", id }];
      return isLive(keep) ? [] : [{ do: "start", id }];
    case "Stopped":
      return isLive(keep) ? ending(keep, spec) : [];
    case "Paused":
      // Between two runs there is nothing to pause: the next start wakes us.
      if (keep.state === "paused" || keep.state === "restarting") return [];
      return [...(isLive(keep) ? [] : [{ do: "start", id } as const]), { do: "pause", id }];
  }
}
