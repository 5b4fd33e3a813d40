/**
 * One HTTP request to an Engine. Not through dockerode: in front of the same node:http its docker-modem takes three
 * times the processor time (docs/adr/0005-engine-over-http.md).
 */
import { request as httpRequest } from "node:http";
import type { Agent, IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";

/** Where requests go, and over which connections. */
export interface Target {
  readonly agent: Agent;
  readonly secure: boolean;
  readonly address: { readonly socketPath: string } | { readonly host: string; readonly port: string };
}

export interface EngineRequest {
  readonly method: string;
  readonly path: string;
  /** Objects are sent as JSON. */
  readonly query?: Readonly<Record<string, string | number | boolean | object>>;
  readonly body?: object;
  /** Sent instead of a body. */
  readonly archive?: Uint8Array;
  /** Ask for the connection itself, to go on with a protocol of the Engine's own. */
  readonly upgrade?: boolean;
  /** Ends the request and the reading of its answer; not what goes on after an upgrade. */
  readonly signal: AbortSignal;
}

/** unix:///path or tcp://host:port. */
export function addressOf(endpoint: string): Target["address"] {
  if (endpoint.startsWith("unix://")) return { socketPath: endpoint.slice("unix://".length) };
  const { hostname, port } = new URL(endpoint);
  return { host: hostname.replace(/^\[|\]$/g, ""), port };
}

/**
 * Resolves when the answer's headers are in, whatever its status; with the bare connection where the Engine agrees to
 * `upgrade`. Rejects when the connection cannot be made or breaks before, or when `signal` aborts.
 */
export function dial(target: Target, asked: EngineRequest): Promise<IncomingMessage | Duplex> {
  const { method, path, query, signal, upgrade = false } = asked;
  const content = contentOf(asked);
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const send = target.secure ? httpsRequest : httpRequest;
    const request = send({
      ...target.address,
      agent: target.agent,
      method,
      path: query === undefined ? path : path + search(query),
      headers: { ...content?.headers, ...(upgrade ? { connection: "Upgrade", upgrade: "tcp" } : {}) },
    });
    // What node:http's own option `signal` does takes a quarter of the time of a call.
    const abort = (): void => {
      request.destroy(signal.reason as Error);
    };
    const forget = (): void => {
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort, { once: true });
    request.once("close", forget);
    request.once("response", resolve);
    request.once("upgrade", (_, socket: Duplex, head: Buffer) => {
      forget();
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    // Also after the answer has begun, when it is the answer's reader who is told.
    request.on("error", reject);
    request.end(content?.data);
  });
}

/** The whole body. Rejects when the connection breaks before its end. */
export function bodyOf(answer: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.once("end", () => {
      resolve(Buffer.concat(chunks).toString());
    });
    answer.once("error", reject);
  });
}

interface Content {
  readonly data: string | Uint8Array;
  readonly headers: Readonly<Record<string, string | number>>;
}

function contentOf({ method, body, archive }: EngineRequest): Content | undefined {
  if (archive !== undefined) {
    return { data: archive, headers: { "content-type": "application/x-tar", "content-length": archive.length } };
  }
  if (body !== undefined) {
    const data = JSON.stringify(body);
    return { data, headers: { "content-type": "application/json", "content-length": Buffer.byteLength(data) } };
  }
  // Or node:http would announce chunks, which some Engines take for a body without its content type.
  return method === "GET" || method === "DELETE" ? undefined : { data: "", headers: { "content-length": 0 } };
}

function search(query: NonNullable<EngineRequest["query"]>): string {
  const pairs = Object.entries(query).map(([name, value]): [string, string] => [
    name,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}
