import { leaseType } from "../../crds/core.ts";
import type { Client, Draft } from "../../api/client/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../api/status.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { childOf, orAborted } from "../../process/abort.ts";
import { sleep, timeLimit } from "../../process/clock.ts";
import type { Log, LogFields } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import type { Clock } from "../../process/clock.ts";

/** coordination.k8s.io/v1 LeaseSpec. Times have microseconds (metav1.MicroTime). */
interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

interface LeaseDraft extends Draft {
  readonly spec: LeaseSpec;
}

export interface LeaderElectionOptions {
  readonly client: Pick<Client, "get" | "create" | "update">;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the Lease, in kube-system: all who compete give the same. */
  readonly name: string;
  /**
   * Who competes. A process that comes back with the same identity takes its Lease back at once, so no two that run at
   * the same time may share one.
   */
  readonly identity: string;
  /** From 0 up to 1; spreads those who wait. */
  readonly random?: () => number;
}

// client-go's defaults: k8s.io/component-base/config/v1alpha1/defaults.go, RecommendedDefaultLeaderElectionConfiguration.
const leaseSeconds = 15;
const renewDeadlineMs = 10_000;
const retryMs = 2000;
/** Those who wait try after 1 to 2.2 times the retry period. Source: client-go, tools/leaderelection, JitterFactor. */
const jitter = 1.2;

const namespace = "kube-system";

/**
 * Calls `run` whenever, and only while, this process holds the Lease; its signal aborts when the Lease is lost or
 * `signal` aborts. Lost means: seen in the hands of another one, or not renewed for 10 s of the 15 s that others respect
 * it, counted from before the request that renewed it, by our own clock; other clocks are never compared with. Once
 * `run` has ended, a Lease still held is given back at once.
 *
 * Goes on competing after a loss. Returns when `signal` aborts, or when `run` returns by itself; throws what `run`
 * throws. Source of the rules: k8s.io/client-go/tools/leaderelection/leaderelection.go, which counts from the answer
 * and so lets two lead when answers are slow.
 */
export async function leadWhileElected(
  options: LeaderElectionOptions,
  run: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  using candidate = new Candidate(options);
  for (let lost = true; lost;) {
    using term = await candidate.acquire(signal);
    if (term === undefined) return;
    const renewing = candidate.renew(term);
    try {
      await run(term.signal);
    } finally {
      term.end();
      lost = (await renewing) === "lost";
      await candidate.release();
    }
  }
}

/** For as long as a Lease is ours for certain. */
class Term implements Disposable {
  readonly #clock: Clock;
  readonly #controller: ReturnType<typeof childOf>;
  #deadline: Disposable | undefined;

  constructor(clock: Clock, parent: AbortSignal) {
    this.#clock = clock;
    this.#controller = childOf(parent);
  }

  /** Aborts when the term ends, with a {@link LostError} when that is because the Lease was lost. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Lasts on if `attempt` resolves to true before the term ends. An attempt that succeeds may have done so at any time
   * after it began: whoever waits for the Lease counts from there.
   */
  async extend(attempt: () => Promise<boolean>): Promise<boolean> {
    const deadline = this.#clock.after(renewDeadlineMs, () => {
      this.end(new LostError("The lease could not be renewed in time"));
    });
    // A request that hangs must not keep us from letting go in time.
    const extended = (await orAborted(attempt(), this.signal)) === true && !this.signal.aborted;
    const over = extended ? this.#deadline : deadline;
    over?.[Symbol.dispose]();
    if (extended) this.#deadline = deadline;
    return extended;
  }

  end(why?: LostError): void {
    this.#deadline?.[Symbol.dispose]();
    this.#controller.abort(why);
  }

  [Symbol.dispose](): void {
    this.end();
    this.#controller[Symbol.dispose]();
  }
}

class LostError extends Error {
  override readonly name = "LostError";
}

/** One who competes for a Lease, and what it has seen of it. */
class Candidate implements Disposable {
  readonly #options: LeaderElectionOptions;
  readonly #random: () => number;
  #seen: Lease | undefined;
  /** While what was seen counts: from when we first saw it, for as long as it says. */
  #validity: Disposable | undefined;
  #taking: Promise<boolean> | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Resolves when the Lease is ours, to undefined when `signal` aborts first. */
  async acquire(signal: AbortSignal): Promise<Term | undefined> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      const term = new Term(clock, signal);
      if (await term.extend(() => this.#take())) {
        log.info("Became leader", this.#fields());
        return term;
      }
      term[Symbol.dispose]();
      await sleep(clock, retryMs * (1 + jitter * this.#random()), signal);
    }
    return undefined;
  }

  /** Renews until the term ends, and ends it when the Lease is lost. */
  async renew(term: Term): Promise<"lost" | "ended"> {
    const { clock, log } = this.#options;
    while (await sleep(clock, retryMs, term.signal)) {
      if (!(await term.extend(() => this.#take())) && this.#isAnothers(this.#seen))
        term.end(new LostError("Another one has the lease"));
    }
    const why: unknown = term.signal.reason;
    if (!(why instanceof LostError)) return "ended";
    log.warn("Lost the lease", { ...this.#fields(), error: why.message });
    return "lost";
  }

  /** Gives the Lease back if it is ours. Does not wait long for a server that may be away, and never throws. */
  async release(): Promise<void> {
    const { clock, log } = this.#options;
    using limit = timeLimit(clock, retryMs, new AbortController().signal);
    try {
      await this.#giveBack(limit.signal);
    } catch (error) {
      log.warn("Cannot give the lease back", { ...this.#fields(), error: describeError(error) });
    }
  }

  [Symbol.dispose](): void {
    this.#validity?.[Symbol.dispose]();
  }

  /** Not after `signal` aborts: the Lease may be that of our next term then. */
  async #giveBack(signal: AbortSignal): Promise<void> {
    // A renewal on its way would take the Lease again, or make our knowledge of it too old to give it back.
    await orAborted(this.#taking ?? Promise.resolve(false), signal);
    const held = this.#seen;
    if (signal.aborted || held === undefined || !this.#isHolder(held)) return;
    const free = { ...this.#claim(held), holderIdentity: "", leaseDurationSeconds: 1 };
    const given = await orAborted(this.#update(held, free), signal);
    if (given !== undefined) this.#observe(given);
  }

  /** Takes the Lease, or renews it. Resolves to whether it is ours now; never rejects. */
  #take(): Promise<boolean> {
    this.#taking = this.#tryToTake();
    return this.#taking;
  }

  async #tryToTake(): Promise<boolean> {
    try {
      return (await this.#renewSeen()) || (await this.#takeLatest());
    } catch (error) {
      // Another one came first, between our reading and writing.
      if (!isConflict(error) && !isAlreadyExists(error)) {
        this.#options.log.warn("Cannot take or renew the lease", { ...this.#fields(), error: describeError(error) });
      }
      return false;
    }
  }

  /** A holder need not read before it writes: if anyone else wrote, the server says Conflict. */
  async #renewSeen(): Promise<boolean> {
    const seen = this.#seen;
    if (seen === undefined || !this.#isHolder(seen) || this.#validity === undefined) return false;
    try {
      this.#observe(await this.#update(seen, this.#claim(seen)));
      return true;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  async #takeLatest(): Promise<boolean> {
    const { client, name } = this.#options;
    const lease = await this.#read();
    if (lease === undefined) {
      const metadata = { namespace, name };
      const spec = this.#claim(undefined);
      const draft: LeaseDraft = { apiVersion: apiVersionOf(leaseType), kind: leaseType.kind, metadata, spec };
      this.#observe(await client.create<Lease>(leaseType, draft));
      return true;
    }
    this.#observe(lease);
    if (this.#isAnothers(lease) && this.#validity !== undefined) return false;
    this.#observe(await this.#update(lease, this.#claim(lease)));
    return true;
  }

  #update(lease: Lease, spec: LeaseSpec): Promise<Lease> {
    const next: LeaseDraft = { ...lease, spec };
    return this.#options.client.update<Lease>(leaseType, next);
  }

  async #read(): Promise<Lease | undefined> {
    const { client, name } = this.#options;
    try {
      return await client.get<Lease>(leaseType, { namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** A Lease that says what it said before gets no younger. */
  #observe(lease: Lease): void {
    const news = JSON.stringify(lease.spec) !== JSON.stringify(this.#seen?.spec);
    this.#seen = lease;
    if (!news) return;
    this.#validity?.[Symbol.dispose]();
    this.#validity = this.#options.clock.after((lease.spec?.leaseDurationSeconds ?? leaseSeconds) * 1000, () => {
      this.#validity = undefined;
    });
  }

  #isHolder(lease: Lease): boolean {
    return lease.spec?.holderIdentity === this.#options.identity;
  }

  #isAnothers(lease: Lease | undefined): boolean {
    return lease !== undefined && (lease.spec?.holderIdentity ?? "") !== "" && !this.#isHolder(lease);
  }

  #claim(lease: Lease | undefined): LeaseSpec {
    const { clock, identity } = this.#options;
    const now = formatMicroTime(clock.now());
    const old = lease?.spec;
    const mine = lease !== undefined && this.#isHolder(lease);
    return {
      ...old,
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: (mine ? old?.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: lease === undefined ? 0 : (old?.leaseTransitions ?? 0) + (mine ? 0 : 1),
    };
  }

  #fields(): LogFields {
    const { name, identity } = this.#options;
    return { lease: `${namespace}/${name}`, identity };
  }
}

/** metav1.MicroTime: six digits after the second, no more and no fewer. */
function formatMicroTime(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}
