/**
 * The store of production: etcd, or whatever kine puts in its place. Sends only what kube-apiserver sends
 * (k8s.io/apiserver/pkg/storage/etcd3): ranges by key or prefix with limit and revision; create, update and delete
 * guarded by the mod revision; one watch; lease grants without keep-alive; compaction.
 *
 * One watch of everything below the prefix feeds all watchers of this process. It also answers "have I seen all up to
 * revision R" without etcd's manual progress requests, which before 3.4.31 and 3.5.13 may overtake events or never be
 * answered (https://github.com/etcd-io/etcd/issues/15220): an event at R or later has come. Where the newest change lies outside
 * the prefix none would come, so then the key {@link fenceKey} is written, and that write is the event.
 */
import { childOf, orAborted } from "../../process/abort.ts";
import { sleep, systemClock, timeLimit } from "../../process/clock.ts";
import type { Clock } from "../../process/clock.ts";
import {
  AlreadyExistsError,
  CompactedError,
  ConflictError,
  FutureRevisionError,
  NotFoundError,
  StorageError,
  TooLargeError,
  UnavailableError,
  UnknownOutcomeError,
} from "./errors.ts";
import { EtcdClient, EtcdError, grpcStatus } from "./etcd-client.ts";
import type { EtcdTls } from "./etcd-client.ts";
import type {
  Event,
  KeyValue,
  LeaseId,
  Operation,
  RangeRequest,
  RangeResponse,
  TxnResponse,
  WatchResponse,
} from "./etcd-messages.ts";
import { listStart, prefixEnd } from "./key-range.ts";
import { RecentValues } from "./recent-values.ts";
import { SharedWork } from "./shared-work.ts";
import type { ListOptions, Page, Revision, Store, Stored, StoreEvent, WriteOptions } from "./store.ts";
import { keyOf, revisionOf, WatchHub } from "./watch-hub.ts";
import type { Change } from "./watch-hub.ts";

export interface EtcdOptions {
  /** `http://host:port` or `https://host:port`; the next one is used when one does not answer. */
  readonly endpoints: readonly string[];
  /** Put before every key, so that several control planes can share one etcd; "" when absent. */
  readonly prefix?: string;
  /** PEM texts. Without it an https endpoint is checked against the system's authorities. */
  readonly tls?: EtcdTls;
  /** How long a request may take, tries included; 10 s when absent. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Every key begins with this; what is watched is all of it. */
const root = "/";
/** Written only to make an event. Keys below /stowage/ are the store's own: no object lives there. */
const fenceKey = "/stowage/fence";
/** How long events that are on their way get before a fence is written. */
const fenceGraceMs = 10;
const firstRetryMs = 50;
const slowestRetryMs = 1000;
/** How often the endpoint in use is asked whether it still answers, and how long it may take. */
const mindMs = 1000;
const silenceMs = 2000;
/** k8s.io/apiserver/pkg/storage/etcd3/lease_manager.go: one lease serves the writes of a while, and lives longer by it. */
const leaseReuse = { share: 0.05, mostSeconds: 60, mostKeys: 1000 };

interface Lease {
  readonly id: Promise<LeaseId>;
  readonly reusableUntil: number;
  keys: number;
}

/** While one endpoint is in use. */
type Turn = ReturnType<typeof childOf>;

const { cancelled, unknown, deadlineExceeded, internal, unavailable } = grpcStatus;
const lossCodes: ReadonlySet<number> = new Set([cancelled, unknown, deadlineExceeded, internal, unavailable]);
const isLoss = (error: unknown): error is EtcdError => error instanceof EtcdError && lossCodes.has(error.status);
const says = (error: unknown, words: string): boolean => (error as Error).message.includes(words);

export class EtcdStore implements Store {
  readonly #options: EtcdOptions;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #clients: readonly EtcdClient[];
  #current = 0;
  readonly #closing = new AbortController();
  /** Aborts when the endpoint in use is given up for the next one, and with the store. */
  #turn: Turn = childOf(this.#closing.signal);
  readonly #leases = new Map<number, Lease>();
  readonly #recent = new RecentValues();
  readonly #hub: WatchHub;
  #following: Promise<unknown> = Promise.resolve();
  #fencing: Promise<Revision> | undefined;
  readonly #reading = new SharedWork(() => this.#readRevision());
  #compacted = 0 as Revision;

  private constructor(options: EtcdOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? "";
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#clients = options.endpoints.map((endpoint) => new EtcdClient(endpoint, options.tls));
    this.#hub = new WatchHub(0 as Revision, (prefix, after, upTo, signal) => this.#replay(prefix, after, upTo, signal));
  }

  /** Throws UnavailableError when no endpoint answers, or none takes a write. */
  static async open(options: EtcdOptions): Promise<EtcdStore> {
    const store = new EtcdStore(options);
    try {
      // A watch can tell what happened up to a revision only where that revision has an event; the fence is one.
      const position = await store.#fence();
      store.#hub.reset(position, position);
      store.#following = Promise.all([store.#follow(), store.#mind()]);
      return store;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      const where = options.endpoints.join(", ");
      throw new UnavailableError("", `Cannot open the store in etcd at ${where}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  async create(key: string, value: Uint8Array, options: WriteOptions = {}): Promise<Stored> {
    const put = await this.#putOp(key, value, options);
    const { succeeded, revision } = await this.#swap("create", key, 0 as Revision, put, undefined);
    if (!succeeded) throw new AlreadyExistsError(key);
    return this.#remember({ key, value, revision });
  }

  async get(key: string): Promise<Stored | undefined> {
    const { kvs } = await this.#range("read", key, { key: this.#bytes(key) });
    return kvs[0] === undefined ? undefined : this.#remember(this.#stored(kvs[0]));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const range: RangeRequest = {
      key: this.#bytes(listStart(prefix, options.after)),
      rangeEnd: this.#end(prefix),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.revision === undefined ? {} : { revision: options.revision }),
    };
    const { kvs, count, revision } = await this.#rangeAt(prefix, range, options.revision);
    return {
      items: kvs.map((kv) => this.#stored(kv)),
      revision: options.revision ?? revision,
      remaining: count - kvs.length,
    };
  }

  /**
   * Whether the bytes are equal can only be said by reading, which would cost every update a second round trip. What
   * was last seen of a key saves it: bytes that differ from those of `expected` go straight to the transaction, which
   * checks the revision itself. Only what is unknown, or seems equal, is read first.
   */
  async update(key: string, value: Uint8Array, expected: Revision, options: WriteOptions = {}): Promise<Stored> {
    if (!this.#recent.differs(key, value, expected)) {
      const current = await this.get(key);
      if (current?.revision !== expected) throw refusal(key, expected, current);
      if (Buffer.compare(current.value, value) === 0) return current;
    }
    const bytes = this.#bytes(key);
    const put = await this.#putOp(key, value, options);
    const answer = await this.#swap("update", key, expected, put, { range: { key: bytes } });
    if (!answer.succeeded) throw refusal(key, expected, this.#found(answer));
    return this.#remember({ key, value, revision: answer.revision });
  }

  async delete(key: string, expected: Revision): Promise<Revision> {
    const bytes = this.#bytes(key);
    const answer = await this.#swap(
      "delete",
      key,
      expected,
      { deleteRange: { key: bytes } },
      { range: { key: bytes } },
    );
    if (!answer.succeeded) throw refusal(key, expected, this.#found(answer));
    this.#recent.forget(key);
    return answer.revision;
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    this.#assertOpen(prefix);
    yield* this.#hub.watch(prefix, from, signal, async () => {
      if (from <= this.#hub.position) return;
      const newest = await this.revision();
      if (from > newest) throw new FutureRevisionError(prefix, from, newest);
    });
  }

  revision(): Promise<Revision> {
    return this.#reading.run();
  }

  async requestProgress(prefix: string, revision: Revision): Promise<void> {
    if (this.#hub.position < revision && !(await this.#passes(revision, fenceGraceMs))) {
      let fence: Revision;
      do fence = await this.#fence();
      while (fence < revision); // one that had begun before `revision` came to be
      if (!(await this.#passes(revision, this.#timeoutMs))) {
        throw new UnavailableError("", `Cannot tell what happened up to revision ${revision}: etcd's watch is silent`);
      }
    }
    this.#hub.progress(prefix, this.#hub.position);
  }

  get compacted(): Revision {
    return this.#compacted;
  }

  async compact(revision: Revision): Promise<void> {
    try {
      await this.#call("compact", "", "repeatable", (client, ms) => client.compact(revision, ms));
      if (revision > this.#compacted) this.#compacted = revision;
    } catch (error) {
      if (says(error, "has been compacted")) return;
      if (says(error, "future revision")) throw new FutureRevisionError("", revision, await this.revision());
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#hub.close();
    for (const client of this.#clients) client.close();
    await this.#following;
  }

  async #readRevision(): Promise<Revision> {
    return (await this.#range("read", fenceKey, { key: this.#bytes(fenceKey) })).revision;
  }

  #assertOpen(key: string): void {
    if (this.#closing.signal.aborted) throw new UnavailableError(key, "Cannot use the store: it is closed");
  }

  #bytes(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  #end(prefix: string): Buffer {
    // etcd's word for no end: rpc.proto, RangeRequest.range_end
    return Buffer.from(prefixEnd(this.#prefix + prefix) ?? "\0");
  }

  #stored({ key, value, revision }: KeyValue): Stored {
    return { key: key.slice(this.#prefix.length), value, revision };
  }

  #remember(stored: Stored): Stored {
    this.#recent.remember(stored);
    return stored;
  }

  #found({ found }: TxnResponse): Stored | undefined {
    return found === undefined ? undefined : this.#remember(this.#stored(found));
  }

  /** A transaction on one key, if its revision is `expected` (0: there is none). Never sent twice. */
  #swap(
    action: string,
    key: string,
    expected: Revision,
    success: Operation,
    failure: Operation | undefined,
  ): Promise<TxnResponse> {
    return this.#call(action, key, "once", (client, ms) =>
      client.txn({ key: this.#bytes(key), expected, success, failure }, ms),
    );
  }

  async #putOp(key: string, value: Uint8Array, { ttlSeconds }: WriteOptions): Promise<Operation> {
    const put = { key: this.#bytes(key), value };
    return { put: ttlSeconds === undefined ? put : { ...put, lease: await this.#lease(key, ttlSeconds) } };
  }

  async #lease(key: string, ttlSeconds: number): Promise<LeaseId> {
    const now = this.#clock.now().getTime();
    const known = this.#leases.get(ttlSeconds);
    if (known !== undefined && now < known.reusableUntil && known.keys < leaseReuse.mostKeys) {
      known.keys++;
      return known.id;
    }
    const extra = Math.min(Math.floor(ttlSeconds * leaseReuse.share), leaseReuse.mostSeconds);
    // A lease that was granted and got lost on the way costs nothing: it runs out.
    const id = this.#call("lease", key, "repeatable", (client, ms) => client.leaseGrant(ttlSeconds + extra, ms));
    this.#leases.set(ttlSeconds, { id, reusableUntil: now + extra * 1000, keys: 1 });
    id.catch(() => this.#leases.delete(ttlSeconds));
    return id;
  }

  #range(action: string, key: string, request: RangeRequest): Promise<RangeResponse> {
    return this.#call(action, key, "repeatable", (client, ms) => client.range(request, ms));
  }

  async #rangeAt(prefix: string, request: RangeRequest, revision: Revision | undefined): Promise<RangeResponse> {
    try {
      return await this.#range("list", prefix, request);
    } catch (error) {
      if (revision === undefined) throw error;
      if (says(error, "has been compacted")) throw await this.#compactedError(prefix, revision);
      if (says(error, "future revision")) throw new FutureRevisionError(prefix, revision, await this.revision());
      throw error;
    }
  }

  /** `compacted` is too old; etcd says only to watches which one is not. */
  async #compactedError(prefix: string, compacted: Revision): Promise<StorageError> {
    using limit = timeLimit(this.#clock, this.#timeoutMs, this.#closing.signal);
    try {
      const responses = this.#responses(this.#client, compacted, limit.signal)[Symbol.asyncIterator]();
      while ((await responses.next()).done !== true); // it ends by being refused
    } catch (error) {
      if (error instanceof CompactedError) return new CompactedError(prefix, compacted, error.oldest);
    }
    return new UnavailableError(prefix, `Cannot list "${prefix}": the connection to etcd was lost`);
  }

  get #client(): EtcdClient {
    const client = this.#clients[this.#current % this.#clients.length];
    if (client === undefined) throw new Error("Cannot use etcd without endpoints: give one or more");
    return client;
  }

  /**
   * One request. When the connection is lost, "repeatable" ones are tried again on the next endpoint until the time is
   * up; those to be sent "once" only if they have not been.
   */
  async #call<T>(
    action: string,
    key: string,
    mode: "once" | "repeatable",
    request: (client: EtcdClient, timeoutMs: number) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen(key);
    const began = this.#clock.now().getTime();
    for (let wait = firstRetryMs; ; wait = Math.min(2 * wait, slowestRetryMs)) {
      const now = this.#clock.now().getTime();
      const turn = this.#turn;
      try {
        const ms = Math.min(this.#timeoutMs / 2, began + this.#timeoutMs - now);
        const answer = request(this.#client, ms);
        return await (mode === "once" ? answer : this.#unlessLeft(turn, answer));
      } catch (error) {
        this.#assertOpen(key);
        const again = isLoss(error) && (mode === "repeatable" || error.unsent);
        if (isLoss(error)) this.#leave(turn);
        if (!again || now + wait - began >= this.#timeoutMs) throw failure(action, key, mode, error);
        await sleep(this.#clock, wait, this.#closing.signal);
      }
    }
  }

  /** Turns to the next endpoint, if there is one and nobody did so since `turn` began. */
  #leave(turn: Turn): void {
    if (this.#turn !== turn || this.#clients.length === 1) return;
    this.#current++;
    this.#turn = childOf(this.#closing.signal);
    turn.abort();
    turn[Symbol.dispose]();
  }

  /** What a request that may be repeated is answered, or a loss as soon as its endpoint is given up. */
  async #unlessLeft<T>(turn: Turn, answer: Promise<T>): Promise<T> {
    if (this.#clients.length === 1) return answer;
    const told = await orAborted(
      answer.then((value) => ({ value })),
      turn.signal,
    );
    if (told === undefined) throw new EtcdError(unavailable, "the endpoint was given up");
    return told.value;
  }

  /**
   * Gives up an endpoint that hangs: a stopped process or a cut cable closes no connection, and gRPC's keep-alive would
   * take 40 s to tell, for as long as which watchers would be told nothing.
   */
  async #mind(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#clients.length > 1 && (await sleep(this.#clock, mindMs, signal))) {
      const turn = this.#turn;
      try {
        await this.#client.range({ key: this.#bytes(fenceKey) }, silenceMs);
      } catch {
        this.#leave(turn);
      }
    }
  }

  /** Writes an event below the prefix and returns its revision. Those who ask at the same time share one. */
  #fence(): Promise<Revision> {
    this.#fencing ??= this.#writeFence().finally(() => {
      this.#fencing = undefined;
    });
    return this.#fencing;
  }

  async #writeFence(): Promise<Revision> {
    const key = this.#bytes(fenceKey);
    const { kvs } = await this.#range("read", fenceKey, { key });
    const put: Operation = { put: { key, value: Buffer.alloc(0) } };
    const read: Operation | undefined = kvs[0] === undefined ? undefined : { range: { key } };
    const expected = kvs[0]?.revision ?? (0 as Revision);
    const answer = await this.#swap("update", fenceKey, expected, put, read);
    if (answer.succeeded) return answer.revision;
    // Someone else's write of it came in between, and is as good.
    return this.#found(answer)?.revision ?? this.#writeFence();
  }

  /** Whether the watch has seen everything up to `revision`, waiting up to `ms` for it. */
  async #passes(revision: Revision, ms: number): Promise<boolean> {
    using limit = timeLimit(this.#clock, ms, this.#closing.signal);
    await this.#hub.reached(revision, limit.signal);
    return this.#hub.position >= revision;
  }

  /** Feeds the hub until the store is closed, from where it is, however often the connection is lost. */
  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    let wait = firstRetryMs;
    while (!signal.aborted) {
      let turn = this.#turn;
      try {
        await this.#assertSameHistory();
        turn = this.#turn;
        for await (const response of this.#responses(this.#client, this.#hub.position, turn.signal)) {
          this.#publish(response);
          wait = firstRetryMs;
        }
      } catch (error) {
        await this.#recover(error);
      }
      this.#leave(turn);
      await sleep(this.#clock, wait, signal);
      wait = Math.min(2 * wait, slowestRetryMs);
    }
  }

  /** After a lost connection nothing is to be done but to go on; after lost history watchers have to begin anew. */
  async #recover(error: unknown): Promise<void> {
    if (!(error instanceof CompactedError)) return;
    try {
      const position = await this.#fence();
      this.#recent.clear();
      this.#leases.clear();
      this.#hub.reset(position, error.oldest);
    } catch (lost) {
      if (!(lost instanceof UnavailableError || lost instanceof UnknownOutcomeError)) throw lost; // else the next try to follow finds the same
    }
  }

  /** An etcd that was emptied or restored counts from earlier: what it has now is not what watchers have seen. */
  async #assertSameHistory(): Promise<void> {
    const newest = await this.revision();
    if (newest < this.#hub.position) throw new CompactedError("", this.#hub.position, newest);
  }

  #publish(response: WatchResponse): void {
    const revision = lastRevision(response);
    if (revision !== undefined) {
      const changes = this.#changes(response, this.#hub.position);
      for (const change of changes) {
        if (change.type === "put") this.#remember(change.object);
        else this.#recent.forget(change.key);
      }
      if (revision > this.#hub.position) this.#hub.publish(changes, revision);
    } else if (!response.created) {
      const seen = response.revision;
      if (seen > this.#hub.position) this.#hub.progress(undefined, seen);
    }
  }

  /** On a connection of its own, so that a slow reader holds up only itself. */
  async *#replay(
    prefix: string,
    after: Revision,
    upTo: Revision,
    signal: AbortSignal,
  ): AsyncIterable<readonly Change[]> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    let seen = after;
    for (let wait = firstRetryMs; !stop.aborted; wait = Math.min(2 * wait, slowestRetryMs)) {
      const endpoint = this.#options.endpoints[this.#current % this.#options.endpoints.length] ?? "";
      const client = new EtcdClient(endpoint, this.#options.tls);
      try {
        for await (const response of this.#responses(client, seen, AbortSignal.any([stop, this.#turn.signal]))) {
          const revision = lastRevision(response);
          if (revision === undefined) continue;
          const changes = this.#changes(response, seen).filter(
            (change) => keyOf(change).startsWith(prefix) && revisionOf(change) <= upTo,
          );
          seen = revision;
          if (changes.length > 0) yield changes;
          if (seen >= upTo) return;
        }
      } catch (error) {
        if (error instanceof CompactedError) throw new CompactedError(prefix, seen, error.oldest);
      } finally {
        client.close();
      }
      await sleep(this.#clock, wait, stop);
    }
  }

  /**
   * What etcd's watch of everything says. Begins with `from` itself, so that one that is compacted away is refused
   * although the next one might be there; etcd before 3.5 forgets a deletion at the compacted revision.
   * Throws CompactedError, and whatever ends the connection.
   */
  async *#responses(client: EtcdClient, from: Revision, signal: AbortSignal): AsyncIterable<WatchResponse> {
    const startRevision = Math.max(1, from) as Revision;
    const range = { key: this.#bytes(root), rangeEnd: this.#end(root), startRevision };
    for await (const response of client.watch(range, signal)) {
      if (response.canceled) throw canceled(from, response);
      yield response;
    }
  }

  #changes(response: WatchResponse, after: Revision): readonly Change[] {
    const changes: Change[] = [];
    for (const event of response.events) {
      if (event.kv.revision > after) changes.push(this.#change(event));
    }
    return changes.filter((change) => keyOf(change) !== fenceKey);
  }

  #change({ type, kv, previous: before }: Event): Change {
    const object = this.#stored(kv);
    const previous = before === undefined ? undefined : this.#stored(before);
    if (type === "put") {
      if (previous !== undefined || kv.version === 1) return { type: "put", object, previous };
    } else if (previous !== undefined) {
      return { type: "delete", key: object.key, previous, revision: object.revision };
    }
    // rpc.proto, prev_kv: "If the previous KV is already compacted, nothing will be returned."
    throw new CompactedError(object.key, (object.revision - 1) as Revision, object.revision);
  }
}

function lastRevision(response: WatchResponse): Revision | undefined {
  return response.events.at(-1)?.kv.revision;
}

function canceled(from: Revision, response: WatchResponse): Error {
  if (response.compactRevision > 0) return new CompactedError("", from, response.compactRevision);
  return new Error(`etcd ended the watch: ${response.cancelReason}`);
}

function refusal(key: string, expected: Revision, current: Stored | undefined): StorageError {
  return current === undefined ? new NotFoundError(key) : new ConflictError(key, expected, current);
}

function failure(action: string, key: string, mode: "once" | "repeatable", error: unknown): Error {
  const why = `Cannot ${action} key "${key}": etcd says "${(error as Error).message}"`;
  // etcd's own limit, and that of its gRPC server in front of it.
  if (says(error, "request is too large") || says(error, "received message larger than max")) {
    return new TooLargeError(key, why, { cause: error });
  }
  // For compact and list, which know what they asked for.
  if (error instanceof EtcdError && error.status === grpcStatus.outOfRange) return error;
  const unknown = mode === "once" && isLoss(error) && !error.unsent;
  return unknown
    ? new UnknownOutcomeError(key, `${why}; it may have been done`, { cause: error })
    : new UnavailableError(key, why, { cause: error });
}
