import { isDeepStrictEqual } from "node:util";
import type { Container } from "../../crds/container.ts";
import { isLeaving } from "../../crds/disruption.ts";
import type { LifecycleHandler } from "../../crds/probes.ts";
import type { HostDriver, Observed, Step } from "../../drivers/driver.ts";
import type { Inputs } from "../../drivers/inputs.ts";
import { childOf } from "../../process/abort.ts";
import type { Clock } from "../../process/clock.ts";
import type { Cache, Key } from "../runtime/reconciler.ts";
import { runHook } from "./hooks.ts";
import type { Action } from "./plan.ts";
import type { PullSecretsOptions } from "./pull-secrets.ts";
import { pullCredentials } from "./pull-secrets.ts";
import type { Work } from "./work.ts";
import { SupersededError } from "./work.ts";

/** A container's postStart hook failed: its run must end. */
export class PostStartError extends Error {
  override readonly name = "PostStartError";
}

export interface PerformerOptions extends PullSecretsOptions {
  readonly containers: Cache<Container>;
  readonly clock: Clock;
}

/** Something that may last for long, and is given up where nobody asks for it any more. */
interface Lasting {
  readonly isAsked: (container: Container) => boolean;
  readonly giveUp: AbortController;
}

/** kubelet's minimumGracePeriodInSeconds: a hook that took all the time leaves this for the stop itself. */
const minimumGraceSeconds = 2;

/** kubelet sets a postStart hook no limit; ours is the longest that spec.lifecycle can ask for. */
const postStartMs = 3_600_000;

/** Does what a plan says, one action at a time. */
export class Performer {
  readonly #options: PerformerOptions;
  readonly #lasting = new Map<Key, Lasting>();
  /** By container: milliseconds of its grace period that its preStop hook took. */
  readonly #spent = new Map<string, number>();

  constructor(options: PerformerOptions) {
    this.#options = options;
  }

  /** Takes a change of what is asked for: what may last for long is given up where nobody asks for it any more. */
  supersede(key: Key): void {
    const lasting = this.#lasting.get(key);
    const container = this.#options.containers.get(key);
    const goes = container === undefined || isLeaving(container);
    if (goes || lasting?.isAsked(container) === false) lasting?.giveUp.abort(new SupersededError());
  }

  /** Throws what the driver does, SupersededError, and PostStartError. */
  async perform(
    work: Work,
    driver: HostDriver,
    action: Action,
    keep: Observed | undefined,
    inputs?: Inputs,
  ): Promise<void> {
    switch (action.do) {
      case "pull":
        return this.#pull(work, driver, action, keep);
      case "preStop":
        return this.#preStop(work, driver, action);
      case "postStart":
        return this.#postStart(work, driver, action, keep);
      case "stop": {
        const spentSeconds = (this.#spent.get(action.id) ?? 0) / 1000;
        this.#spent.delete(action.id);
        const left = Math.max(Math.floor(action.graceSeconds - spentSeconds), minimumGraceSeconds);
        return driver.perform(spentSeconds === 0 ? action : { ...action, graceSeconds: left }, work.signal);
      }
      case "prepare":
      case "write":
      case "create":
      case "start":
      case "pause":
      case "unpause":
      case "remove":
      case "update":
        return driver.perform(action, work.signal, { inputs });
    }
  }

  async #pull(
    work: Work,
    driver: HostDriver,
    step: Step & { readonly do: "pull" },
    keep: Observed | undefined,
  ): Promise<void> {
    const isAsked = ({ spec }: Container): boolean =>
      spec.image === step.image || spec.initContainers?.some(({ image }) => image === step.image) === true;
    await this.#giveUpUnless(work, isAsked, async (signal) => {
      try {
        const credentials = await pullCredentials(this.#options, work.container, step.image);
        await driver.perform(step, signal, { onProgress: work.progress(keep), credentials });
      } finally {
        await work.shown();
      }
    });
  }

  async #preStop(work: Work, driver: HostDriver, action: Action & { readonly do: "preStop" }): Promise<void> {
    const hook = work.container.spec.lifecycle?.preStop;
    if (hook === undefined) return;
    const { clock } = this.#options;
    const began = clock.now().getTime();
    const failed = await this.#run(work, driver, action.id, hook, 1000 * action.graceSeconds, work.signal);
    this.#spent.set(action.id, Math.max(1, clock.now().getTime() - began));
    if (failed !== undefined) this.#warn(work, "FailedPreStopHook", `PreStopHook failed: ${failed}`);
  }

  async #postStart(
    work: Work,
    driver: HostDriver,
    action: Action & { readonly do: "postStart" },
    keep: Observed | undefined,
  ): Promise<void> {
    const { lifecycle } = work.container.spec;
    if (lifecycle?.postStart === undefined) return;
    const { postStart } = lifecycle;
    // Not ready before it is done: said at once, because it may take long.
    await work.show({ keep, before: undefined, problem: undefined });
    const isAsked = ({ spec }: Container): boolean =>
      spec.runState === "Running" && isDeepStrictEqual(spec.lifecycle, lifecycle);
    const failed = await this.#giveUpUnless(work, isAsked, (signal) =>
      this.#run(work, driver, action.id, postStart, postStartMs, signal),
    );
    if (failed !== undefined) {
      const message = `PostStartHook failed: ${failed}`;
      this.#warn(work, "FailedPostStartHook", message);
      throw new PostStartError(message);
    }
    await work.show({ keep, before: undefined, problem: undefined, postStarted: action.startedAt });
  }

  #run(
    work: Work,
    driver: HostDriver,
    id: string,
    hook: LifecycleHandler,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { clock } = this.#options;
    return runHook(hook, timeoutMs, { driver, id, ports: work.container.spec.ports, clock }, signal);
  }

  async #giveUpUnless<T>(
    work: Work,
    isAsked: Lasting["isAsked"],
    lasting: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using giveUp = childOf(work.signal);
    this.#lasting.set(work.key, { isAsked, giveUp });
    try {
      return await lasting(giveUp.signal);
    } finally {
      this.#lasting.delete(work.key);
    }
  }

  #warn(work: Work, reason: string, message: string): void {
    this.#options.events.event(work.container, "Warning", reason, message);
  }
}
