import { eventType } from "../../crds/core.ts";
import type { Client, Draft } from "../../api/client/client.ts";
import { ApiError, isNotFound } from "../../api/status.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { formatTime } from "../../crds/meta.ts";
import { exponentialBackoff } from "./backoff.ts";
import { BoundedMap } from "./bounded-map.ts";
import { sleep, within } from "../../process/clock.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import type { Clock } from "../../process/clock.ts";
import type { EventRecorder } from "./reconciler.ts";
import { keyOf } from "./reconciler.ts";
import type { Similar } from "./similar-events.ts";
import { combinedPrefix, withMessage } from "./similar-events.ts";
import type { Tokens } from "./token-bucket.ts";
import { takeToken } from "./token-bucket.ts";

// Bounds of client-go: tools/record/events_cache.go and event.go.
const spamLimit = { burst: 25, refillMs: 5 * 60_000 };
const mostRemembered = 4096;
const mostQueued = 1000;
/** client-go writes one Event after the other; with ten thousand Containers that are too few. */
const lanes = 8;
const tries = 12;
const stopMs = 2000;
/** The API's limit on events.k8s.io/v1 `note`: k8s.io/kubernetes/pkg/apis/core/validation/events.go. */
const longestMessage = 1024;
/** metadata.name may have 253 characters, of which the id takes up to 17. */
const longestName = 236;

const writeBackoff = exponentialBackoff({ baseMs: 100, maxMs: 10_000 });

interface EventObject extends Draft {
  readonly involvedObject: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component: string };
  readonly reportingComponent: string;
  readonly reportingInstance: string;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
}

/** What was said, and how often: one Event object in the API. */
interface Series {
  readonly about: KubeObject;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  /** Of a combined one: what was said last. */
  message: string;
  readonly first: Date;
  last: Date;
  count: number;
  /** Where the Event object is, once it is written. */
  written: { readonly namespace: string; readonly name: string } | undefined;
  queued: boolean;
}

export interface ApiEventRecorderOptions {
  readonly client: Pick<Client, "create" | "patch">;
  readonly clock: Clock;
  readonly log: Log;
  /** Who speaks: `stowage-container-controller`. */
  readonly component: string;
  /** From 0 up to 1. Keeps names of Events apart that two recorders make in one millisecond. */
  readonly random?: () => number;
}

/** Series that wait to be written, one after the other. */
interface Lane {
  readonly queue: Series[];
  writing: Promise<void> | undefined;
}

/**
 * Writes core/v1 Events, those about one object in order. What is said again about the same object is counted on the
 * Event that is there. Ten things that differ in their message only, within ten minutes of each other, are one from
 * then on: see {@link Similar}. An object about which too much is said (25 at once, one per five minutes after that)
 * is heard no more until it calms down. Writes that fail are tried again, then dropped: an Event is never worth
 * waiting for. The words come from the caller, who keeps Secrets' values out of them.
 *
 * Disposing of it writes what is queued, one try each, for at most two seconds. After k8s.io/client-go/tools/record:
 * EventCorrelate in events_cache.go combines, then counts, then filters.
 */
export class ApiEventRecorder implements EventRecorder, AsyncDisposable {
  readonly #options: ApiEventRecorderOptions;
  readonly #series = new BoundedMap<string, Series>(mostRemembered);
  readonly #similar = new BoundedMap<string, Similar>(mostRemembered);
  readonly #tokens = new BoundedMap<string, Tokens>(mostRemembered);
  readonly #lanes: readonly Lane[] = Array.from({ length: lanes }, () => ({ queue: [], writing: undefined }));
  readonly #stop = new AbortController();
  #queued = 0;
  #names: number;

  constructor(options: ApiEventRecorderOptions) {
    this.#options = options;
    this.#names = Math.floor((options.random ?? Math.random)() * 1e6);
  }

  event(about: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void {
    if (this.#stop.signal.aborted) return;
    const now = this.#options.clock.now();
    const series = this.#seriesOf(about, type, reason, message, now);
    series.last = now;
    series.count++;
    if (!this.#mayTell(about, now) || series.queued || this.#queued >= mostQueued) return;
    series.queued = true;
    this.#queued++;
    const lane = this.#laneOf(about);
    lane.queue.push(series);
    lane.writing ??= this.#writeAll(lane);
  }

  /** Resolves when everything said so far is written or given up. */
  async flush(): Promise<void> {
    for (const { writing } of this.#lanes) await writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await within(this.#options.clock, stopMs, this.flush());
  }

  #mayTell(about: KubeObject, now: Date): boolean {
    const { uid } = about.metadata;
    const tokens = takeToken(this.#tokens.get(uid), spamLimit, now);
    if (tokens === undefined) return false;
    this.#tokens.set(uid, tokens);
    return true;
  }

  /** The series that counts what is said, which may be one that combines it with what is similar. */
  #seriesOf(about: KubeObject, type: Series["type"], reason: string, message: string, now: Date): Series {
    const alike = JSON.stringify([about.metadata.uid, type, reason]);
    const similar = withMessage(this.#similar.get(alike), message, now);
    this.#similar.set(alike, similar);
    const key = similar.combined ? alike : JSON.stringify([about.metadata.uid, type, reason, message]);
    const said = (similar.combined ? combinedPrefix + message : message).slice(0, longestMessage);
    const known = this.#series.get(key);
    const fresh = {
      about,
      type,
      reason,
      message: said,
      first: now,
      last: now,
      count: 0,
      written: undefined,
      queued: false,
    };
    const series = known ?? fresh;
    series.message = said;
    this.#series.set(key, series);
    return series;
  }

  #laneOf({ metadata: { uid } }: KubeObject): Lane {
    const lane = this.#lanes[uid.charCodeAt(uid.length - 1) % lanes] ?? this.#lanes[0];
    if (lane === undefined) throw new RangeError("There is no lane for Events");
    return lane;
  }

  async #writeAll(lane: Lane): Promise<void> {
    // Whoever speaks is not kept waiting, not even by the first write's synchronous part.
    await Promise.resolve();
    for (let series = lane.queue.shift(); series !== undefined; series = lane.queue.shift()) {
      series.queued = false;
      this.#queued--;
      await this.#writePatiently(series);
    }
    lane.writing = undefined;
  }

  async #writePatiently(series: Series): Promise<void> {
    const { clock, log } = this.#options;
    for (let failures = 1; ; failures++) {
      try {
        await this.#write(series);
        return;
      } catch (error) {
        if (failures < tries && mayPass(error) && !this.#stop.signal.aborted) {
          await sleep(clock, writeBackoff.after(failures), this.#stop.signal);
          continue;
        }
        const { kind } = series.about;
        const object = keyOf(series.about);
        log.warn("Dropped an Event", { kind, object, reason: series.reason, error: describeError(error) });
        return;
      }
    }
  }

  async #write(series: Series): Promise<void> {
    const { client } = this.#options;
    if (series.written !== undefined) {
      const { count, message, last } = series;
      const body = { count, message, lastTimestamp: formatTime(last) };
      try {
        await client.patch(eventType, series.written, { type: "merge", body });
        return;
      } catch (error) {
        // Events are kept for an hour or so; this one's time was up.
        if (!isNotFound(error)) throw error;
      }
    }
    const event = this.#compose(series);
    await client.create(eventType, event);
    series.written = event.metadata;
  }

  #compose(series: Series): EventObject & { readonly metadata: { readonly namespace: string; readonly name: string } } {
    const { about, type, reason, message, first, last, count } = series;
    const { name, namespace, uid, resourceVersion } = about.metadata;
    const { component } = this.#options;
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace: namespace ?? "default", name: `${stem(name)}.${this.#nextId(first)}` },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        ...(namespace === undefined ? {} : { namespace }),
        name,
        uid,
        resourceVersion,
      },
      type,
      reason,
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: "",
      firstTimestamp: formatTime(first),
      lastTimestamp: formatTime(last),
      count,
    };
  }

  /** Nanoseconds since the epoch as client-go has them, where a counter stands in for what a clock cannot tell. */
  #nextId(time: Date): string {
    this.#names = (this.#names + 1) % 1e6;
    return (BigInt(time.getTime()) * 1_000_000n + BigInt(this.#names)).toString(16);
  }
}

/** Whether a write may succeed later: the server did not answer, or answered that it cannot now. */
function mayPass(error: unknown): boolean {
  return !(error instanceof ApiError) || error.code >= 500 || error.code === 429;
}

/** As much of an object's name as an Event's name can hold, not ending in a dot or dash. */
const stem = (name: string): string => name.slice(0, longestName).replace(/[^a-z0-9]+$/, "");
