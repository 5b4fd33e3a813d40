import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../api/client/client.ts";
import { allotmentOf } from "../../crds/allocation.ts";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import { containerFinalizer as finalizer, containers as containerType } from "../../crds/container.ts";
import type { Observed, Owner, PullProgress } from "../../drivers/driver.ts";
import type { Clock } from "../../process/clock.ts";
import type { Cache, EventRecorder, Key } from "../runtime/reconciler.ts";
import { announceChange } from "./announcement.ts";
import { keyOf } from "../runtime/reconciler.ts";
import type { Sight } from "./status.ts";
import { formatProgress, statusOf } from "./status.ts";

/** A pull tells of itself in the status this often at most. */
const progressEveryMs = 1_000;

export interface WorkOptions {
  readonly client: Pick<Client, "patch" | "updateStatus">;
  readonly containers: Cache<Container>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** Something else is asked for than what the work is about. Its change has woken us: the next work is about that. */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}

/** What is known of a Container besides its own container. */
export type Seen = Pick<Sight, "init" | "verdict" | "imageDigest" | "outlives">;

export type Shown = Omit<Sight, "container" | "generation" | "now" | keyof Seen>;

/** One Container while one reconciliation is about it: what it was when that began, and what is written to it since. */
export class Work {
  readonly key: Key;
  readonly owner: Owner;
  /** What this work makes true, even if the object is newer by now: its change brings the next. */
  readonly container: Container;
  readonly signal: AbortSignal;
  readonly #options: WorkOptions;
  /** What the cache may still show although we have written since. */
  readonly #outdated = new Set<string>();
  #written: Container;
  #seen: Seen = {};
  #showing: Promise<void> | undefined;

  constructor(options: WorkOptions, container: Container, signal: AbortSignal) {
    const { namespace = "", name } = container.metadata;
    this.#options = options;
    this.key = keyOf(container);
    this.owner = { namespace, name };
    this.container = container;
    this.signal = signal;
    this.#written = container;
  }

  /** Whether the object still asks for what this work makes true, as far as the cache has heard. */
  isCurrent(): boolean {
    const { uid, generation, deletionTimestamp } = this.container.metadata;
    const { metadata: cached, status } = this.#options.containers.get(this.key) ?? {};
    // Who was asked to leave meanwhile must not be started any more: what may run once would have run here.
    if (status?.eviction !== undefined || status?.hostName !== this.container.status?.hostName) return false;
    if (!isDeepStrictEqual(ownOf(status), ownOf(this.container.status))) return false;
    return cached?.uid === uid && cached.generation === generation && cached.deletionTimestamp === deletionTimestamp;
  }

  /** Whether the scheduler has set aside nothing else for it since. */
  isAllottedAsBefore(): boolean {
    return isDeepStrictEqual(allotmentOf(this.#newest().status), allotmentOf(this.container.status));
  }

  /** The spec that is worked on, with the newest status that we know of. */
  latest(): Container {
    const { status } = this.#newest();
    return status === undefined ? this.container : { ...this.container, status };
  }

  /** Keeps the object until {@link release}. Nothing may be on a host before this. Throws Conflict, NotFound. */
  async hold(): Promise<void> {
    const finalizers = this.#newest().metadata.finalizers ?? [];
    if (!finalizers.includes(finalizer)) await this.#patchFinalizers([...finalizers, finalizer]);
  }

  /** Lets the object go: nothing is left on a host, or nobody can tell any more. Throws Conflict, NotFound. */
  async release(): Promise<void> {
    const finalizers = this.#newest().metadata.finalizers ?? [];
    if (finalizers.includes(finalizer)) await this.#patchFinalizers(finalizers.filter((one) => one !== finalizer));
  }

  /** Takes what every status from now on is to say besides. */
  see(seen: Seen): void {
    this.#seen = seen;
  }

  /** Writes the status that `sight` comes to, if that says anything new. Throws what {@link write} does. */
  async show(sight: Shown): Promise<void> {
    const now = this.#options.clock.now();
    const { generation } = this.container.metadata;
    await this.write(statusOf({ ...this.#seen, ...sight, container: this.latest(), generation, now }));
  }

  /**
   * Throws Conflict, NotFound, and SupersededError where it has left the Host that this work is about: the work may have
   * begun with a copy from before our own word of that, and the scheduler has had its say since.
   */
  async write(status: ContainerStatus): Promise<void> {
    const newest = this.#newest();
    if (newest.status?.hostName !== this.container.status?.hostName) throw new SupersededError();
    if (isDeepStrictEqual(status, newest.status)) return;
    const next: Container = { ...newest, status };
    this.#outdate(newest, await this.#options.client.updateStatus<Container>(containerType, next));
    for (const { type, reason, message } of announceChange(newest.status ?? {}, status)) {
      this.#options.events.event(this.container, type, reason, message);
    }
  }

  /** Shows how far a pull has come, now and then; what cannot be written is left out. */
  progress(keep: Observed | undefined): (progress: PullProgress) => void {
    let nextAt = 0;
    return (progress) => {
      const now = this.#options.clock.now().getTime();
      if (this.#showing !== undefined || now < nextAt) return;
      nextAt = now + progressEveryMs;
      const activity = { reason: "Pulling", message: formatProgress(progress) } as const;
      this.#showing = this.show({ keep, before: undefined, problem: undefined, activity })
        .catch(() => undefined)
        .finally(() => {
          this.#showing = undefined;
        });
    };
  }

  /** Resolves when nothing that {@link progress} began is under way. */
  async shown(): Promise<void> {
    await this.#showing;
  }

  /** The cache lags behind what we wrote ourselves, and is ahead of it when others write. */
  #newest(): Container {
    const cached = this.#options.containers.get(this.key);
    if (cached === undefined || cached.metadata.uid !== this.container.metadata.uid) return this.#written;
    return this.#outdated.has(cached.metadata.resourceVersion) ? this.#written : cached;
  }

  #outdate(old: Container, written: Container): void {
    this.#outdated.add(old.metadata.resourceVersion);
    this.#written = written;
  }

  async #patchFinalizers(finalizers: readonly string[]): Promise<void> {
    const newest = this.#newest();
    const { namespace, name, uid, resourceVersion } = newest.metadata;
    const body = { metadata: { uid, resourceVersion, finalizers } };
    const patched = await this.#options.client.patch<Container>(
      containerType,
      { namespace, name },
      { type: "merge", body },
    );
    this.#outdate(newest, patched);
  }
}

/** What of its Host the spec that is worked on names as its own: see asPlaced. */
const ownOf = ({ cpuset, devices }: ContainerStatus = {}): unknown => [cpuset, devices];
