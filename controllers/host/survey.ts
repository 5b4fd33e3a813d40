import type { Container } from "../../crds/container.ts";
import type { Host } from "../../crds/host.ts";
import type { Disks, Hardware, HostDriver, OwnedContainer, OwnedVolume, StoredImage } from "../../drivers/driver.ts";
import { StepError } from "../../drivers/driver.ts";
import type { Clock } from "../../process/clock.ts";
import { sleep } from "../../process/clock.ts";
import { exponentialBackoff } from "../runtime/backoff.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { EventRecorder } from "../runtime/reconciler.ts";
import type { Unused } from "./disk.ts";
import { askedBy, isAsked, pressureOf, removalOf, size, unusedSince, usedPercent } from "./disk.ts";

/** What a host was found to be when somebody looked closely; nothing where nobody could yet. */
export interface Survey {
  readonly disks?: Disks;
  /**
   * When its disk was too full last, as far as we saw since what is asked of the Host changed; when we began where the
   * process before us has said that it is.
   */
  readonly pressedAt?: Date;
  readonly hardware?: Hardware;
  /** Those that belong to nobody, by their names. */
  readonly volumes?: readonly string[];
}

export interface SurveyorOptions {
  readonly driver: Pick<HostDriver, "disks" | "hardware" | "images" | "removeImage" | "volumes" | "owners">;
  readonly clock: Clock;
  readonly events: EventRecorder;
  /** From 0 up to 1: spreads the work of many hosts. */
  readonly random: () => number;
  /** As it is in this moment. */
  readonly host: () => Host | undefined;
  readonly bound: () => readonly Container[];
  /** Which of the volumes belong to nobody. */
  readonly orphans: (volumes: readonly OwnedVolume[], found: readonly OwnedContainer[]) => readonly string[];
  /** There is something new in {@link Surveyor.survey}. */
  readonly found: () => void;
}

/** Each look costs the host a container. */
const diskMs = 60_000;
const hardwareMs = 600_000;
const backoff = exponentialBackoff({ baseMs: 1_000, maxMs: diskMs });

/** Names of images that an Event tells. */
const mostNames = 5;

/**
 * Looks at a host's disk once a minute and at its CPUs and devices every ten, beside the heartbeat, which must not wait
 * for it, and removes images when the disk is too full. Until it is disposed of.
 */
export class Surveyor implements Disposable {
  readonly #options: SurveyorOptions;
  readonly #stop = new AbortController();
  #survey: Survey = {};
  #unused: Unused = new Map();
  #hardwareAt = 0;
  #pause = new AbortController();
  #failures = 0;
  /** Whether it was told that there is too little to remove. */
  #complained = false;

  constructor(options: SurveyorOptions) {
    this.#options = options;
    const host = options.host();
    const said = findCondition(host?.status?.conditions, "DiskPressure");
    if (said?.status === "True" && said.observedGeneration === host?.metadata.generation)
      this.#survey = { pressedAt: options.clock.now() };
    void this.#run(this.#stop.signal);
  }

  get survey(): Survey {
    return this.#survey;
  }

  /** The host is back: what failed is tried again now. */
  retry(): void {
    if (this.#failures > 0) this.#pause.abort();
  }

  /** What is asked of the host has changed: looks again now. Nor is its disk too full by another measure than today's. */
  again(): void {
    const { pressedAt: _pressedAt, ...survey } = this.#survey;
    this.#survey = survey;
    this.#pause.abort();
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#pause.abort();
  }

  /** Never rejects: what a host cannot tell now is asked again. That it does not answer is the heartbeat's business. */
  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      // Before the look: what is asked in its midst is looked at after it.
      this.#pause = new AbortController();
      try {
        await this.#look(signal);
        this.#failures = 0;
      } catch {
        this.#failures++;
      }
      const ms = this.#failures === 0 ? diskMs * (0.9 + 0.2 * random()) : backoff.after(this.#failures);
      await sleep(clock, ms, this.#pause.signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { driver, clock, found } = this.#options;
    const now = clock.now().getTime();
    // Farther off than it can be: the clock was set back.
    if (now >= this.#hardwareAt || this.#hardwareAt > now + 2 * hardwareMs) {
      this.#survey = { ...this.#survey, hardware: await driver.hardware(signal) };
      this.#hardwareAt = now + hardwareMs;
    }
    const disks = await this.#lookAtDisks(signal);
    const volumes = await driver.volumes(signal);
    const orphans = this.#options.orphans(volumes, await driver.owners(signal));
    this.#survey = { ...this.#survey, volumes: orphans };
    found();
    if (!(await this.#makeRoom(disks, signal))) return;
    await this.#lookAtDisks(signal);
    found();
  }

  async #lookAtDisks(signal: AbortSignal): Promise<Disks> {
    const { driver, clock, host: current } = this.#options;
    const disks = await driver.disks(signal);
    const host = current();
    const pressed = host !== undefined && pressureOf(disks, host.spec) !== undefined;
    this.#survey = { ...this.#survey, disks, ...(pressed ? { pressedAt: clock.now() } : {}) };
    return disks;
  }

  /** True where something was removed. */
  async #makeRoom(disks: Disks, signal: AbortSignal): Promise<boolean> {
    const { driver, clock, events, host: current, bound } = this.#options;
    const images = await driver.images(signal);
    const now = clock.now().getTime();
    this.#unused = unusedSince(this.#unused, images, now);
    const host = current();
    const removal = host && removalOf(disks, host.spec, images, { unused: this.#unused, bound: bound(), now });
    if (host === undefined || removal === undefined) {
      this.#complained = false;
      return false;
    }
    const percent = usedPercent(disks.images);
    const removed: StoredImage[] = [];
    for (const image of removal.images) {
      // Each takes its time: who was bound meanwhile wants to find what was there.
      if (isAsked(image, askedBy(bound()))) continue;
      if (await this.#remove(image, host, signal)) removed.push(image);
    }
    const freed = removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (removed.length > 0) {
      const message = `Removed ${namesOf(removed)}, ${size(freed)}, which nothing used: the disk was ${percent} % full`;
      events.event(host, "Normal", "ImagesRemoved", message);
    }
    if (freed < removal.wanted && !this.#complained) {
      const message = `The disk is ${percent} % full, and of the ${size(removal.wanted)} that images should make free ${size(freed)} could be had: the others are in use or too young`;
      events.event(host, "Warning", "FreeDiskSpaceFailed", message);
      this.#complained = true;
    }
    return removed.length > 0;
  }

  async #remove(image: StoredImage, host: Host, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#options.driver.removeImage(image, signal);
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      this.#options.events.event(host, "Warning", "ImageGCFailed", error.message);
      return false;
    }
  }
}

function namesOf(images: readonly StoredImage[]): string {
  const shown = images.slice(0, mostNames).map(({ names, id }) => names[0] ?? id.slice(0, 19));
  const more = images.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
