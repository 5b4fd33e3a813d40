import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import { isResizePending, resizePending } from "../../crds/allocation.ts";
import type { Condemned, Container } from "../../crds/container.ts";
import { containerFinalizer as finalizer } from "../../crds/container.ts";
import { hasEnded, mayRunAgain } from "../../crds/disruption.ts";
import type { Host } from "../../crds/host.ts";
import type { HostDriver, Observed, Step } from "../../drivers/driver.ts";
import { HostUnreachableError, StepError } from "../../drivers/driver.ts";
import type { DriverPool } from "../../drivers/pool.ts";
import { shownFiles } from "../../drivers/own-volumes.ts";
import { childOf } from "../../process/abort.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Cache, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { settled, waiting } from "../runtime/reconciler.ts";
import { adoptedID, adoptionOf, alreadyAdopted } from "./adoption.ts";
import { announceAfter, announceBefore } from "./announcement.ts";
import { crashLoop } from "./crash-loop.ts";
import type { Failure, RefusalReason } from "./failure.ts";
import { nextFailure } from "./failure.ts";
import { condemnation } from "./health.ts";
import { followsTag, ImageUpdates } from "./image-updates.ts";
import type { Resolved } from "./inputs/inputs.ts";
import type { Lookup } from "./inputs/lookup.ts";
import type { Inventory } from "./inventory.ts";
import { conceal, withoutValues } from "./inputs/words.ts";
import { Performer, PostStartError } from "./performer.ts";
import { asPlaced } from "./placed.ts";
import type { Action, Plan, Wanted } from "./plan.ts";
import { outlives, planRemoval } from "./plan.ts";
import { digestsOf, planOn, wantedOf, withoutValuesOf } from "./preview.ts";
import type { Prober } from "./prober/prober.ts";
import { pullCredentials } from "./pull-secrets.ts";
import { evictedStatus, unknownStatus, withoutFormerHost } from "./status.ts";
import type { WorkOptions } from "./work.ts";
import { SupersededError, Work } from "./work.ts";

export interface ContainerReconcilerOptions extends WorkOptions {
  readonly client: WorkOptions["client"] & Pick<Client, "get">;
  readonly hosts: Cache<Host>;
  readonly drivers: Pick<DriverPool, "get">;
  readonly inventory: Pick<Inventory, "lacks">;
  readonly lookup: Lookup;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
  readonly prober: Pick<Prober, "watch" | "watchAsBefore" | "forget">;
}

/** Races with people take a round or two more than one; a host that needs as many as these does not do as it says. */
const mostRounds = 6;
/** When a host that should answer is tried again, in case nobody tells of its return. */
const unreachablePollMs = 5_000;
/** When to look again for a container that the host is removing, in case its event is lost. */
const removalPollMs = 1_000;

/** When to look again whether the other one of two that would adopt the same container is gone. */
const claimPollMs = 10_000;

/** Why what a Container has on a host is removed once it is deleted. */
export const deletion = "its Container was deleted";

/** Name of the index of Containers by the id that they adopt. */
export const byAdopted = "container/adopts";

type Eviction = NonNullable<NonNullable<Container["status"]>["eviction"]>;

/** What the volumes of one Container on one host hold. */
interface Written {
  readonly hostName: string;
  readonly uid: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Makes a host match one Container: observe, plan, perform, observe, and say how it went. */
export class ContainerReconciler implements Reconciler {
  readonly #options: ContainerReconcilerOptions;
  readonly #failures = new Map<Key, Failure>();
  readonly #busy = new Set<Key>();
  readonly #working = new Map<Key, AbortController>();
  readonly #performer: Performer;
  /** As far as we know without asking the host: what we wrote there ourselves. */
  readonly #written = new Map<Key, Written>();
  /** Those for which we may have made something. */
  readonly #begun = new Set<Key>();
  /** Those that are being worked on and of which there was news since they were last observed. */
  readonly #heard = new Set<Key>();
  /** Those that are being worked on and whose pull secrets changed meanwhile. */
  readonly #pullsAnew = new Set<Key>();
  readonly #imageUpdates: ImageUpdates;

  constructor(options: ContainerReconcilerOptions) {
    this.#options = options;
    this.#performer = new Performer(options);
    this.#imageUpdates = new ImageUpdates(options.random);
  }

  /**
   * Takes news about a Container that is being worked on: most of it is our own doing, and the observation that ends
   * the work covers it; what comes later makes the work begin again. False when nobody works on it: wake it.
   */
  absorb(key: Key): boolean {
    if (!this.#busy.has(key)) return false;
    this.#heard.add(key);
    return true;
  }

  /**
   * Takes a change of what is asked for: see {@link Performer.supersede}. Where its Host is given up, so is all that is
   * asked of that: it may take minutes to fail.
   */
  supersede(key: Key): void {
    this.#performer.supersede(key);
    if (this.#options.containers.get(key)?.status?.eviction?.hostLost === true)
      this.#working.get(key)?.abort(new SupersededError());
  }

  /**
   * Takes a change of what its images are pulled with: a pull that failed waits no longer, and one that is under way and
   * fails is tried once more. False where neither is so: there is nothing to wake it for.
   */
  pullAnew(key: Key): boolean {
    const isBusy = this.#busy.has(key);
    if (isBusy) this.#pullsAnew.add(key);
    const failed = this.#failures.get(key)?.problem.reason === "ErrImagePull";
    if (failed) this.#failures.delete(key);
    return isBusy || failed;
  }

  async reconcile(key: Key, signal: AbortSignal): Promise<Outcome> {
    this.#busy.add(key);
    using working = childOf(signal);
    this.#working.set(key, working);
    try {
      const outcome = await this.#reconcile(key, working.signal);
      return this.#heard.has(key) ? settled(0) : outcome;
    } catch (error) {
      // Whether a host is lost is for the Host controller to say: its word wakes us, and then goes into the status.
      if (error instanceof HostUnreachableError) return waiting("HostUnreachable", error.message, unreachablePollMs);
      // The object went away, or changed, meanwhile.
      if (isNotFound(error) || error instanceof SupersededError) return settled();
      throw error;
    } finally {
      this.#busy.delete(key);
      this.#working.delete(key);
      this.#heard.delete(key);
      this.#pullsAnew.delete(key);
    }
  }

  async #reconcile(key: Key, signal: AbortSignal): Promise<Outcome> {
    const container = this.#options.containers.get(key);
    if (container === undefined) {
      this.#failures.delete(key);
      this.#written.delete(key);
      this.#begun.delete(key);
      this.#imageUpdates.forget(key);
      this.#options.prober.forget(key);
      return settled();
    }
    const { deletionTimestamp, finalizers = [] } = container.metadata;
    const deleted = deletionTimestamp !== undefined;
    if (deleted && !finalizers.includes(finalizer)) return settled();

    const work = new Work(this.#options, asPlaced(container), signal);
    const left = await this.#leaveFormerHosts(work);
    const hostName = container.status?.hostName;
    if (hostName === undefined) {
      if (!deleted) return left ?? waiting("NotScheduled", "Waiting for a Host");
      return left ?? release(work);
    }

    const host = this.#options.hosts.get(hostName);
    if (host === undefined && deleted) {
      this.#tell(
        work,
        "Warning",
        "HostGone",
        `Host "${hostName}" no longer exists: what was left on it is not removed`,
      );
      return left ?? release(work);
    }
    const away = whyAway(hostName, host);
    const { eviction } = container.status ?? {};
    if (away !== undefined) {
      if (eviction?.hostLost === true && !deleted)
        return this.#leave(work, eviction, host === undefined ? [] : [hostName]);
      await work.write(unknownStatus(work.latest(), away.reason, away.message, this.#options.clock.now()));
      return waiting(away.reason, away.message);
    }
    const driver = this.#options.drivers.get(hostName);
    if (driver === undefined) return waiting("HostNotConnected", `Waiting for the connection to Host "${hostName}"`);
    if (deleted) return (await this.#clear(work, driver, deletion)) ?? left ?? release(work);
    return eviction === undefined ? this.#converge(work, driver, host) : this.#evict(work, driver, eviction);
  }

  /**
   * Forgets the former Hosts on which nothing of the Container is left, or that are gone for good. Undefined when there
   * are none left. What is there is removed by the Host's own controller, before anything new starts there.
   */
  async #leaveFormerHosts(work: Work): Promise<Outcome | undefined> {
    const { hosts, drivers } = this.#options;
    const waitsFor: string[] = [];
    for (const name of work.container.status?.formerHosts ?? []) {
      const host = hosts.get(name);
      const driver = drivers.get(name);
      const isBack = host !== undefined && driver !== undefined && whyAway(name, host) === undefined;
      const isHere = name === work.container.status?.hostName;
      if (host === undefined || isHere || (isBack && (await this.#observe(work, driver)).length === 0)) {
        await work.write(withoutFormerHost(work.latest().status ?? {}, name));
      } else waitsFor.push(name);
    }
    if (waitsFor.length === 0) return undefined;
    const message = `Waiting for Host ${waitsFor.join(", ")}, where it may still run (delete a Host that will never return)`;
    return waiting("FormerHost", message, removalPollMs);
  }

  /** Takes it off its host, and gives it back to the scheduler once nothing of it is left there. */
  async #evict(work: Work, driver: HostDriver, eviction: Eviction): Promise<Outcome> {
    await this.#showRun(work, driver);
    const { eviction: _asked, ...status } = work.latest().status ?? {};
    // What has ended takes no room, and must not run again.
    if (status.phase === "Succeeded" || status.phase === "Failed") {
      await work.write(status);
      return settled();
    }
    const pending = await this.#clear(work, driver, eviction.message);
    if (pending !== undefined) return pending;
    return this.#leave(work, eviction, []);
  }

  /** What must not run twice may have run without anybody having written it down: it does not begin anew elsewhere. */
  async #showRun(work: Work, driver: HostDriver): Promise<void> {
    const before = work.latest();
    if (before.spec.restartPolicy !== "Never" || !mayRunAgain(before) || hasEnded(before)) return;
    const keep = mainOf(await this.#observe(work, driver));
    if (keep?.startedAt !== undefined) await work.show({ keep, before: undefined, problem: undefined });
  }

  /** Gives it back to the scheduler. `leftOn`: where something of it may still be. */
  async #leave(work: Work, eviction: Eviction, leftOn: readonly string[]): Promise<Outcome> {
    const { formerHosts = [], hostName = "" } = work.latest().status ?? {};
    const all = [...new Set([...formerHosts, ...leftOn])];
    // What was found out there says nothing of where it goes.
    this.#options.prober.forget(work.key);
    this.#failures.delete(work.key);
    await work.write(evictedStatus(work.latest(), eviction, all, this.#options.clock.now()));
    this.#tell(work, "Normal", "Left", `Left Host "${hostName}": ${eviction.message}`);
    return settled();
  }

  /** All that name the container which it would adopt. */
  #claims(container: Container): readonly Container[] {
    const id = adoptedID(container);
    return id === undefined ? [] : this.#options.containers.byIndex(byAdopted, id);
  }

  /**
   * Whether nothing of it can be on its Host: nobody has worked on it, and it is not among what the Host was found to
   * have. Spares the many that are new two thirds of the looks. Should another process have made one that no news told of,
   * the name, which has the uid in it, is taken: that one is found and kept.
   */
  #isUntouched({ container, key }: Work): boolean {
    const { hostName = "", observedGeneration, containerID, lastState } = container.status ?? {};
    if (this.#begun.has(key) || observedGeneration !== undefined || containerID !== undefined) return false;
    if (lastState !== undefined || adoptedID(container) !== undefined) return false;
    return container.spec.initContainers === undefined && this.#options.inventory.lacks(hostName, key);
  }

  async #converge(work: Work, driver: HostDriver, host: Host | undefined): Promise<Outcome> {
    const untouched = this.#isUntouched(work);
    this.#begun.add(work.key);
    // All are needed before anything is created, and none needs another.
    const [found, resolved] = await Promise.all([
      untouched ? [] : this.#observe(work, driver),
      this.#options.lookup.resolve(work.container, host),
      work.hold(),
    ]);
    const taken = found.length === 0 ? alreadyAdopted(work.container, this.#claims(work.container)) : undefined;
    if (taken !== undefined) {
      await work.show({ keep: undefined, before: undefined, problem: taken });
      return waiting(taken.reason, taken.message, claimPollMs);
    }
    const wanted = wantedOf(driver, work.container.spec, resolved);
    let observed = withoutValuesOf(found, work.container, resolved);
    let before: Observed | undefined;
    for (let round = 0; ; round++) {
      const made = await this.#plan(work, driver, wanted, observed);
      if (round === 0) before = made.keep;
      const { prober } = this.#options;
      const isOutlived = outlives(made);
      const verdict = isOutlived
        ? prober.watchAsBefore(work.key, made.keep, driver, resolved.secrets)
        : prober.watch(work.container, made.keep, driver, resolved.secrets);
      const imageDigest = await this.#imageDigest(work, driver, made.keep);
      work.see({
        init: made.init,
        outlives: isOutlived,
        ...(verdict === undefined ? {} : { verdict }),
        ...(imageDigest === undefined ? {} : { imageDigest }),
      });
      if (made.steps.length === 0) {
        const condemned = isOutlived ? undefined : condemnation(work.latest(), made.keep, verdict);
        if (condemned === undefined) return this.#conclude(work, made, before);
        await this.#condemn(work, made.keep, condemned);
      } else if (round < mostRounds) await this.#perform(work, driver, made, resolved);
      else this.#fail(work, "NotConverging", notConverging(made));
      const next = untouched && round === 0 ? this.#observeMade(work, driver) : this.#observe(work, driver);
      observed = withoutValuesOf(await next, work.container, resolved);
    }
  }

  async #observe(work: Work, driver: HostDriver): Promise<readonly Observed[]> {
    this.#heard.delete(work.key);
    return driver.observe(work.owner, work.signal, adoptionOf(work.latest(), this.#claims(work.container)));
  }

  async #observeMade(work: Work, driver: HostDriver): Promise<readonly Observed[]> {
    this.#heard.delete(work.key);
    const made = await driver.made(work.container, work.signal);
    return made === undefined ? [] : [made];
  }

  async #plan(work: Work, driver: HostDriver, wanted: Wanted, observed: readonly Observed[]): Promise<Plan> {
    const now = this.#options.clock.now();
    const input = { container: work.latest(), observed, wanted, failure: this.#failures.get(work.key), now };
    const questions = {
      files: (keep: Observed) => this.#filesOf(work, driver, keep),
      movedTo: (keep: Observed | undefined) => this.#movedTo(work, driver, keep, now),
    };
    return planOn(driver, input, questions, work.signal);
  }

  /** The digest that the tag of what runs stands for by now, where that is followed and is another image. */
  async #movedTo(work: Work, driver: HostDriver, keep: Observed | undefined, now: Date): Promise<string | undefined> {
    const { key, signal } = work;
    const { spec } = work.container;
    if (!followsTag(spec, keep)) {
      if (spec.imageUpdatePolicy === undefined) this.#imageUpdates.forget(key);
      return undefined;
    }
    const { image } = spec;
    const questions = {
      registryDigest: async () =>
        driver.registryDigest(image, signal, await pullCredentials(this.#options, work.container, image)),
      runningDigests: () => driver.repositoryDigests(image, keep.imageID, signal),
    };
    const { movedTo, failure } = await this.#imageUpdates.look(key, spec, questions, now);
    if (failure !== undefined) {
      if (!(failure instanceof Error)) throw new TypeError("A driver threw what is no Error", { cause: failure });
      if (!(failure instanceof StepError)) throw failure;
      const message = `Cannot tell whether "${image}" has moved; it is kept as it is: ${failure.message}`;
      this.#tell(work, "Warning", "ImageCheckFailed", message);
    }
    return movedTo;
  }

  /** What the repository calls the image that runs, where its tag is followed: asked once for each image. */
  async #imageDigest(work: Work, driver: HostDriver, keep: Observed | undefined): Promise<string | undefined> {
    const { spec } = work.container;
    if (spec.imageUpdatePolicy === undefined || keep === undefined) return undefined;
    const { imageID, imageDigest } = work.latest().status ?? {};
    if (imageDigest !== undefined && imageID === keep.imageID) return imageDigest;
    const [digest] = await driver.repositoryDigests(spec.image, keep.imageID, work.signal);
    return digest;
  }

  /** What we wrote ourselves, or what the host shows: after a restart we do not know. */
  async #filesOf(work: Work, driver: HostDriver, keep: Observed): Promise<Written["files"]> {
    const { hostName = "" } = work.container.status ?? {};
    const written = this.#written.get(work.key);
    if (written?.uid === keep.uid && written.hostName === hostName) return written.files;
    const files = await driver.files(keep.id, shownFiles(work.container.spec), work.signal);
    this.#written.set(work.key, { hostName, uid: keep.uid, files });
    return files;
  }

  /** Performs the plan up to the first step that the host refuses. */
  async #perform(work: Work, driver: HostDriver, made: Plan, resolved: Resolved): Promise<void> {
    let replaced = made.why === undefined;
    try {
      for (const step of made.steps) {
        if (!replaced && "id" in step && step.id === made.keep?.id) {
          replaced = true;
          await this.#showReplacing(work, made);
        }
        await this.#step(work, driver, made, step, resolved);
      }
      // What was done while a failure waits for its time says nothing of what failed.
      if (made.problem !== this.#failures.get(work.key)?.problem) this.#failures.delete(work.key);
    } catch (error) {
      if (error instanceof PostStartError) return this.#condemn(work, made.keep, postStartFailed(work, made, error));
      if (!(error instanceof StepError)) throw error;
      // Somebody was quicker: look again.
      if (error.reason === "NoSuchContainer") return;
      if (error.reason === "ErrImagePull" && this.#pullsAnew.delete(work.key)) return;
      const words = withoutValues(error.message, work.container.spec, resolved.inputs);
      this.#fail(work, error.reason, conceal(words, resolved.secrets));
    }
  }

  /** Throws SupersededError where something else is asked for by now. */
  async #step(work: Work, driver: HostDriver, made: Plan, step: Action, resolved: Resolved): Promise<void> {
    if (!work.isCurrent()) throw new SupersededError();
    if (step.do === "create") {
      for (const message of resolved.skipped) this.#tell(work, "Warning", "InvalidEnvironmentVariableNames", message);
    }
    const before = announceBefore(step);
    if (before !== undefined) this.#tell(work, "Normal", before.reason, before.message);
    if (step.do === "prepare" || step.do === "write") await this.#write(work, driver, step, resolved);
    else await this.#performer.perform(work, driver, step, made.keep, resolved.inputs);
    if (step.do === "pull" && step.image === work.container.spec.image) this.#imageUpdates.pulled(work.key);
    for (const { reason, message } of announceAfter(step, made)) this.#tell(work, "Normal", reason, message);
  }

  /** Until it is done, nobody knows what the volumes hold. */
  async #write(
    work: Work,
    driver: HostDriver,
    step: Step & { readonly do: "prepare" | "write" },
    { inputs }: Resolved,
  ): Promise<void> {
    const before = step.do === "write" ? this.#written.get(work.key)?.files : undefined;
    this.#written.delete(work.key);
    await driver.perform(step, work.signal, { inputs });
    const { hostName = "" } = work.container.status ?? {};
    const uid = step.do === "prepare" ? step.container.metadata.uid : step.uid;
    const files = { ...before, ...digestsOf(work.container.spec, inputs) };
    this.#written.set(work.key, { hostName, uid, files });
  }

  /** Written down before anything is stopped: whoever finds it ended after a crash then knows that it was us, and why. */
  async #condemn(work: Work, keep: Observed | undefined, condemned: Condemned): Promise<void> {
    this.#tell(work, "Normal", "Killing", condemned.message);
    const reason = work.container.spec.restartPolicy === "Never" ? "Terminating" : "Restarting";
    const activity = { reason, message: condemned.message } as const;
    await work.show({ keep, before: keep, problem: undefined, activity, condemned });
  }

  /** Said before the old one is gone: who finds nothing on the host after a crash then knows that it did not vanish. */
  async #showReplacing(work: Work, made: Plan): Promise<void> {
    const message = made.why ?? "";
    this.#tell(work, "Normal", "Replacing", `Replacing: ${message}`);
    const activity = { reason: "Replacing", message } as const;
    await work.show({ keep: made.keep, before: made.keep, problem: undefined, activity });
  }

  #fail(work: Work, reason: RefusalReason, message: string): void {
    const { generation } = work.container.metadata;
    const failure = nextFailure(
      this.#failures.get(work.key),
      { reason, message },
      generation,
      this.#options.clock.now(),
    );
    this.#failures.set(work.key, failure);
    this.#tell(work, "Warning", failure.count === 1 ? "Failed" : "BackOff", message);
  }

  async #conclude(work: Work, made: Plan, before: Observed | undefined): Promise<Outcome> {
    const { keep, problem, retryAfterMs } = made;
    // The scheduler's answer wakes us: most often there is room, and nobody need hear of the question.
    if (problem?.reason === resizePending && !hasEnded(work.latest()) && !isResizePending(work.latest()))
      return waiting(problem.reason, problem.message);
    if (made.leaving) return waiting("Removing", "Waiting for the host to remove a container", retryAfterMs);
    if (keep !== undefined && keep.id === adoptedID(work.container) && work.latest().status?.containerID === undefined)
      this.#tell(work, "Normal", "Adopted", `Took over container ${keep.hostSideName} as it is`);
    const looped = isCrashLoop(work);
    if (problem?.reason === "CreateContainerConfigError" && work.latest().status?.message !== problem.message)
      this.#tell(work, "Warning", "Failed", `Error: ${problem.message}`);
    const released = (problem === undefined || keep === undefined) && work.isAllottedAsBefore();
    await work.show({ keep, before, problem, released });
    if (!looped && isCrashLoop(work)) this.#tell(work, "Warning", "BackOff", "Back-off restarting failed container");
    if (problem !== undefined) return waiting(problem.reason, problem.message, retryAfterMs);
    const { spec } = work.container;
    const times = [retryAfterMs, this.#imageUpdates.dueInMs(work.key, spec, keep, this.#options.clock.now())];
    const due = times.filter((one) => one !== undefined);
    return settled(due.length === 0 ? undefined : Math.min(...due));
  }

  /** Removes all of it from a host. Undefined when nothing is left there. */
  async #clear(work: Work, driver: HostDriver, why: string): Promise<Outcome | undefined> {
    this.#options.prober.forget(work.key);
    const observed = await this.#observe(work, driver);
    const steps = planRemoval(work.container.spec, observed, why);
    if (steps.some((step) => step.do === "stop")) {
      const activity = { reason: "Terminating", message: "Stopping the container, then removing it" } as const;
      await work.show({ keep: mainOf(observed), before: undefined, problem: undefined, activity });
    }
    for (const step of steps) await this.#removeStep(work, driver, step, observed);
    if (observed.some((one) => one.state === "removing")) {
      return waiting("Removing", "Waiting for the host to remove a container", removalPollMs);
    }
    this.#failures.delete(work.key);
    return undefined;
  }

  async #removeStep(work: Work, driver: HostDriver, step: Action, observed: readonly Observed[]): Promise<void> {
    const before = announceBefore(step);
    if (before !== undefined) this.#tell(work, "Normal", before.reason, before.message);
    try {
      await this.#performer.perform(work, driver, step, mainOf(observed));
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      if (error.reason === "NoSuchContainer") return;
      this.#tell(work, "Warning", "FailedKilling", error.message);
      const { reason, message } = error;
      await work.show({ keep: mainOf(observed), before: undefined, problem: { reason, message, summary: reason } });
      throw error;
    }
  }

  #tell(work: Work, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#options.events.event(work.container, type, reason, message);
  }
}

const mainOf = (observed: readonly Observed[]): Observed | undefined =>
  observed.find(({ initContainer }) => initContainer === undefined);

const isCrashLoop = (work: Work): boolean => work.latest().status?.summary?.endsWith(crashLoop) === true;

function postStartFailed({ container }: Work, { keep }: Plan, { message }: Error): Condemned {
  const { terminationGracePeriodSeconds: graceSeconds } = container.spec;
  return { startedAt: keep?.startedAt ?? "", reason: "PostStartHookFailed", message, graceSeconds };
}

async function release(work: Work): Promise<Outcome> {
  await work.release();
  return settled();
}

/** Why nothing can be done on the host now. The words do not change while that lasts: each change would be written. */
export function whyAway(hostName: string, host: Host | undefined): { reason: string; message: string } | undefined {
  if (host === undefined) {
    return {
      reason: "HostGone",
      message: `Host "${hostName}" no longer exists: create it again, or delete this Container`,
    };
  }
  if (findCondition(host.status?.conditions, "Ready")?.status === "True") return undefined;
  return { reason: "HostUnreachable", message: `Host "${hostName}" is not ready: see its conditions` };
}

function notConverging(made: Plan): string {
  const steps = made.steps.map((step) => step.do).join(", ");
  return `The host did ${mostRounds} times as told, and would have to ${steps} again`;
}
