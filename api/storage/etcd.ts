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
import { Etcd3 } from "etcd3";
import type {
  IEvent,
  IKeyValue,
  IOptions,
  IRangeRequest,
  IRangeResponse,
  IRequestOp,
  ITxnResponse,
  IWatchRequest,
  IWatchResponse,
  WatchClient,
} from "etcd3";
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
} from "./errors.ts";
import { listStart, prefixEnd } from "./key-range.ts";
import { RecentValues } from "./recent-values.ts";
import type { ListOptions, Page, Revision, Store, Stored, StoreEvent, WriteOptions } from "./store.ts";
import { keyOf, revisionOf, WatchHub } from "./watch-hub.ts";
import type { Change } from "./watch-hub.ts";

export interface EtcdOptions {
  /** `http://host:port` or `https://host:port`; the next one is used when one does not answer. */
  readonly endpoints: readonly string[];
  /** Put before every key, so that several control planes can share one etcd; "" when absent. */
  readonly prefix?: string;
  /** PEM texts. Without it an https endpoint is checked against the system's authorities. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
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
/** k8s.io/apiserver/pkg/storage/etcd3/lease_manager.go: one lease serves the writes of a while, and lives longer by it. */
const leaseReuse = { share: 0.05, mostSeconds: 60, mostKeys: 1000 };

const channelOptions = {
  // k8s.io/apiserver/pkg/storage/storagebackend/factory/etcd3.go: keepaliveTime, keepaliveTimeout
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2000,
  // A list may be of any size.
  "grpc.max_receive_message_length": -1,
  // As etcd's own client: the proxy variables of a server are for what it fetches, not for its database.
  "grpc.enable_http_proxy": 0,
};

type Policy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;
/**
 * etcd3 would repeat requests of any kind after a lost connection, and a write must not happen twice. It calls
 * nothing of a policy but `execute`.
 */
const onlyOnce = { execute: async (request: () => unknown) => request() } as unknown as Policy;

type CallOptions = NonNullable<Parameters<WatchClient["watch"]>[0]>;
type Interceptor = NonNullable<CallOptions["interceptors"]>[number];
/**
 * A member cut off from its leader ends the watch instead of leaving it silent: clientv3.WithRequireLeader, as in
 * k8s.io/apiserver/pkg/storage/etcd3/watcher.go. etcd3 has no other way to set a header.
 */
const requireLeader: Interceptor = (options, nextCall) => {
  const call = nextCall(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    metadata.set("hasleader", "true");
    start(metadata, listener);
  };
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- grpc-js itself hands interceptors calls that only look like one
  return call as ReturnType<Interceptor>;
};

interface WatchStream extends AsyncIterable<IWatchResponse> {
  write(request: IWatchRequest): void;
  cancel(): void;
  on(event: "error", fn: (error: Error) => void): this;
}

interface Lease {
  readonly id: Promise<string>;
  readonly reusableUntil: number;
  keys: number;
}

const toRevision = (text: string): Revision => Number(text) as Revision;

/** gRPC's status code, which etcd3 leaves only in the message: "14 UNAVAILABLE: No connection established". */
function statusOf(error: unknown): number | undefined {
  const [, code] = /^(\d+) [A-Z_]+:/.exec((error as Error).message) ?? [];
  return code === undefined ? undefined : Number(code);
}

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html: CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE
const lossCodes: ReadonlySet<number | undefined> = new Set([1, 2, 4, 13, 14]);
const isLoss = (error: unknown): boolean => lossCodes.has(statusOf(error));
const outOfRange = 11;
/** The request never left: grpc-js had no connection to send it on (load-balancer-pick-first.js). */
const isUnsent = (error: unknown): boolean => (error as Error).message.includes("No connection established");
const says = (error: unknown, words: string): boolean => (error as Error).message.includes(words);

export class EtcdStore implements Store {
  readonly #options: EtcdOptions;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #clients: readonly Etcd3[];
  #current = 0;
  readonly #closing = new AbortController();
  readonly #leases = new Map<number, Lease>();
  readonly #recent = new RecentValues();
  readonly #hub: WatchHub;
  #following: Promise<void> = Promise.resolve();
  #fencing: Promise<Revision> | undefined;

  private constructor(options: EtcdOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? "";
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#clients = options.endpoints.map((endpoint) => this.#connect(endpoint, {}));
    this.#hub = new WatchHub(0 as Revision, (prefix, after, upTo, signal) => this.#replay(prefix, after, upTo, signal));
  }

  /** Throws UnavailableError when no endpoint answers, or none takes a write. */
  static async open(options: EtcdOptions): Promise<EtcdStore> {
    const store = new EtcdStore(options);
    try {
      // A watch can tell what happened up to a revision only where that revision has an event; the fence is one.
      const position = await store.#fence();
      store.#hub.reset(position, position);
      store.#following = store.#follow();
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
    const { succeeded, header } = await this.#swap("create", key, 0 as Revision, put, undefined);
    if (!succeeded) throw new AlreadyExistsError(key);
    return this.#remember({ key, value, revision: toRevision(header.revision) });
  }

  async get(key: string): Promise<Stored | undefined> {
    const { kvs } = await this.#range("read", key, { key: this.#bytes(key) });
    return kvs[0] === undefined ? undefined : this.#remember(this.#stored(kvs[0]));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const range: IRangeRequest = {
      key: this.#bytes(listStart(prefix, options.after)),
      range_end: this.#end(prefix),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.revision === undefined ? {} : { revision: options.revision }),
    };
    const { kvs, count, header } = await this.#rangeAt(prefix, range, options.revision);
    return {
      items: kvs.map((kv) => this.#stored(kv)),
      revision: options.revision ?? toRevision(header.revision),
      remaining: Number(count) - kvs.length,
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
    const answer = await this.#swap("update", key, expected, put, { request_range: { key: bytes } });
    if (!answer.succeeded) throw refusal(key, expected, this.#found(answer));
    return this.#remember({ key, value, revision: toRevision(answer.header.revision) });
  }

  async delete(key: string, expected: Revision): Promise<Revision> {
    const bytes = this.#bytes(key);
    const answer = await this.#swap(
      "delete",
      key,
      expected,
      { request_delete_range: { key: bytes } },
      { request_range: { key: bytes } },
    );
    if (!answer.succeeded) throw refusal(key, expected, this.#found(answer));
    this.#recent.forget(key);
    return toRevision(answer.header.revision);
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    this.#assertOpen(prefix);
    if (from > this.#hub.position) {
      const newest = await this.revision();
      if (from > newest) throw new FutureRevisionError(prefix, from, newest);
    }
    yield* this.#hub.watch(prefix, from, signal);
  }

  async revision(): Promise<Revision> {
    const { header } = await this.#range("read", fenceKey, { key: this.#bytes(fenceKey) });
    return toRevision(header.revision);
  }

  async requestProgress(): Promise<void> {
    const target = await this.revision();
    if (!(await this.#passes(target, fenceGraceMs))) {
      let fence: Revision;
      do fence = await this.#fence();
      while (fence < target); // one that had begun before `target` came to be
      if (!(await this.#passes(target, this.#timeoutMs))) {
        throw new UnavailableError("", `Cannot tell what happened up to revision ${target}: etcd's watch is silent`);
      }
    }
    this.#hub.progress(this.#hub.position);
  }

  async compact(revision: Revision): Promise<void> {
    try {
      await this.#call("compact", "", "repeatable", (client, options) => client.kv.compact({ revision }, options));
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

  #assertOpen(key: string): void {
    if (this.#closing.signal.aborted) throw new UnavailableError(key, "Cannot use the store: it is closed");
  }

  #connect(endpoint: string, channel: Record<string, number>): Etcd3 {
    const { tls } = this.#options;
    const pem = (text: string | undefined): Buffer | undefined => (text === undefined ? undefined : Buffer.from(text));
    const [privateKey, certChain] = [pem(tls?.key), pem(tls?.cert)];
    return new Etcd3({
      hosts: endpoint,
      grpcOptions: { ...channelOptions, ...channel },
      faultHandling: { host: () => onlyOnce, global: onlyOnce },
      ...(tls === undefined
        ? {}
        : {
            credentials: {
              rootCertificate: Buffer.from(tls.ca),
              ...(privateKey === undefined ? {} : { privateKey }),
              ...(certChain === undefined ? {} : { certChain }),
            },
          }),
    });
  }

  #bytes(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  #end(prefix: string): Buffer {
    // etcd's word for no end: rpc.proto, RangeRequest.range_end
    return Buffer.from(prefixEnd(this.#prefix + prefix) ?? "\0");
  }

  /** Values are copied: what etcd3 hands out are windows on a whole answer, which one kept object would keep. */
  #stored({ key, value, mod_revision: revision }: IKeyValue): Stored {
    return {
      key: key.toString().slice(this.#prefix.length),
      value: new Uint8Array(value),
      revision: toRevision(revision),
    };
  }

  #remember(stored: Stored): Stored {
    this.#recent.remember(stored);
    return stored;
  }

  #found({ responses }: ITxnResponse): Stored | undefined {
    const kv = responses[0]?.response_range.kvs[0];
    return kv === undefined ? undefined : this.#remember(this.#stored(kv));
  }

  /** A transaction on one key, if its revision is `expected` (0: there is none). Never sent twice. */
  #swap(
    action: string,
    key: string,
    expected: Revision,
    success: IRequestOp,
    failure: IRequestOp | undefined,
  ): Promise<ITxnResponse> {
    return this.#call(action, key, "once", (client, options) =>
      client.kv.txn(
        {
          compare: [{ target: "Mod", result: "Equal", key: this.#bytes(key), mod_revision: expected }],
          success: [success],
          failure: failure === undefined ? [] : [failure],
        },
        options,
      ),
    );
  }

  async #putOp(key: string, value: Uint8Array, { ttlSeconds }: WriteOptions): Promise<IRequestOp> {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const put = { key: this.#bytes(key), value: bytes };
    return { request_put: ttlSeconds === undefined ? put : { ...put, lease: await this.#lease(key, ttlSeconds) } };
  }

  async #lease(key: string, ttlSeconds: number): Promise<string> {
    const now = this.#clock.now().getTime();
    const known = this.#leases.get(ttlSeconds);
    if (known !== undefined && now < known.reusableUntil && known.keys < leaseReuse.mostKeys) {
      known.keys++;
      return known.id;
    }
    const extra = Math.min(Math.floor(ttlSeconds * leaseReuse.share), leaseReuse.mostSeconds);
    // A lease that was granted and got lost on the way costs nothing: it runs out.
    const id = this.#call("lease", key, "repeatable", (client, options) =>
      client.leaseClient.leaseGrant({ TTL: ttlSeconds + extra }, options),
    ).then((granted) => granted.ID);
    this.#leases.set(ttlSeconds, { id, reusableUntil: now + extra * 1000, keys: 1 });
    id.catch(() => this.#leases.delete(ttlSeconds));
    return id;
  }

  #range(action: string, key: string, request: IRangeRequest): Promise<IRangeResponse> {
    return this.#call(action, key, "repeatable", (client, options) => client.kv.range(request, options));
  }

  async #rangeAt(prefix: string, request: IRangeRequest, revision: Revision | undefined): Promise<IRangeResponse> {
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

  get #client(): Etcd3 {
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
    request: (client: Etcd3, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen(key);
    const began = this.#clock.now().getTime();
    for (let wait = firstRetryMs; ; wait = Math.min(2 * wait, slowestRetryMs)) {
      const now = this.#clock.now().getTime();
      try {
        return await request(this.#client, { deadline: Math.min(now + this.#timeoutMs / 2, began + this.#timeoutMs) });
      } catch (error) {
        this.#assertOpen(key);
        const again = isLoss(error) && (mode === "repeatable" || isUnsent(error));
        if (isLoss(error)) this.#current++;
        if (!again || now + wait - began >= this.#timeoutMs) throw failure(action, key, mode, error);
        await sleep(this.#clock, wait, this.#closing.signal);
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
    const put: IRequestOp = { request_put: { key, value: Buffer.alloc(0) } };
    const read: IRequestOp | undefined = kvs[0] === undefined ? undefined : { request_range: { key } };
    const expected = toRevision(kvs[0]?.mod_revision ?? "0");
    const answer = await this.#swap("update", fenceKey, expected, put, read);
    if (answer.succeeded) return toRevision(answer.header.revision);
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
      try {
        await this.#assertSameHistory();
        for await (const response of this.#responses(this.#client, this.#hub.position, signal)) {
          this.#publish(response);
          wait = firstRetryMs;
        }
      } catch (error) {
        await this.#recover(error);
      }
      this.#current++;
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
      if (!(lost instanceof UnavailableError)) throw lost; // else the next try to follow finds the same
    }
  }

  /** An etcd that was emptied or restored counts from earlier: what it has now is not what watchers have seen. */
  async #assertSameHistory(): Promise<void> {
    const newest = await this.revision();
    if (newest < this.#hub.position) throw new CompactedError("", this.#hub.position, newest);
  }

  #publish(response: IWatchResponse): void {
    const revision = lastRevision(response);
    if (revision !== undefined) {
      const changes = this.#changes(response, this.#hub.position);
      for (const change of changes) {
        if (change.type === "put") this.#remember(change.object);
        else this.#recent.forget(change.key);
      }
      if (revision > this.#hub.position) this.#hub.publish(changes, revision);
    } else if (!response.created) {
      const seen = toRevision(response.header.revision);
      if (seen > this.#hub.position) this.#hub.progress(seen);
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
      const client = this.#connect(endpoint, { "grpc.use_local_subchannel_pool": 1 });
      try {
        for await (const response of this.#responses(client, seen, stop)) {
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
  async *#responses(client: Etcd3, from: Revision, signal: AbortSignal): AsyncIterable<IWatchResponse> {
    const stream = (await client.watchClient.watch({ interceptors: [requireLeader] })) as unknown as WatchStream;
    const cancel = (): void => {
      stream.cancel();
    };
    stream.on("error", () => undefined); // the iteration throws it; this one is for after its end
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const range = { key: this.#bytes(root), range_end: this.#end(root) };
      stream.write({
        create_request: { ...range, start_revision: Math.max(1, from), prev_kv: true, progress_notify: true },
      });
      for await (const response of stream) {
        if (response.canceled) throw canceled(from, response);
        yield response;
      }
    } finally {
      signal.removeEventListener("abort", cancel);
      cancel();
    }
  }

  #changes(response: IWatchResponse, after: Revision): readonly Change[] {
    const changes: Change[] = [];
    for (const event of response.events) {
      if (toRevision(event.kv.mod_revision) > after) changes.push(this.#change(event));
    }
    return changes.filter((change) => keyOf(change) !== fenceKey);
  }

  #change({ type, kv, prev_kv }: IEvent): Change {
    const object = this.#stored(kv);
    const before = prev_kv as IKeyValue | null; // etcd3's types know of no absent message
    const previous = before === null ? undefined : this.#stored(before);
    if (type === "Put") {
      if (previous !== undefined || kv.version === "1") return { type: "put", object, previous };
    } else if (previous !== undefined) {
      return { type: "delete", key: object.key, previous, revision: object.revision };
    }
    // rpc.proto, prev_kv: "If the previous KV is already compacted, nothing will be returned."
    throw new CompactedError(object.key, (object.revision - 1) as Revision, object.revision);
  }
}

function lastRevision(response: IWatchResponse): Revision | undefined {
  const last = response.events.at(-1);
  return last === undefined ? undefined : toRevision(last.kv.mod_revision);
}

function canceled(from: Revision, response: IWatchResponse): Error {
  if (response.compact_revision !== "0") return new CompactedError("", from, toRevision(response.compact_revision));
  return new Error(`etcd ended the watch: ${response.cancel_reason}`);
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
  if (statusOf(error) === outOfRange) return error as Error;
  const unknown = mode === "once" && isLoss(error) && !isUnsent(error);
  return new UnavailableError(key, unknown ? `${why}; it may have been done` : why, { cause: error });
}
