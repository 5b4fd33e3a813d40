import { leaseType } from "../../crds/core.ts";
import type { Client, Draft } from "../../api/client/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../api/status.ts";
import type { KubeObject } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { childOf, orAborted } from "../../process/abort.ts";
import { sleep, within } from "../../process/clock.ts";
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
 * `signal` aborts. Lost means: not renewed for 10 s of the 15 s that others respect it, by our own clock; other
 * clocks are never compared with. Once `run` has ended, a Lease still held is given back at once.
 *
 * Goes on competing after a loss. Returns when `signal` aborts, or when `run` returns by itself; throws what `run`
 * throws. Source of the rules: k8s.io/client-go/tools/leaderelection/leaderelection.go.
 */
export async function leadWhileElected(
  options: LeaderElectionOptions,
  run: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  using candidate = new Candidate(options);
  let lost = true;
  while (lost && (await candidate.acquire(signal))) {
    using term = childOf(signal);
    const renewing = candidate.renew(term);
    try {
      await run(term.signal);
    } finally {
      term.abort();
      lost = await renewing;
      await candidate.release();
    }
  }
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

  /** Resolves to true when the Lease is ours, to false when `signal` aborts first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      if (await orAborted(this.#take(), signal)) {
        log.info("Became leader", this.#fields());
        return true;
      }
      await sleep(clock, retryMs * (1 + jitter * this.#random()), signal);
    }
    return false;
  }

  /** Renews until `term` is aborted (false), or aborts it because that did not succeed in time (true). */
  async renew(term: AbortController): Promise<boolean> {
    const { clock, log } = this.#options;
    const tooLate = new Error("The lease could not be renewed in time");
    const startDeadline = (): Disposable =>
      clock.after(renewDeadlineMs, () => {
        term.abort(tooLate);
      });
    let deadline = startDeadline();
    while (await sleep(clock, retryMs, term.signal)) {
      // A request that hangs must not keep us from letting go in time.
      if (!(await orAborted(this.#take(), term.signal))) continue;
      deadline[Symbol.dispose]();
      deadline = startDeadline();
    }
    deadline[Symbol.dispose]();
    const lost = term.signal.reason === tooLate;
    if (lost) log.warn("Lost the lease", { ...this.#fields(), error: tooLate.message });
    return lost;
  }

  /** Gives the Lease back if it is ours. Does not wait long for a server that may be away, and never throws. */
  async release(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await within(clock, retryMs, this.#giveBack());
    } catch (error) {
      log.warn("Cannot give the lease back", { ...this.#fields(), error: describeError(error) });
    }
  }

  [Symbol.dispose](): void {
    this.#validity?.[Symbol.dispose]();
  }

  async #giveBack(): Promise<void> {
    // A renewal on its way would take the Lease again, or make our knowledge of it too old to give it back.
    await this.#taking;
    const held = this.#seen;
    if (held === undefined || !this.#isHolder(held)) return;
    this.#observe(await this.#update(held, { ...this.#claim(held), holderIdentity: "", leaseDurationSeconds: 1 }));
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
    const taken = (lease.spec?.holderIdentity ?? "") !== "" && !this.#isHolder(lease);
    if (taken && this.#validity !== undefined) return false;
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
