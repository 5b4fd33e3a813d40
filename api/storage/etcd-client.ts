/**
 * What the store asks of one etcd endpoint: gRPC over one HTTP/2 connection, with nothing between the store and
 * node:http2 that the store has no use for. A create and its event took 270 µs of processor time through etcd3 and
 * @grpc/grpc-js, and take 100 µs through this (docs/adr/0001-the-store.md).
 * Source of the protocol: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */
import { connect, constants } from "node:http2";
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2Session,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from "node:http2";
import type {
  LeaseId,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
} from "./etcd-messages.ts";
import {
  decodeLeaseGrant,
  decodeRange,
  decodeTxn,
  decodeWatch,
  encodeCompaction,
  encodeLeaseGrant,
  encodeRange,
  encodeTxn,
  encodeWatch,
} from "./etcd-messages.ts";
import type { Revision } from "./store.ts";

export interface EtcdTls {
  /** PEM texts. */
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** gRPC's status codes. https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const grpcStatus = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
} as const;

/** The call failed, or its answer says so. */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  /** One of {@link grpcStatus}, or another one. */
  readonly status: number;
  /** Whether etcd cannot have seen the request: there was no connection. */
  readonly unsent: boolean;

  constructor(status: number, message: string, options: ErrorOptions & { readonly unsent?: boolean } = {}) {
    super(message, options);
    this.status = status;
    this.unsent = options.unsent ?? false;
  }
}

// k8s.io/apiserver/pkg/storage/storagebackend/factory/etcd3.go: keepaliveTime, keepaliveTimeout
const keepAliveMs = 30_000;
const keepAliveTimeoutMs = 10_000;
/** How much may be on its way to us unread, of one call and of all: lists and watches are large. */
const windowBytes = 4 * 1024 * 1024;
const sessionMegabytes = 1024;
/** One byte that says whether the message is compressed, four of its length. */
const prefixBytes = 5;

export class EtcdClient {
  readonly #endpoint: string;
  readonly #tls: EtcdTls | undefined;
  #session: ClientHttp2Session | undefined;
  /** Those that came to be connected. */
  readonly #connected = new WeakSet<Http2Session>();

  /** Connects with the first call. Without `tls` an https endpoint is checked against the system's authorities. */
  constructor(endpoint: string, tls: EtcdTls | undefined) {
    this.#endpoint = endpoint;
    this.#tls = tls;
  }

  /** Throws EtcdError, as all calls; `timeoutMs` is how long the call may take. */
  async range(request: RangeRequest, timeoutMs: number): Promise<RangeResponse> {
    return decodeRange(await this.#call("KV/Range", encodeRange(request), timeoutMs));
  }

  async txn(request: TxnRequest, timeoutMs: number): Promise<TxnResponse> {
    return decodeTxn(await this.#call("KV/Txn", encodeTxn(request), timeoutMs));
  }

  async compact(revision: Revision, timeoutMs: number): Promise<void> {
    await this.#call("KV/Compact", encodeCompaction(revision), timeoutMs);
  }

  async leaseGrant(ttlSeconds: number, timeoutMs: number): Promise<LeaseId> {
    return decodeLeaseGrant(await this.#call("Lease/LeaseGrant", encodeLeaseGrant(ttlSeconds), timeoutMs));
  }

  /**
   * A member cut off from its leader ends it instead of leaving it silent: clientv3.WithRequireLeader, as in
   * k8s.io/apiserver/pkg/storage/etcd3/watcher.go. Throws EtcdError when the connection ends, or when `signal` aborts.
   */
  async *watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<WatchResponse> {
    const stream = this.#request("Watch/Watch", { hasleader: "true" });
    const status = statusOf(stream);
    const cancel = (): void => {
      stream.destroy();
    };
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      stream.on("error", () => undefined); // the iteration throws it; this one is for after its end
      stream.write(framed(encodeWatch(request)));
      for await (const message of messages(stream)) yield decodeWatch(message);
      throw status.error ?? new EtcdError(grpcStatus.unavailable, "etcd ended the watch");
    } finally {
      signal.removeEventListener("abort", cancel);
      cancel();
    }
  }

  /** Calls that are under way fail. */
  close(): void {
    this.#session?.destroy();
  }

  #call(method: string, message: Uint8Array, timeoutMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const stream = this.#request(method, {});
      const status = statusOf(stream);
      const chunks: Buffer[] = [];
      let failure: Error | undefined;
      const timer = setTimeout(() => {
        failure = new EtcdError(grpcStatus.deadlineExceeded, `etcd did not answer within ${timeoutMs} ms`);
        const session = stream.session;
        stream.close(constants.NGHTTP2_CANCEL);
        // One that never came about must not be waited for again.
        if (session !== undefined && !this.#connected.has(session)) session.destroy();
      }, timeoutMs);
      const session = stream.session;
      stream.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
      });
      stream.on("error", (error) => {
        failure ??= error;
      });
      stream.on("close", () => {
        clearTimeout(timer);
        const answer = Buffer.concat(chunks);
        if (status.ok && answer.length >= prefixBytes) resolve(answer.subarray(prefixBytes));
        else reject(status.error ?? this.#lost(session, failure));
      });
      stream.end(framed(message));
    });
  }

  #lost(session: Http2Session | undefined, cause: Error | undefined): EtcdError {
    const unsent = session === undefined || !this.#connected.has(session);
    if (cause instanceof EtcdError && !unsent) return cause;
    const why = cause?.message ?? "the connection was lost";
    return new EtcdError(grpcStatus.unavailable, `${unsent ? "no connection to etcd" : "lost"}: ${why}`, {
      cause,
      unsent,
    });
  }

  #request(method: string, headers: OutgoingHttpHeaders): ClientHttp2Stream {
    try {
      return this.#open().request({
        ":method": "POST",
        ":path": `/etcdserverpb.${method}`,
        "content-type": "application/grpc",
        te: "trailers",
        ...headers,
      });
    } catch (error) {
      // The connection is ending just now.
      throw new EtcdError(grpcStatus.unavailable, (error as Error).message, { cause: error, unsent: true });
    }
  }

  #open(): ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect(this.#endpoint, {
      ...this.#tls,
      settings: { initialWindowSize: windowBytes, enablePush: false },
      maxSessionMemory: sessionMegabytes,
    });
    this.#session = session;
    session.on("error", () => undefined); // told to the calls that it ends
    session.on("connect", () => {
      if (session.destroyed) return; // given up just before: nothing can be set any more
      this.#connected.add(session);
      session.setLocalWindowSize(windowBytes);
      keepAlive(session);
    });
    return session;
  }
}

/** Ends a connection whose other end answers no more. */
function keepAlive(session: ClientHttp2Session): void {
  let late: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    if (session.closed || session.destroyed) return;
    late = setTimeout(() => {
      session.destroy(new Error("etcd did not answer a ping"));
    }, keepAliveTimeoutMs);
    session.ping(() => {
      clearTimeout(late);
    });
  }, keepAliveMs);
  session.once("close", () => {
    clearInterval(timer);
    clearTimeout(late);
  });
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}

/** What gRPC says of a call, once it has said so: in the last headers, which are the first where there is no message. */
function statusOf(stream: ClientHttp2Stream): { ok: boolean; error: EtcdError | undefined } {
  const status: ReturnType<typeof statusOf> = { ok: false, error: undefined };
  const read = (headers: IncomingHttpHeaders): void => {
    const code = headers["grpc-status"];
    if (code === undefined) return;
    status.ok = code === "0";
    const text = String(headers["grpc-message"] ?? "");
    if (!status.ok) status.error = new EtcdError(Number(code), unescaped(text));
  };
  stream.on("response", read);
  stream.on("trailers", read);
  return status;
}

/** gRPC percent-encodes its messages. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The messages of a stream, however they are cut into chunks. */
async function* messages(stream: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let parts: Buffer[] = [];
  let held = 0;
  let wanted = prefixBytes;
  for await (const chunk of stream) {
    parts.push(chunk);
    held += chunk.length;
    if (held < wanted) continue;
    let rest = parts.length === 1 ? chunk : Buffer.concat(parts);
    wanted = prefixBytes;
    while (rest.length >= prefixBytes) {
      wanted = prefixBytes + rest.readUInt32BE(1);
      if (rest.length < wanted) break;
      yield rest.subarray(prefixBytes, wanted);
      rest = rest.subarray(wanted);
      wanted = prefixBytes;
    }
    parts = rest.length === 0 ? [] : [rest];
    held = rest.length;
  }
}
