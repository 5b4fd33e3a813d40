/** What becomes of a Container's init containers: one after the other, each until it succeeds. Pure. */
import type { Container, ContainerSpec, InitContainer, InitContainerStatus } from "../../crds/container.ts";
import { initSpec } from "../../crds/container.ts";
import type { Observed, Step } from "../../drivers/driver.ts";
import { copiedMounts, needsPreparation } from "../../drivers/own-volumes.ts";
import { changedFields } from "../../drivers/spec-hash.ts";
import { backoffMessage, backoffOf, containerID, crashLoop, isRunning, waitMs } from "./crash-loop.ts";
import type { Problem } from "./failure.ts";
import type { Ended, Wanted } from "./plan.ts";
import { changedSpec } from "./placed.ts";
import { pullSteps } from "./pulling.ts";

export interface InitProgress {
  /** Whether the container itself may be made. */
  readonly done: boolean;
  /** Towards the end of the next one; none while one runs. */
  readonly steps: readonly Step[];
  /** Those of an earlier container, or of no use any more. */
  readonly stale: readonly Observed[];
  readonly statuses: readonly InitContainerStatus[];
  /** As kubectl shows it: Init:1/2, Init:Error. */
  readonly summary: string;
  /** Set when one failed that may not be tried again. */
  readonly ended?: Ended;
  readonly problem?: Problem;
  readonly retryAfterMs?: number;
}

export interface InitInput {
  readonly container: Container;
  /** Those that exist of the Container's init containers. */
  readonly observed: readonly Observed[];
  readonly wanted: Pick<Wanted, "specHash" | "config">;
  /** Whether the container is replaced for another reason than its spec. */
  readonly renewed?: boolean;
  /** Images that the host lacks. */
  readonly missingImages: ReadonlySet<string>;
  readonly now: Date;
}

interface Turn {
  readonly init: InitContainer;
  readonly found: Observed | undefined;
  readonly status: InitContainerStatus;
}

const noneDone: ReadonlySet<string> = new Set(["Completed"]);

export function initProgress(input: InitInput): InitProgress {
  const { container, observed, wanted, now } = input;
  const { initContainers = [], restartPolicy } = container.spec;
  const current = input.renewed === true ? [] : observed.filter((one) => isCurrent(one, container, wanted));
  const turns = initContainers.map((init): Turn => {
    const found = current.find(({ initContainer }) => initContainer === init.name);
    const before = container.status?.initContainerStatuses?.find(({ name }) => name === init.name);
    return { init, found, status: statusOf(init, found, before, now) };
  });
  const stale = observed.filter((one) => !turns.some(({ found }) => found === one));
  const statuses = turns.map(({ status }) => status);
  const at = turns.findIndex(({ status }) => !noneDone.has(status.reason ?? ""));
  const turn = turns[at];
  if (turn === undefined) return { done: true, steps: [], stale, statuses, summary: "" };

  const common = { done: false, steps: [], stale, statuses, summary: `Init:${at}/${turns.length}` };
  const { init, found, status } = turn;
  if (found === undefined) return { ...common, ...making(input, init) };
  if (found.state === "created") return { ...common, ...remaking(input, init, found) };
  if (found.state === "paused") return { ...common, steps: [{ do: "unpause", id: found.id }] };
  if (found.state !== "exited") return common;

  const summary = `Init:${status.reason ?? "Error"}`;
  if (restartPolicy === "Never" && !isCutShort(container))
    return { ...common, summary, ended: { phase: "Failed", reason: summary } };
  const fresh = container.status?.observedGeneration !== container.metadata.generation;
  const left = fresh ? 0 : waitMs(status.backoff, now);
  if (left === 0 || status.backoff === undefined) return { ...common, steps: [{ do: "start", id: found.id }] };
  const message = backoffMessage(status.backoff, `init container ${init.name}`);
  return {
    ...common,
    summary,
    problem: { reason: crashLoop, summary: `Init:${crashLoop}`, message },
    retryAfterMs: left,
  };
}

/** Whether it was us who ended it, because runState says so or did: that is no failure. */
const isCutShort = ({ spec, status }: Container): boolean => spec.runState === "Stopped" || status?.phase === "Stopped";

/** The images that making the Container may need, with who pulls them. */
export function imagesOf(spec: ContainerSpec): readonly ContainerSpec[] {
  return [spec, ...(spec.initContainers ?? []).map((init) => initSpec(spec, init))];
}

/** Whether it was made for the container that is wanted now: a new container has new init containers. */
function isCurrent(one: Observed, container: Container, wanted: InitInput["wanted"]): boolean {
  const { metadata, spec } = container;
  if (one.state === "removing" || one.state === "dead" || one.uid !== metadata.uid) return false;
  const sources = spec.restartOnConfigChange && wanted.config !== undefined ? wanted.config : one.config;
  return changedSpec(container, wanted, one).length === 0 && changedFields(sources, one.config).length === 0;
}

function making(
  { container, missingImages }: InitInput,
  init: InitContainer,
): Pick<InitProgress, "steps"> & Partial<Pick<InitProgress, "problem" | "retryAfterMs">> {
  const pulling = pullSteps(initSpec(container.spec, init), !missingImages.has(init.image));
  if (pulling.problem !== undefined) return { ...pulling, steps: [] };
  return { steps: [...pulling.steps, ...creation(container, init.name)] };
}

/** Of the Container's own container, or of one of its init containers. */
export function creation(container: Container, initContainer?: string): readonly Step[] {
  return [
    ...(needsPreparation(container.spec) ? [{ do: "prepare", container } as const] : []),
    { do: "create", container, start: true, ...(initContainer === undefined ? {} : { initContainer }) },
  ];
}

/** What was refused when it was to start for the first time, or may lack files, is made again, as the container itself is. */
function remaking(input: InitInput, init: InitContainer, found: Observed): ReturnType<typeof making> {
  const copied = copiedMounts(input.container.spec.volumes, init.volumeMounts).length > 0;
  if (found.error === "" && !copied) return { steps: [{ do: "start", id: found.id }] };
  const made = making(input, init);
  const why =
    found.error === "" ? "it was never started, and may lack files" : `the host could not start it: ${found.error}`;
  return { ...made, steps: [{ do: "remove", id: found.id, why }, ...made.steps] };
}

function statusOf(
  { name }: InitContainer,
  found: Observed | undefined,
  before: InitContainerStatus | undefined,
  now: Date,
): InitContainerStatus {
  if (found === undefined) return { name, state: "Waiting", restartCount: before?.restartCount ?? 0 };
  const same = before?.containerID === containerID(found);
  const again = same && before.startedAt !== undefined && before.startedAt !== found.startedAt;
  const backoff = backoffOf(before ?? {}, found, now, true);
  const ended = found.state === "exited";
  return {
    name,
    state: ended ? "Terminated" : isRunning(found) ? "Running" : "Waiting",
    ...(ended ? { reason: reasonOf(found) } : {}),
    ...(ended && found.exitCode !== undefined ? { exitCode: found.exitCode } : {}),
    restartCount: (same ? before.restartCount : 0) + (again ? 1 : 0),
    containerID: containerID(found),
    imageID: found.imageID,
    ...(found.startedAt === undefined ? {} : { startedAt: found.startedAt }),
    ...(ended && found.finishedAt !== undefined ? { finishedAt: found.finishedAt } : {}),
    ...(backoff === undefined || found.exitCode === 0 ? {} : { backoff }),
  };
}

function reasonOf(found: Observed): string {
  if (found.oomKilled) return "OOMKilled";
  return found.exitCode === 0 ? "Completed" : "Error";
}
