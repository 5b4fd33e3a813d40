/** Follows a tag that moves: asks the registry now and then which image it stands for (spec.imageUpdatePolicy). */
import type { ContainerSpec } from "../../crds/container.ts";
import type { Observed } from "../../drivers/driver.ts";
import type { Key } from "../runtime/reconciler.ts";

/** What is known of one Container's tag. */
export interface TagCheck {
  /** What was asked about: another image is another question. */
  readonly image: string;
  readonly askAt: Date;
  /** What the registry said last; undefined before, and once it was acted upon. */
  readonly digest: string | undefined;
  /** Whether the registry could not be asked the last time: it is told once. */
  readonly failed: boolean;
}

/** `random`: from 0 up to 1. Never later than the interval says, and not all at once. */
export function nextAsk(intervalSeconds: number, first: boolean, random: number, now: Date): Date {
  const share = first ? random : 0.9 + 0.1 * random;
  return new Date(now.getTime() + Math.round(intervalSeconds * 1000 * share));
}

/** Whether there is a tag to follow: what does not run is not replaced, and takes the tag as it is when it starts anew. */
export function followsTag(spec: ContainerSpec, keep: Observed | undefined): keep is Observed {
  if (spec.imageUpdatePolicy === undefined || spec.runState !== "Running" || keep === undefined) return false;
  return keep.state === "running" || keep.state === "restarting";
}

export interface TagQuestions {
  /** What the registry has for the tag. */
  registryDigest(): Promise<string>;
  /** What the image that runs is known as there. */
  runningDigests(): Promise<readonly string[]>;
}

export interface TagAnswer {
  /** The digest that the tag stands for, where the image that runs is another. */
  readonly movedTo: string | undefined;
  /** Why the registry could not be asked. */
  readonly failure?: unknown;
}

/** What is remembered while this process leads. */
export class ImageUpdates {
  readonly #checks = new Map<Key, TagCheck>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Asks the registry where its time has come. */
  async look(key: Key, spec: ContainerSpec, questions: TagQuestions, now: Date): Promise<TagAnswer> {
    const intervalSeconds = spec.imageUpdatePolicy?.intervalSeconds ?? 0;
    const known = this.#checks.get(key);
    if (known?.image !== spec.image) {
      const askAt = nextAsk(intervalSeconds, true, this.#random(), now);
      this.#checks.set(key, { image: spec.image, askAt, digest: undefined, failed: false });
      return { movedTo: undefined };
    }
    let { digest } = known;
    if (now >= known.askAt) {
      const askAt = nextAsk(intervalSeconds, false, this.#random(), now);
      try {
        digest = await questions.registryDigest();
        this.#checks.set(key, { image: spec.image, askAt, digest, failed: false });
      } catch (failure) {
        this.#checks.set(key, { image: spec.image, askAt, digest: undefined, failed: true });
        return known.failed ? { movedTo: undefined } : { movedTo: undefined, failure };
      }
    }
    const moved = digest !== undefined && !(await questions.runningDigests()).includes(digest);
    return { movedTo: moved ? digest : undefined };
  }

  /** What was said is out of date: the tag was pulled, and may have moved on since. */
  pulled(key: Key): void {
    const known = this.#checks.get(key);
    if (known !== undefined) this.#checks.set(key, { ...known, digest: undefined });
  }

  /** Milliseconds until the registry is to be asked again; undefined where nobody asks, as of what does not run. */
  dueInMs(key: Key, spec: ContainerSpec, keep: Observed | undefined, now: Date): number | undefined {
    const known = followsTag(spec, keep) ? this.#checks.get(key) : undefined;
    return known && Math.max(0, known.askAt.getTime() - now.getTime());
  }

  forget(key: Key): void {
    this.#checks.delete(key);
  }
}
