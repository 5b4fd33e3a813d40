/**
 * Probes the containers that run, as kubelet does (kubernetes/pkg/kubelet/prober/{prober_manager,worker}.go): only those
 * that this process reconciles, from when it first sees them run.
 */
import { isDeepStrictEqual } from "node:util";
import type { Container } from "../../../crds/container.ts";
import type { Probe } from "../../../crds/probes.ts";
import type { HostDriver, Observed } from "../../../drivers/driver.ts";
import { HostUnreachableError, StepError } from "../../../drivers/driver.ts";
import type { Clock } from "../../../process/clock.ts";
import { findCondition } from "../../runtime/conditions.ts";
import type { EventRecorder, Key } from "../../runtime/reconciler.ts";
import { keyOf } from "../../runtime/reconciler.ts";
import { Timetable } from "../../runtime/timetable.ts";
import type { Verdict } from "../health.ts";
import { conceal } from "../inputs/words.ts";
import { check } from "./check.ts";
import type { Checked } from "./check.ts";
import type { ProbeKind, ProbeState } from "./probe.ts";
import { next, probesOf, untried } from "./probe.ts";
import { Slots } from "./slots.ts";

export interface ProberOptions {
  readonly clock: Clock;
  readonly events: EventRecorder;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
}

/** Events carry this much of what a probe wrote. */
const maxMessage = 512;

type Probed = Pick<HostDriver, "exec" | "connect">;

interface Watched {
  readonly container: Container;
  readonly driver: Probed;
  readonly id: string;
  readonly startedAt: string;
  readonly states: Map<ProbeKind, ProbeState>;
  readonly timers: Map<ProbeKind, Disposable>;
  /** Ends the command of the time before, where that took too long and may still run. */
  readonly late: Map<ProbeKind, NonNullable<Checked["kill"]>>;
  readonly stop: AbortController;
  /** What its Secrets have, and had while it ran: what it says is told without. */
  readonly secrets: readonly string[];
}

export class Prober implements Disposable {
  readonly #options: ProberOptions;
  readonly #timetable: Timetable;
  readonly #watched = new Map<Key, Watched>();
  readonly #hosts = new WeakMap<Probed, Slots>();
  #onChange: (key: Key) => void = () => undefined;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#timetable = new Timetable(options.clock);
  }

  /** Calls `onChange` when a verdict differs from the one before. */
  listen(onChange: (key: Key) => void): void {
    this.#onChange = onChange;
  }

  /**
   * What the probes of a run have found; begins with them where it is new, or where they have changed. Undefined, and nothing
   * is probed, where it does not run or has no probes. `secrets`: what probes must not tell.
   */
  watch(
    container: Container,
    keep: Observed | undefined,
    driver: Probed,
    secrets: readonly string[] = [],
  ): Verdict | undefined {
    const key = keyOf(container);
    const { startedAt, id } = keep ?? {};
    const runs = keep?.state === "running" && startedAt !== undefined && id !== undefined;
    if (!runs || probesOf(container.spec).length === 0) {
      this.forget(key);
      return undefined;
    }
    const before = this.#watched.get(key);
    const same = before?.startedAt === startedAt && before.id === id && before.driver === driver;
    if (same && isDeepStrictEqual(probesOf(before.container.spec), probesOf(container.spec))) {
      const all = [...new Set([...before.secrets, ...secrets])];
      this.#watched.set(key, { ...before, container, secrets: all });
      return verdictOf(before);
    }
    this.forget(key);
    const watched = this.#begin({ container, driver, id, startedAt, secrets }, same ? before : undefined);
    return verdictOf(watched);
  }

  /** As {@link watch}, with the probes that it is watched with already, if it is: what it is asked for by now is not what runs. */
  watchAsBefore(
    key: Key,
    keep: Observed | undefined,
    driver: Probed,
    secrets: readonly string[] = [],
  ): Verdict | undefined {
    const before = this.#watched.get(key);
    return before && this.watch(before.container, keep, driver, secrets);
  }

  /** Ends the probing of a Container; what is under way is given up. */
  forget(key: Key): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    this.#watched.delete(key);
    watched.stop.abort();
    for (const timer of watched.timers.values()) timer[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const key of [...this.#watched.keys()]) this.forget(key);
    this.#timetable[Symbol.dispose]();
  }

  #begin(fields: Omit<Watched, "states" | "timers" | "late" | "stop">, before?: Watched): Watched {
    const { container, startedAt } = fields;
    const { spec } = container;
    const states = new Map(
      probesOf(spec).map(([kind]) => [
        kind,
        untried(before?.states.get(kind)?.verdict ?? remembered(kind, container, startedAt)),
      ]),
    );
    const watched: Watched = { ...fields, states, timers: new Map(), late: new Map(), stop: new AbortController() };
    this.#watched.set(keyOf(container), watched);
    for (const [kind, probe] of probesOf(spec)) {
      // What has been running when we came is probed in its own time, not all of it at once.
      const periodMs = 1000 * probe.periodSeconds;
      const jitterMs = this.#ageMs(watched) > periodMs ? this.#options.random() * periodMs : 0;
      if (isDue(kind, watched)) this.#first(watched, kind, probe, jitterMs);
    }
    return watched;
  }

  #ageMs({ startedAt }: Watched): number {
    return Math.max(0, this.#options.clock.now().getTime() - Date.parse(startedAt));
  }

  #first(watched: Watched, kind: ProbeKind, probe: Probe, jitterMs = 0): void {
    const delayMs = Math.max(1000 * probe.initialDelaySeconds - this.#ageMs(watched), 0);
    this.#schedule(watched, kind, probe, delayMs + jitterMs);
  }

  #schedule(watched: Watched, kind: ProbeKind, probe: Probe, ms: number): void {
    const timer = this.#timetable.after(ms, () => void this.#probe(watched, kind, probe));
    watched.timers.set(kind, timer);
  }

  /** Never rejects. */
  async #probe(watched: Watched, kind: ProbeKind, probe: Probe): Promise<void> {
    const began = this.#options.clock.now().getTime();
    const isOver = (): boolean => watched.stop.signal.aborted;
    const checked = await this.#inTurn(watched, kind, () => this.#check(watched, kind, probe));
    if (isOver()) return;
    if (checked !== undefined) this.#take(watched, kind, probe, checked);
    // A run that is to end takes its commands with it.
    if (!isDue(kind, watched)) return;
    if (checked?.kill !== undefined) {
      watched.late.set(kind, checked.kill);
      await this.#inTurn(watched, kind, () => this.#endLate(watched, kind));
      if (isOver()) return;
    }
    const spent = this.#options.clock.now().getTime() - began;
    this.#schedule(watched, kind, probe, Math.max(0, 1000 * probe.periodSeconds - spent));
  }

  /** What `task` gives once it is its turn on its Host; undefined where nobody could look. Never rejects. */
  async #inTurn<T>(watched: Watched, kind: ProbeKind, task: () => Promise<T>): Promise<T | undefined> {
    const { container, driver, stop } = watched;
    const { namespace = "" } = container.metadata;
    try {
      return await this.#slotsOf(driver).run(namespace, task, stop.signal);
    } catch (error) {
      // Whether a host is lost is for the Host controller to say.
      if (stop.signal.aborted || error instanceof HostUnreachableError) return undefined;
      const message = error instanceof Error ? error.message : String(error);
      this.#tell(container, `${named(kind)} probe errored: ${message}`);
      return undefined;
    }
  }

  /** Asks nothing while the command of the time before still runs: that counts as one more failure. */
  async #check(watched: Watched, kind: ProbeKind, probe: Probe): Promise<Checked> {
    const stillRuns = await this.#endLate(watched, kind);
    if (stillRuns !== undefined) return { ok: false, message: `the command before has not ended: ${stillRuns}` };
    const { container, driver, id, stop } = watched;
    const inside = { driver, id, ports: container.spec.ports, clock: this.#options.clock, signal: stop.signal };
    return check(probe, 1000 * probe.timeoutSeconds, inside);
  }

  /** Why the command of the time before still runs; undefined where none does. */
  async #endLate({ late, stop }: Watched, kind: ProbeKind): Promise<string | undefined> {
    try {
      await late.get(kind)?.(stop.signal);
      late.delete(kind);
      return undefined;
    } catch (error) {
      if (error instanceof StepError) return error.message;
      throw error;
    }
  }

  #take(watched: Watched, kind: ProbeKind, probe: Probe, seen: Checked): void {
    const { states } = watched;
    const key = keyOf(watched.container);
    // The object may be newer than when this run was first seen.
    const { container, secrets } = this.#watched.get(key) ?? watched;
    const checked = { ...seen, message: conceal(seen.message, secrets) };
    const before = states.get(kind) ?? untried(undefined);
    const after = next(probe, before, checked);
    states.set(kind, after);
    const { ok, message, warning } = checked;
    if (!ok) this.#tell(container, `${named(kind)} probe failed: ${message}`);
    else if (warning !== undefined) this.#tell(container, `${named(kind)} probe warning: ${warning}`, "ProbeWarning");
    // One that has not succeeded yet tells its reason once it has failed often enough.
    const failsNow = !ok && after.inRow === probe.failureThreshold;
    if (after.verdict === before.verdict && !failsNow) return;
    if (kind === "startup" && after.verdict === true) {
      for (const [other, its] of probesOf(container.spec)) if (other !== "startup") this.#first(watched, other, its);
    }
    this.#onChange(key);
  }

  #tell(container: Container, message: string, reason = "Unhealthy"): void {
    const text = message.length > maxMessage ? `${message.slice(0, maxMessage)}...` : message;
    this.#options.events.event(container, "Warning", reason, text);
  }

  #slotsOf(driver: Probed): Slots {
    const slots = this.#hosts.get(driver) ?? new Slots(this.#timetable);
    this.#hosts.set(driver, slots);
    return slots;
  }
}

const named = (kind: ProbeKind): string => `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`;

/** Whether it is this probe's turn: the others wait for the startup probe, and nothing is asked of a run that is to end. */
function isDue(kind: ProbeKind, { states }: Watched): boolean {
  if (states.get("startup")?.verdict === false || states.get("liveness")?.verdict === false) return false;
  const isStarted = states.get("startup")?.verdict ?? !states.has("startup");
  return kind === "startup" ? !isStarted : isStarted;
}

/** What we, or the process before us, said of this very run: a restart of ours must not make it look unready. */
function remembered(kind: ProbeKind, { status }: Container, startedAt: string): boolean | undefined {
  const before = status?.startedAt === startedAt ? status.conditions : undefined;
  const said = (type: string): boolean => findCondition(before, type)?.status === "True";
  switch (kind) {
    case "startup":
      return said("Started") ? true : undefined;
    case "readiness":
      return said("Ready");
    case "liveness":
      return said("Healthy") ? true : undefined;
  }
}

function verdictOf({ startedAt, states }: Watched): Verdict {
  return { startedAt, ...Object.fromEntries(states) };
}
