/**
 * Says no early, and cheaply, to more than can be served. Source of limits and words: WithMaxInFlightLimit in
 * k8s.io/apiserver/pkg/server/filters/maxinflight.go and --max-requests-inflight, --max-mutating-requests-inflight.
 */
import type { Clock } from "../../process/clock.ts";
import type { User } from "../auth/authentication.ts";
import { isPrivileged } from "../auth/authentication.ts";
import { ApiError } from "../status.ts";
import type { RequestKind } from "./metrics.ts";

export type Limits = Readonly<Record<RequestKind, number>>;

const upstreamLimits: Limits = { readOnly: 400, mutating: 200 };
/** How often the event loop is looked at, and how soon again when it was late: it may have caught up since. */
const sampleMs = 500;
const secondLookMs = 50;
/** A loop that is so late, twice in a row, has more to do than it can: whoever waits longer has given up by then. */
const latestMs = 1000;
const readOnlyVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

export const kindOf = (verb: string): RequestKind => (readOnlyVerbs.has(verb) ? "readOnly" : "mutating");

export class FlowControl implements Disposable {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #inflight: Record<RequestKind, number> = { readOnly: 0, mutating: 0 };
  #late = false;
  #overloaded = false;
  #timer: Disposable | undefined;

  constructor(clock: Clock, limits: Limits = upstreamLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get inflight(): Limits {
    return this.#inflight;
  }

  /** Looks at the event loop from now on, until disposed of. */
  start(): void {
    const wait = this.#late ? secondLookMs : sampleMs;
    const due = this.#clock.now().getTime() + wait;
    this.#timer = this.#clock.after(wait, () => {
      const late = this.#clock.now().getTime() - due > latestMs;
      this.#overloaded = late && this.#late;
      this.#late = late;
      this.start();
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /**
   * Takes a place until it is disposed of. Throws TooManyRequests (429) when there is none; system:masters always find
   * one, unless the whole process cannot keep up.
   */
  enter(kind: RequestKind, user: User): Disposable {
    if (this.#overloaded || (this.#inflight[kind] >= this.#limits[kind] && !isPrivileged(user)))
      throw new ApiError("TooManyRequests", "Too many requests, please try again later.", { retryAfterSeconds: 1 });
    this.#inflight[kind] += 1;
    return {
      [Symbol.dispose]: () => {
        this.#inflight[kind] -= 1;
      },
    };
  }
}
