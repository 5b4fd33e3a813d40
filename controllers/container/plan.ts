/** Decides what to do on a host so that one Container is as asked. Pure: the same plan is what a dry run prints. */
import type { Container, ContainerSpec } from "../../crds/container.ts";
import type { InPlace, Observed, Step } from "../../drivers/driver.ts";
import { copiedMounts, needsPreparation } from "../../drivers/own-volumes.ts";
import { changedFields } from "../../drivers/spec-hash.ts";
import type { Failure, Problem } from "./failure.ts";
import { retryAfterMs } from "./failure.ts";

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

export interface PlanInput {
  /** With its status as last written: it says what happened before, which the host alone cannot tell. */
  readonly container: Container;
  readonly observed: readonly Observed[];
  readonly wanted: Wanted;
  /** Whether the host has the image. Only asked about where {@link needsImage}. */
  readonly imagePresent: boolean;
  /** Digest of what the volumes of {@link Plan.keep} hold. Only asked about where {@link needsFiles}. */
  readonly files?: Readonly<Record<string, string>>;
  /** How the last attempt failed, if it did: until it may be repeated, nothing is done. */
  readonly failure: Failure | undefined;
  readonly now: Date;
}

export interface Plan {
  /** What stands for the Container on its host. */
  readonly keep: Observed | undefined;
  /** In order; none when the Container is as asked, or as near to it as can be now. */
  readonly steps: readonly Step[];
  /** The fields of the spec whose change makes a new container necessary. */
  readonly replacing: readonly string[];
  /** What changes in place: `cpuLimit 0 -> 0.5`. */
  readonly updating: readonly string[];
  /** Why there is nothing to do although the Container is not as asked. */
  readonly problem?: Problem;
  /** When to plan again although nothing may have changed by then. */
  readonly retryAfterMs?: number;
}

/** How long to wait for a missing image that may not be pulled: somebody has to load it, which no event tells. */
const neverPullRetryMs = 10_000;
/** How long to wait for a container that is being removed, should its event be lost. */
const removalRetryMs = 1_000;

export function plan(input: PlanInput): Plan {
  const { container, wanted, failure, now } = input;
  const { spec } = container;
  const { keep, others, leaving } = choose(input.observed, wanted.specHash, container.metadata.uid);
  const nothing = { keep, steps: [], replacing: [], updating: [] };

  if (failure !== undefined && failure.generation === container.metadata.generation) {
    const left = retryAfterMs(failure, now);
    if (left > 0) return { ...nothing, problem: failure.problem, retryAfterMs: left };
  }

  const surplus = others.flatMap((other) => removal(other, spec, surplusReason(other, keep)));
  const replacing = keep === undefined || spec.runState === "Stopped" ? [] : changes(spec, wanted, keep);

  if (keep === undefined || replacing.length > 0) {
    if (spec.runState === "Stopped" || (keep === undefined && ended(container, undefined) !== undefined)) {
      return { ...nothing, steps: surplus };
    }
    // A host gives a name free only once its holder is gone.
    if (keep === undefined && leaving) return { ...nothing, steps: surplus, retryAfterMs: removalRetryMs };
    if (wanted.missing !== undefined) return { ...nothing, steps: surplus, problem: missingInput(wanted.missing) };
    if (pullPolicy(spec) === "Never" && !input.imagePresent) {
      return { ...nothing, steps: surplus, problem: neverPull(spec), retryAfterMs: neverPullRetryMs };
    }
    return {
      ...nothing,
      replacing,
      steps: [
        ...surplus,
        // Before anything is stopped: the old container serves while the image comes, and outlives one that cannot be had.
        ...pulls(spec, input.imagePresent),
        ...(keep === undefined ? [] : removal(keep, spec, `${replacing.join(", ")} changed`)),
        ...creation(container),
      ],
    };
  }

  if (ended(container, keep) !== undefined) return { ...nothing, steps: surplus };
  if (isStillborn(keep, spec) && spec.runState !== "Stopped") {
    if (wanted.missing !== undefined) return { ...nothing, steps: surplus, problem: missingInput(wanted.missing) };
    const why =
      keep.error === "" ? "it was never started, and may lack files" : `the host could not start it: ${keep.error}`;
    return { ...nothing, steps: [...surplus, ...removal(keep, spec, why), ...creation(container)] };
  }

  const updating = differences(wanted.inPlace, keep.inPlace);
  return {
    ...nothing,
    updating,
    steps: [
      ...surplus,
      ...(updating.length === 0 ? [] : [{ do: "update", id: keep.id, to: wanted.inPlace } as const]),
      ...writes(wanted, input.files, keep),
      ...towards(spec, keep),
    ],
  };
}

/** Whether {@link PlanInput.imagePresent} decides anything in this plan. */
export function needsImage(spec: ContainerSpec, made: Plan): boolean {
  return pullPolicy(spec) !== "Always" && made.steps.some((step) => step.do === "create");
}

/** Whether {@link PlanInput.files} decides anything in this plan. */
export function needsFiles(wanted: Wanted, made: Plan): boolean {
  if (made.keep === undefined || made.problem !== undefined) return false;
  return Object.keys(wanted.files ?? {}).length > 0 && !made.steps.some((step) => step.do === "create");
}

/** What takes all of a Container off a host. Done when nothing is observed any more. */
export function planRemoval(spec: ContainerSpec, observed: readonly Observed[], why: string): readonly Step[] {
  return observed.filter((one) => one.state !== "removing").flatMap((one) => removal(one, spec, why));
}

/** When the image is pulled. Source: SetDefaults_Container in kubernetes/pkg/apis/core/v1/defaults.go. */
export function pullPolicy(
  spec: Pick<ContainerSpec, "image" | "imagePullPolicy">,
): "Always" | "IfNotPresent" | "Never" {
  if (spec.imagePullPolicy !== undefined) return spec.imagePullPolicy;
  if (spec.image.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(spec.image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
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
export function ended(container: Container, keep: Observed | undefined): Ended | undefined {
  const { spec, status } = container;
  if (spec.restartPolicy === "Always") return undefined;
  const phase = status?.phase;
  if (keep === undefined) {
    if (phase === "Succeeded" || (phase === "Failed" && spec.restartPolicy === "Never")) {
      return { phase, reason: status?.summary ?? phase };
    }
    const hadRun = phase === "Running" || phase === "Paused" || phase === "Unknown";
    return spec.restartPolicy === "Never" && hadRun ? { phase: "Failed", reason: "ContainerGone" } : undefined;
  }
  if (keep.state !== "exited") return undefined;
  const over = phase === "Succeeded" || phase === "Failed";
  if (!over && (spec.runState === "Stopped" || cutShort(status, keep))) return undefined;
  if (keep.exitCode === 0) return { phase: "Succeeded", reason: "Completed" };
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

const isLive = (one: Observed): boolean =>
  one.state === "running" || one.state === "paused" || one.state === "restarting";

/**
 * Refused when it was to start for the first time. Nothing is in it that could be lost, and another may well start
 * where this one never will: an Engine that was killed in the middle of a start keeps half of it. And where files are
 * copied into a container between its creation and its start, nobody can tell whether they were.
 */
const isStillborn = (one: Observed, spec: ContainerSpec): boolean =>
  one.state === "created" && (one.error !== "" || copiedMounts(spec.volumes, spec.volumeMounts).length > 0);

/** What makes another container necessary: fields of the spec, and objects where the spec says that they count. */
function changes(spec: ContainerSpec, wanted: Wanted, keep: Observed): readonly string[] {
  const config = spec.restartOnConfigChange && wanted.config !== undefined ? wanted.config : keep.config;
  return [...changedFields(wanted.specHash, keep.specHash), ...changedFields(config, keep.config)];
}

function creation(container: Container): readonly Step[] {
  return [
    ...(needsPreparation(container.spec) ? [{ do: "prepare", container } as const] : []),
    { do: "create", container, start: true },
  ];
}

function writes(wanted: Wanted, found: PlanInput["files"], keep: Observed): readonly Step[] {
  if (found === undefined) return [];
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

function removal(one: Observed, spec: ContainerSpec, why: string): readonly Step[] {
  const stop: Step = { do: "stop", id: one.id, graceSeconds: spec.terminationGracePeriodSeconds };
  const volumes = one.volumes.length === 0 ? {} : { volumes: one.volumes };
  const remove: Step = { do: "remove", id: one.id, why, ...volumes };
  return isLive(one) ? [stop, remove] : [remove];
}

function pulls(spec: ContainerSpec, imagePresent: boolean): readonly Step[] {
  const always = pullPolicy(spec) === "Always";
  return always || !imagePresent ? [{ do: "pull", image: spec.image, always }] : [];
}

function neverPull(spec: ContainerSpec): Problem {
  return {
    reason: "ErrImageNeverPull",
    summary: "ErrImageNeverPull",
    message: `Image "${spec.image}" is not on the host and imagePullPolicy is Never: load it there, or set another policy`,
  };
}

function differences(wanted: InPlace, found: InPlace): readonly string[] {
  return inPlaceFields
    .filter((field) => wanted[field] !== found[field])
    .map((field) => `${field} ${found[field]} -> ${wanted[field]}`);
}

const inPlaceFields = ["restartPolicy", "cpuLimit", "cpuShares", "memoryLimit", "memoryReservation"] as const;

/** From how it is to how runState asks for it. */
function towards(spec: ContainerSpec, keep: Observed): readonly Step[] {
  const { id } = keep;
  switch (spec.runState) {
    case "Running":
      if (keep.state === "paused") return [{ do: "unpause", id }];
      return isLive(keep) ? [] : [{ do: "start", id }];
    case "Stopped":
      return isLive(keep) ? [{ do: "stop", id, graceSeconds: spec.terminationGracePeriodSeconds }] : [];
    case "Paused":
      // Between two runs there is nothing to pause: the next start wakes us.
      if (keep.state === "paused" || keep.state === "restarting") return [];
      return [...(isLive(keep) ? [] : [{ do: "start", id } as const]), { do: "pause", id }];
  }
}
