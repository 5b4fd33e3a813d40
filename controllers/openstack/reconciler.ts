import { isDeepStrictEqual } from "node:util";
import type { Client } from "../../api/client/client.ts";
import { isNotFound } from "../../api/status.ts";
import type { CredentialsChoice, ExternalStatus } from "../../crds/openstack/external.ts";
import { externalFinalizer } from "../../crds/openstack/external.ts";
import type { ResourceType } from "../../crds/meta.ts";
import { formatTime } from "../../crds/meta.ts";
import type { Clock } from "../../process/clock.ts";
import type { Log } from "../../process/log.ts";
import { exponentialBackoff } from "../runtime/backoff.ts";
import type { Cache, EventRecorder, Key, Outcome, Reconciler } from "../runtime/reconciler.ts";
import { keyOf, settled, waiting } from "../runtime/reconciler.ts";
import { means, OpenStackError } from "../../openstack/errors.ts";
import type { AnyActuator, AnyExternal, Change, Context, State } from "./actuator.ts";
import { InvalidError, WaitingError } from "./actuator.ts";
import type { Clouds } from "./clouds.ts";
import type { References } from "./references.ts";
import { importPollMs, resyncInMs } from "./resync.ts";
import type { Shares } from "./shares.ts";
import type { Seen, Verdict } from "./status.ts";
import { isAtRest, isFinal, isTerminal, statusOf } from "./status.ts";
import { verdictOf } from "./verdict.ts";

export interface ExternalReconcilerOptions {
  readonly actuator: AnyActuator;
  readonly client: Pick<Client, "updateStatus" | "patch">;
  readonly objects: Cache<AnyExternal>;
  readonly references: References;
  readonly clouds: Clouds;
  /** Of this kind's workers. */
  readonly shares: Shares;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** How often each object is compared with its cloud where it does not say so itself, in ms; 0 never. */
  readonly resyncMs: number;
  /**
   * How long a service may still carry out a creation whose answer never came, in ms. A minute is what we had waited for
   * that: a request stands in a proxy's line or a service's backlog no longer than clients wait (HAProxy's `timeout queue`
   * and oslo.messaging's `rpc_response_timeout` are that long).
   */
  readonly graceMs: number;
  readonly random: () => number;
}

/** How soon what may be carried out yet is looked for again. */
const latePollMs = 5000;

/** How soon what is on its way is looked at again. */
const pollMs = 1000;

/** How soon an import that finds nothing, or a use that has to end, is looked at again though nothing woke us. */
const idlePollMs = 15_000;

/** How long a service is left alone that failed: at most a minute, so that what comes back is used soon. */
const longestBackoffMs = 60_000;

interface Failures {
  readonly generation: number | undefined;
  readonly count: number;
}

/** A look that is to be taken at its time, unless what it was taken at changes. */
interface Pause {
  /** Of what it was taken at: see `ExternalReconciler.#signature`. */
  readonly signature: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** What one look found. */
interface Look {
  readonly seen: Seen | "gone" | undefined;
  readonly verdict: Verdict;
}

/**
 * Makes what is in a cloud as one object of one kind asks: finds it, makes it, changes it, or waits for what has to be
 * first; deletes it with the object. What a crash left behind is found again before anything is made twice: an object
 * says `creatingSince` before the first request and `id` after it. A creation whose end we never saw may be carried out
 * after our next look: `unansweredUntil` says for how long, and nothing is made again nor let go before.
 */
export class ExternalReconciler implements Reconciler {
  readonly #options: ExternalReconcilerOptions;
  readonly #type: ResourceType;
  readonly #failures = new Map<Key, Failures>();
  readonly #pauses = new Map<Key, Pause>();
  /** What an object was looked at with when that last came to an end: see {@link ExternalReconciler.#signature}. */
  readonly #uses = new Map<Key, string>();
  /** Versions that we have written over, as long as the cache may still show them. */
  readonly #outdated = new Map<Key, Set<string>>();
  /** Until when creations may be carried out yet that ended in this process, for when that could not be written. */
  readonly #late = new Map<Key, Date>();
  readonly #backoff;

  constructor(options: ExternalReconcilerOptions) {
    this.#options = options;
    this.#type = options.actuator.type;
    this.#backoff = exponentialBackoff({ baseMs: 500, maxMs: longestBackoffMs, jitter: 0.2, random: options.random });
  }

  async reconcile(key: Key, signal: AbortSignal, log: Log): Promise<Outcome> {
    try {
      return await this.#reconcile(key, signal, log);
    } catch (error) {
      // Its turn wakes it.
      if (error instanceof NoTurnError) return settled();
      throw error;
    } finally {
      this.#options.shares.leave(key);
    }
  }

  async #reconcile(key: Key, signal: AbortSignal, log: Log): Promise<Outcome> {
    const object = this.#options.objects.get(key);
    if (object === undefined) {
      this.#forget(key);
      return settled();
    }
    // Our own newer word is on its way here, and wakes us again.
    if (this.#outdated.get(key)?.has(object.metadata.resourceVersion) === true) return settled();
    this.#outdated.delete(key);
    const signature = this.#signature(object);
    const details = this.#details(object);
    const earlyMs = this.#earlyMs(key, signature);
    if (earlyMs > 0) return settled(earlyMs);
    const work = new Work(this.#options, object, signal, (old) => {
      const known = this.#outdated.get(key) ?? new Set();
      this.#outdated.set(key, known.add(old));
    });
    if (object.metadata.deletionTimestamp !== undefined) return this.#finalize(key, work, signature, log);
    if (isAtRest(object) && this.#usesAsBefore(key, object, isTerminal(object) ? signature + details : signature)) {
      const inMs = this.#resyncInMs(object);
      if (inMs === undefined || inMs > 0) return settled(inMs);
    }
    const look = await this.#look(work, () => this.#converge(work));
    await work.show(look.seen, look.verdict);
    if (look.verdict.reason === "Success") this.#uses.set(key, this.#signature(work.object));
    // As they were before: what has changed since may have been seen too late.
    if (isFinal(look.verdict)) this.#uses.set(key, this.#signature(work.object) + details);
    return this.#conclude(key, work, look.verdict, signature, log);
  }

  #forget(key: Key): void {
    this.#failures.delete(key);
    this.#pauses.delete(key);
    this.#uses.delete(key);
    this.#outdated.delete(key);
    this.#late.delete(key);
  }

  /** What a look is taken at besides the cloud: it changes with all that may make another one come to something else. */
  #signature(object: AnyExternal): string {
    const { metadata, spec } = object;
    const { clouds, actuator, references } = this.#options;
    const { generation, deletionTimestamp, namespace = "" } = metadata;
    const lender = actuator.lenderOf?.(spec);
    const lent = lender && references.get(lender.type, namespace, lender.name)?.spec;
    const credentials = clouds.versionOf(namespace, lent ?? spec);
    return JSON.stringify([generation, deletionTimestamp, credentials, this.#fingerprint(object)]);
  }

  /** What else a cloud may have refused it for: what is named was to be otherwise, or was. */
  #details({ spec, metadata }: AnyExternal): string {
    const { actuator, references } = this.#options;
    return references.details(actuator.references(spec), metadata.namespace ?? "");
  }

  /** Our own words wake us as those of others do: what failed a moment ago is not tried again for them. */
  #earlyMs(key: Key, signature: string): number {
    const pause = this.#pauses.get(key);
    if (pause?.signature !== signature) return 0;
    return Math.max(0, pause.until - this.#options.clock.now().getTime());
  }

  #pause(
    key: Key,
    signature: string,
    { reason, message }: Verdict & { readonly message: string },
    ms: number,
  ): Outcome {
    this.#pauses.set(key, { signature, until: this.#options.clock.now().getTime() + ms });
    return waiting(reason, message, ms);
  }

  #resyncInMs(object: AnyExternal): number | undefined {
    const { resyncMs, clock } = this.#options;
    return resyncInMs(object, resyncMs, clock.now());
  }

  #fingerprint({ spec, metadata }: AnyExternal): string {
    const { actuator, references } = this.#options;
    return references.fingerprint(actuator.references(spec), metadata.namespace ?? "");
  }

  /** After a restart nothing is known of before: what was as asked is as it was left, and what was given up is tried once. */
  #usesAsBefore(key: Key, object: AnyExternal, signature: string): boolean {
    const before = this.#uses.get(key);
    if (before === undefined) this.#uses.set(key, signature);
    return before === undefined ? !isTerminal(object) : before === signature;
  }

  /** What `attempt` comes to, or what the error means that it ends with. */
  async #look(work: Work, attempt: () => Promise<Look>): Promise<Look> {
    const { shares } = this.#options;
    const key = keyOf(work.object);
    try {
      const look = await attempt();
      shares.answered(key, true);
      return look;
    } catch (error) {
      if (error instanceof OpenStackError) shares.answered(key, !isSilence(error));
      const verdict = verdictOf(error);
      if (verdict === undefined || work.signal.aborted) throw error;
      return { seen: work.seen, verdict };
    }
  }

  async #converge(work: Work): Promise<Look> {
    const { spec } = work.object;
    return spec.managementPolicy === "unmanaged" ? this.#import(work) : this.#manage(work);
  }

  // ------------------------------------------------------------------------------------------ what is there already

  async #import(work: Work): Promise<Look> {
    const { actuator } = this.#options;
    await work.hold();
    const { spec, status } = work.object;
    const context = await this.#open(work);
    const id = spec.import?.id ?? status?.id;
    const remote: unknown =
      id === undefined ? await this.#find(work, context) : await actuator.get(context, id, undefined);
    if (remote === undefined) {
      if (id === undefined)
        throw new WaitingError(
          "Waiting for OpenStack resource to be created externally",
          importPollMs(work.object, this.#options.resyncMs, idlePollMs),
        );
      if (status?.id !== undefined) await this.#checkPlace(work, context);
      const message =
        status?.id === undefined
          ? `There is no ${this.#type.kind} with id ${id} in the cloud: correct spec.import by making another object`
          : `${this.#type.kind} ${id} was deleted in the cloud, and was not made by this object`;
      return { seen: "gone", verdict: { reason: "UnrecoverableError", message } };
    }
    if (status?.id === undefined) work.tell("Normal", "Imported", `Imported ${actuator.idOf(remote)}`);
    return this.#judge(work, remote);
  }

  async #find(work: Work, context: Context): Promise<unknown> {
    const { actuator } = this.#options;
    const found = await actuator.find(context, work.object.spec.import?.filter);
    if (found.length > 1)
      throw new InvalidError(
        `found more than one matching OpenStack resource during import (${found.length}): make another object with a narrower spec.import.filter`,
      );
    return found[0];
  }

  // ------------------------------------------------------------------------------------------ what we make

  async #manage(work: Work): Promise<Look> {
    const { actuator, clock } = this.#options;
    await work.hold();
    const context = await this.#open(work);
    const resource: unknown = this.#resourceOf(work);
    let remote: unknown = await this.#known(work, context);
    if (remote === undefined) {
      this.#awaitLate(work);
      const isFirst = work.object.status?.creatingSince === undefined;
      remote = await this.#create(work, context, isFirst);
      await this.#record(work, context, remote, isFirst);
    } else if (work.object.status?.id !== actuator.idOf(remote)) {
      work.tell("Normal", "Adopted", `Adopted ${actuator.idOf(remote)}, which was made before and not recorded`);
      await this.#record(work, context, remote, false);
    }
    const state = this.#stateOf(remote);
    work.seen = this.#seenOf(remote, state.kind === "ready");
    // A service that is still at work on it refuses changes.
    if (state.kind === "waiting" && state.takesChanges !== true) return this.#judge(work, remote);
    const moment = { now: clock.now(), wasReady: work.object.status?.lastSyncTime !== undefined };
    const changes = actuator.changes(context, resource, remote, moment) as readonly Change<unknown>[];
    const done: string[] = [];
    for (const { what, perform } of changes) {
      remote = await perform(context, remote);
      work.seen = this.#seenOf(remote, this.#stateOf(remote).kind === "ready");
      done.push(what);
    }
    // What is made with the object is not worth a word of its own.
    if (done.length > 0 && work.wasKnown) work.tell("Normal", "Updated", done.join("; "));
    const { unansweredUntil } = work;
    if (unansweredUntil !== undefined && unansweredUntil <= clock.now()) {
      await this.#removeLate(work, context, actuator.idOf(remote));
      work.unansweredUntil = undefined;
    }
    return this.#judge(work, remote);
  }

  /** Records what was made. Where it may not be the only one, another is looked for once none can come any more. */
  async #record(work: Work, context: Context, remote: unknown, isOnly: boolean): Promise<void> {
    if (!isOnly) work.unansweredUntil = this.#graceEnd();
    await work.record(this.#seenOf(remote, false), await context.cloud.projectId(context.signal));
    this.#late.delete(keyOf(work.object));
  }

  /** In whole seconds, as a status has it, and no sooner. */
  #graceEnd(): Date {
    const { clock, graceMs } = this.#options;
    return new Date(Math.ceil((clock.now().getTime() + graceMs) / 1000) * 1000);
  }

  /**
   * Throws WaitingError as long as a creation may be carried out yet whose end is not known: it was never answered, or the
   * server stopped meanwhile.
   */
  #awaitLate(work: Work): void {
    if (work.object.status?.creatingSince === undefined && work.unansweredUntil === undefined) return;
    const until = (work.unansweredUntil ??= this.#late.get(keyOf(work.object)) ?? this.#graceEnd());
    const inMs = until.getTime() - this.#options.clock.now().getTime();
    if (inMs <= 0) return;
    throw new WaitingError(
      `Waiting until ${formatTime(until)}: a creation whose answer never came may still be carried out`,
      Math.min(latePollMs, inMs),
    );
  }

  /** Deletes what carries our mark besides `id`. Throws WaitingError until nothing does, and where somebody uses it. */
  async #removeLate(work: Work, context: Context, id: string): Promise<void> {
    const { actuator } = this.#options;
    if (actuator.isUnused === undefined) return;
    const resource: unknown = this.#resourceOf(work);
    const ours: readonly unknown[] = await actuator.leftBehind(context, resource);
    const others = ours.filter((one) => actuator.idOf(one) !== id);
    for (const one of others) {
      const other = actuator.idOf(one);
      const inUse = new WaitingError(
        `${this.#type.kind} ${other} was made late, besides ${id}, by a creation whose answer never came, and is in use: free it, and it is deleted`,
        idlePollMs,
      );
      if (!actuator.isUnused(one)) throw inUse;
      try {
        await actuator.delete(context, one, resource);
      } catch (error) {
        if (means(error, "Conflict")) throw inUse;
        throw error;
      }
      work.tell("Normal", "DeletedDuplicate", `Deleted ${other}, which a creation whose answer never came made late`);
    }
    if (others.length > 0) throw new WaitingError("Waiting for what was made twice to be deleted", pollMs);
  }

  /**
   * A cloud that does not have what another one does tells nothing of whether it is gone. Throws InvalidError where the
   * credentials are for another cloud or project than that which it was made in.
   */
  async #checkPlace({ object: { status = {} }, place }: Work, { cloud, signal }: Context): Promise<void> {
    const { id = "it", cloud: madeAt, projectID: madeIn } = status;
    if (madeAt !== undefined && place !== undefined && madeAt !== place)
      throw new InvalidError(
        `${id} was made in the cloud at ${madeAt}, and the credentials are for ${place}, which does not have it: name the cloud again that it is in`,
      );
    if (madeIn === undefined) return;
    const now = await cloud.projectId(signal);
    if (now === madeIn) return;
    throw new InvalidError(
      `${id} was made in project ${madeIn}, and the credentials are for ${now ?? "none"}: name the project again that it is in`,
    );
  }

  /** What the object has in the cloud: by its id, or by what a crash left behind. */
  async #known(work: Work, context: Context): Promise<unknown> {
    const { actuator } = this.#options;
    const { status } = work.object;
    const resource: unknown = this.#resourceOf(work);
    if (status?.id !== undefined) {
      const remote: unknown = await actuator.get(context, status.id, resource);
      if (remote !== undefined) return remote;
      await this.#checkPlace(work, context);
      if (status.unansweredUntil === undefined) {
        work.tell("Warning", "DeletedExternally", `${status.id} was deleted in the cloud: it is made again`);
        return undefined;
      }
    } else if (status?.creatingSince === undefined) return undefined;
    const found = await actuator.leftBehind(context, resource);
    // Others with our mark are deleted once one is recorded.
    if (found.length > 1 && actuator.isUnused === undefined)
      throw new InvalidError(
        `${found.length} resources look like the one that was being created when the server stopped (${found.map((one) => actuator.idOf(one)).join(", ")}): delete those that are not needed`,
      );
    return found[0];
  }

  async #create(work: Work, context: Context, isFirst: boolean): Promise<unknown> {
    const { actuator, references } = this.#options;
    const { namespace = "" } = work.object.metadata;
    for (const reference of actuator.references(work.object.spec)) {
      const missing = references.missing(reference, namespace);
      if (missing !== undefined) throw new WaitingError(missing);
    }
    // Who cannot sign in has begun nothing.
    await context.cloud.projectId(context.signal);
    this.#late.delete(keyOf(work.object));
    await work.begin(isFirst ? await actuator.alike?.(context, this.#resourceOf(work)) : undefined);
    try {
      const remote: unknown = await actuator.create(context, this.#resourceOf(work));
      work.tell("Normal", "Created", `Created ${actuator.idOf(remote)}`);
      return remote;
    } catch (error) {
      const isUnderWay = mayBeUnderWay(error);
      work.unansweredUntil = isUnderWay ? this.#graceEnd() : this.#options.clock.now();
      this.#late.set(keyOf(work.object), work.unansweredUntil);
      // An earlier attempt may have made it whatever becomes of this one.
      if (isFirst && !isUnderWay && !mayHaveBeenDone(error)) work.disown();
      throw error;
    }
  }

  #stateOf(remote: unknown): State {
    const { actuator, clock } = this.#options;
    return actuator.stateOf(remote, clock.now());
  }

  #seenOf(remote: unknown, usable: boolean): Seen {
    const { actuator } = this.#options;
    return { id: actuator.idOf(remote), resource: present(actuator.observe(remote)), usable };
  }

  #judge(work: Work, remote: unknown): Look {
    const state = this.#stateOf(remote);
    const seen = this.#seenOf(remote, state.kind === "ready");
    work.seen = seen;
    switch (state.kind) {
      case "ready":
        return { seen, verdict: { reason: "Success" } };
      case "waiting":
        return { seen, verdict: { reason: "Progressing", message: state.message, pollMs: state.pollMs ?? pollMs } };
      case "failed":
        return { seen, verdict: { reason: "TransientError", message: state.message } };
    }
  }

  // ------------------------------------------------------------------------------------------ its end

  async #finalize(key: Key, work: Work, signature: string, log: Log): Promise<Outcome> {
    if (!work.isHeld()) {
      this.#forget(key);
      return settled();
    }
    const look = await this.#look(work, async () => {
      await this.#remove(work);
      return { seen: "gone", verdict: { reason: "Success" } };
    });
    if (look.verdict.reason === "Success") {
      await work.release();
      this.#forget(key);
      return settled();
    }
    // Whatever is wrong with what was asked for: it is to go, and is not given up before it is gone.
    const verdict = isFinal(look.verdict) ? { ...look.verdict, reason: "TransientError" as const } : look.verdict;
    await work.show(look.seen, verdict);
    return this.#conclude(key, work, verdict, signature, log);
  }

  /** Returns once it is gone. Throws what keeps it from going. */
  async #remove(work: Work): Promise<void> {
    const { references, actuator } = this.#options;
    const { metadata, spec, status } = work.object;
    const users = references.usersOf(this.#type, metadata.namespace ?? "", metadata.name);
    const isOurs = spec.managementPolicy !== "unmanaged" && spec.managedOptions?.onDelete !== "detach";
    const resource: unknown = this.#resourceOf(work);
    if (users !== undefined) {
      if (isOurs && actuator.loosen !== undefined && status?.id !== undefined) {
        const context = await this.#open(work);
        const remote: unknown = await actuator.get(context, status.id, resource);
        if (remote !== undefined) await actuator.loosen(context, remote);
      }
      throw new WaitingError(`Waiting to be deleted: used by ${users}`, idlePollMs);
    }
    if (!isOurs || (status?.id === undefined && status?.creatingSince === undefined)) return;
    const context = await this.#open(work);
    const remotes: readonly unknown[] =
      status.id === undefined
        ? await actuator.leftBehind(context, resource)
        : [await actuator.get(context, status.id, resource)].filter((remote) => remote !== undefined);
    if (remotes.length === 0 && status.id !== undefined) await this.#checkPlace(work, context);
    const ends = await Promise.all(remotes.map((remote) => actuator.delete(context, remote, resource)));
    if (ends.includes("going")) throw new WaitingError("Waiting for OpenStack resource to be deleted", pollMs);
    if (status.id !== undefined && status.unansweredUntil !== undefined)
      await this.#removeLate(work, context, status.id);
    this.#awaitLate(work);
  }

  // ------------------------------------------------------------------------------------------ common to all

  #resourceOf({ object: { spec } }: Work): unknown {
    const { actuator } = this.#options;
    return actuator.resourceOf === undefined ? spec.resource : actuator.resourceOf(spec);
  }

  #credentialsOf({ metadata, spec }: AnyExternal): CredentialsChoice {
    const { actuator, references } = this.#options;
    const { namespace = "" } = metadata;
    const lender = actuator.lenderOf?.(spec);
    if (lender === undefined) return spec;
    const lent = references.get(lender.type, namespace, lender.name)?.spec;
    if (lent !== undefined) return lent;
    throw new WaitingError(`Waiting for ${lender.type.kind} "${lender.name}" (${lender.field}) to be created`);
  }

  async #open(work: Work): Promise<Context> {
    const { clouds, actuator, references, shares } = this.#options;
    const { metadata, spec, status } = work.object;
    const { namespace = "", name, uid } = metadata;
    const { service: cloud, place } = await clouds.open(namespace, this.#credentialsOf(work.object));
    if (!shares.enter(keyOf(work.object), place)) throw new NoTurnError();
    work.place = place;
    const known = actuator.references(spec);
    const named = (type: ResourceType, wanted: string): AnyExternal => {
      const reference = known.find((one) => one.type.plural === type.plural && one.name === wanted);
      if (reference === undefined) throw new TypeError(`${this.#type.kind} names no ${type.kind} "${wanted}"`);
      const object = references.get(type, namespace, wanted);
      if (object?.status?.id !== undefined) return object;
      throw new WaitingError(
        references.missing(reference, namespace) ?? `Waiting for ${type.kind} "${wanted}" (${reference.field})`,
      );
    };
    return {
      cloud,
      name,
      uid,
      tag: `stowage.dev/uid=${uid}`,
      signal: work.signal,
      beside: status?.creatingBeside ?? [],
      idOf: (type, wanted) => named(type, wanted).status?.id ?? "",
      observedOf: (type, wanted) => named(type, wanted).status?.resource,
      secret: (secretName, secretKey, encoding) => clouds.secret(namespace, secretName, secretKey, encoding),
      secretMark: (secretName, secretKey) => clouds.secretMark(namespace, secretName, secretKey, uid),
    };
  }

  #conclude(key: Key, { object }: Work, verdict: Verdict, signature: string, log: Log): Outcome {
    const { generation } = object.metadata;
    if (verdict.reason !== "TransientError") this.#failures.delete(key);
    this.#pauses.delete(key);
    switch (verdict.reason) {
      case "Success":
        return settled(this.#resyncInMs(object));
      case "InvalidConfiguration":
      case "UnrecoverableError":
        log.warn("Gave up until it changes", { reason: verdict.reason, error: verdict.message });
        return settled();
      case "Progressing":
        // Others end a wait that is looked at so seldom: what is deleted, or made.
        return verdict.pollMs === undefined || verdict.pollMs >= idlePollMs
          ? waiting(verdict.reason, verdict.message, verdict.pollMs)
          : this.#pause(key, signature, verdict, verdict.pollMs);
      case "TransientError": {
        const before = this.#failures.get(key);
        const count = before !== undefined && before.generation === generation ? before.count + 1 : 1;
        this.#failures.set(key, { generation, count });
        const retryInMs = Math.max(verdict.retryAfterMs ?? 0, this.#backoff.after(Math.min(count, 16)));
        log.warn("OpenStack refused", { error: verdict.message, retryInMs: Math.round(retryInMs) });
        return this.#pause(key, signature, verdict, retryInMs);
      }
    }
  }
}

/** Others are about the same cloud, and it has its share of workers. */
class NoTurnError extends Error {
  override readonly name = "NoTurnError";
}

/** As the API gives it back: without fields that are undefined. */
const present = (observed: object): object => JSON.parse(JSON.stringify(observed)) as object;

const isSilence = ({ meaning, status }: OpenStackError): boolean => meaning === "Unavailable" && status === undefined;

/** Whether a creation that failed so may have its effect yet: no answer came, or one of a proxy that had waited in vain. */
const mayBeUnderWay = (error: unknown): boolean =>
  !(error instanceof WaitingError || error instanceof InvalidError) &&
  (!(error instanceof OpenStackError) || error.isUnanswered || error.status === 502 || error.status === 504);

/** Whether a request that failed so may have had its effect all the same. */
const mayHaveBeenDone = (error: unknown): boolean =>
  !(error instanceof WaitingError || error instanceof InvalidError) &&
  (!(error instanceof OpenStackError) || error.meaning === "Unavailable");

/** One object while one reconciliation is about it, with what was written to it since. */
class Work {
  readonly signal: AbortSignal;
  /** Whether its id was known when the work began. */
  readonly wasKnown: boolean;
  /** What is known of its resource, for when the rest fails. */
  seen: Seen | undefined;
  /** As the next status has it. */
  unansweredUntil: Date | undefined;
  /** Where the cloud is that it was looked for in. */
  place: string | undefined;
  readonly #options: ExternalReconcilerOptions;
  readonly #outdate: (resourceVersion: string) => void;
  #object: AnyExternal;
  #isDisowned = false;

  constructor(
    options: ExternalReconcilerOptions,
    object: AnyExternal,
    signal: AbortSignal,
    outdate: (resourceVersion: string) => void,
  ) {
    this.#options = options;
    this.#object = object;
    this.signal = signal;
    const { id, unansweredUntil } = object.status ?? {};
    this.wasKnown = id !== undefined;
    this.unansweredUntil = unansweredUntil === undefined ? undefined : new Date(unansweredUntil);
    this.#outdate = outdate;
  }

  get object(): AnyExternal {
    return this.#object;
  }

  isHeld(): boolean {
    return this.#object.metadata.finalizers?.includes(externalFinalizer) ?? false;
  }

  /** Keeps the object until {@link release}. Nothing may be in a cloud before this. Throws Conflict, NotFound. */
  async hold(): Promise<void> {
    if (!this.isHeld()) await this.#finalizers([...(this.#object.metadata.finalizers ?? []), externalFinalizer]);
  }

  /** Lets the object go. */
  async release(): Promise<void> {
    const rest = (this.#object.metadata.finalizers ?? []).filter((one) => one !== externalFinalizer);
    try {
      await this.#finalizers(rest);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /**
   * Says that it may be there from now on, and that the end of this attempt is not known. Throws Conflict where another
   * has written since: nothing is made then.
   */
  async begin(beside: readonly string[] = []): Promise<void> {
    const now = this.#options.clock.now();
    const { status: before = {} } = this.#object;
    const again: Verdict = { reason: "Progressing", message: "It was deleted in the cloud: it is made again" };
    const {
      lastSyncTime: _before,
      unansweredUntil: _earlier,
      creatingSince = formatTime(now),
      ...status
    } = before.id === undefined ? before : statusOf(this.#object, "gone", again, now);
    await this.#write({ ...status, creatingSince, ...(beside.length > 0 && { creatingBeside: beside }) });
    this.unansweredUntil = undefined;
  }

  /** Says with the next status that nothing was made. */
  disown(): void {
    this.#isDisowned = true;
  }

  /** Records what was made, at once. */
  async record({ id, resource }: Seen, projectID: string | undefined): Promise<void> {
    const { creatingSince: _known, creatingBeside: _others, ...status } = this.#object.status ?? {};
    await this.#write({
      ...this.#withGrace(status),
      ...(id !== undefined && { id }),
      ...(projectID !== undefined && { projectID }),
      ...this.#whereItIs(),
      resource,
    });
  }

  async show(seen: Look["seen"], verdict: Verdict): Promise<void> {
    const now = this.#options.clock.now();
    const before = this.#object.status?.conditions;
    const { creatingSince, creatingBeside, ...status } = statusOf(this.#object, seen, verdict, now);
    const isBegun = creatingSince !== undefined && !this.#isDisowned;
    if (this.#isDisowned) this.unansweredUntil = undefined;
    const isThere = seen !== undefined && seen !== "gone";
    const next = { ...this.#withGrace(status), ...(isThere && this.#whereItIs()) };
    await this.#write(
      isBegun ? { ...next, creatingSince, ...(creatingBeside !== undefined && { creatingBeside }) } : next,
    );
    const said = (conditions: typeof before): string | undefined =>
      conditions?.find(({ type }) => type === "Progressing")?.message;
    if (verdict.reason === "Success" || verdict.reason === "Progressing") return;
    if (said(before) !== said(this.#object.status?.conditions)) this.tell("Warning", verdict.reason, verdict.message);
  }

  #whereItIs(): Pick<ExternalStatus, "cloud"> {
    return this.place === undefined ? {} : { cloud: this.place };
  }

  #withGrace({ unansweredUntil: _before, ...status }: ExternalStatus): ExternalStatus {
    const until = this.unansweredUntil;
    return until === undefined ? status : { ...status, unansweredUntil: formatTime(until) };
  }

  tell(type: "Normal" | "Warning", reason: string, message: string): void {
    this.#options.events.event(this.#object, type, reason, message);
  }

  async #write(status: ExternalStatus): Promise<void> {
    if (isDeepStrictEqual(status, this.#object.status)) return;
    const { client, actuator } = this.#options;
    const old = this.#object.metadata.resourceVersion;
    const next: AnyExternal = { ...this.#object, status };
    this.#object = await client.updateStatus<AnyExternal>(actuator.type, next);
    // What was so already is not written, and no newer word of it comes.
    if (this.#object.metadata.resourceVersion !== old) this.#outdate(old);
  }

  async #finalizers(finalizers: readonly string[]): Promise<void> {
    const { client, actuator } = this.#options;
    const { namespace, name, resourceVersion } = this.#object.metadata;
    const body = { metadata: { resourceVersion, finalizers } };
    this.#object = await client.patch<AnyExternal>(actuator.type, { namespace, name }, { type: "merge", body });
    this.#outdate(resourceVersion);
  }
}
