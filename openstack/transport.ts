import { Readable } from "node:stream";
import PQueue from "p-queue";
import { Agent } from "undici";
import type { Clock } from "../process/clock.ts";
import { sleep } from "../process/clock.ts";
import type { Log } from "../process/log.ts";
import type { CloudConfig } from "./cloud-config.ts";
import { OpenStackError } from "./errors.ts";
import type { Answer } from "./refusal.ts";
import { requestIdOf } from "./refusal.ts";
import type { Attempt } from "./retries.ts";
import { parseRetryAfter, pauseBefore } from "./retries.ts";
import type { ServiceType } from "./service.ts";

/**
 * Requests at once to one endpoint. A Neutron Zed of one or two workers on 2 cores makes 30 Ports no sooner with eight than with
 * four; with sixteen its database pool (5 connections and 20 more for each worker) runs out, and it answers 500.
 */
const defaultConcurrency = 4;

export interface TransportOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log?: Log;
  /** How many requests an endpoint gets at once; 4 when absent. */
  readonly concurrency?: number;
  /** How long a service may think about an answer, in ms; a minute when absent. */
  readonly answerTimeoutMs?: number;
}

export interface Outgoing {
  readonly service: ServiceType;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: Payload;
  readonly action: string;
  readonly signal?: AbortSignal;
}

export interface Payload {
  readonly data: string | Uint8Array | Readable;
  /** What the header Content-Type says unless it is given. */
  readonly type: string;
  readonly repeatable: boolean;
}

/** JSON, or bytes as they are. */
export function payloadOf(body: unknown): Payload | undefined {
  if (body === undefined) return undefined;
  const bytes = "application/octet-stream";
  if (body instanceof Uint8Array) return { data: body, type: bytes, repeatable: true };
  if (isStream(body)) return { data: Readable.from(body), type: bytes, repeatable: false };
  return { data: JSON.stringify(body), type: "application/json", repeatable: true };
}

const isStream = (body: unknown): body is AsyncIterable<Uint8Array> =>
  typeof body === "object" && body !== null && Symbol.asyncIterator in body;

const connectTimeoutMs = 10_000;

/** While bytes are sent, and after: Glance looks at all of an image before it answers. */
const uploadTimeoutMs = 600_000;

const never = new AbortController().signal;

type Result =
  | { readonly attempt: Attempt; readonly answer: Answer }
  | { readonly attempt: Attempt; readonly answer?: undefined; readonly message: string; readonly cause: unknown };

/** In bytes. Where an endpoint is, is for whoever wrote the Secret to say: an answer without an end is not to fill the memory. */
const longestAnswer = 64 * 2 ** 20;

/** HTTP to the endpoints of one cloud: connections that are kept, a limit for each endpoint, and what is safe is asked again. */
export class Transport implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #agent: Agent;
  readonly #queues = new Map<string, PQueue>();
  #closing: Promise<void> | undefined;

  constructor({ cacert, insecure }: Pick<CloudConfig, "cacert" | "insecure">, options: TransportOptions) {
    this.#options = options;
    const answerTimeoutMs = options.answerTimeoutMs ?? 60_000;
    this.#agent = new Agent({
      // One request at a time on each connection, so that one that breaks tells of one request only.
      allowH2: false,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      maxResponseSize: longestAnswer,
      connect: {
        timeout: connectTimeoutMs,
        rejectUnauthorized: !insecure,
        ...(cacert !== undefined && !insecure && { ca: cacert }),
      },
    });
  }

  /** Any answer, also one that refuses. Throws OpenStackError where there is none, and what `signal` aborts with. */
  async send(outgoing: Outgoing): Promise<Answer> {
    const { clock, random, log } = this.#options;
    const { method, action, signal = never, payload, service } = outgoing;
    const repeatable = payload?.repeatable ?? true;
    for (let attempts = 1; ; attempts++) {
      const result = await this.#attempt(outgoing);
      const { attempt, answer } = result;
      const pauseMs = pauseBefore({ method, repeatable, attempts }, attempt, random);
      if (pauseMs === undefined) {
        if (answer !== undefined) return answer;
        const { message, cause } = result;
        const isUnanswered = attempt.kind === "broken" || attempt.kind === "silent";
        throw new OpenStackError({ action, meaning: "Unavailable", message, cause, isUnanswered });
      }
      log?.warn("Asks OpenStack again", {
        service,
        action,
        attempts,
        pauseMs,
        ...(answer === undefined
          ? { error: result.message }
          : { status: answer.status, requestId: requestIdOf(answer) }),
      });
      await sleep(clock, pauseMs, signal);
      signal.throwIfAborted();
    }
  }

  async #attempt(outgoing: Outgoing): Promise<Result> {
    const { signal = never, service } = outgoing;
    const { origin } = new URL(outgoing.url);
    try {
      const answer = await this.#queue(`${service} ${origin}`).add(() => this.#exchange(outgoing), { signal });
      const { status, headers } = answer;
      const retryAfterMs = parseRetryAfter(headers["retry-after"], this.#options.clock.now());
      return { answer, attempt: { kind: "answered", status, retryAfterMs } };
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(error, origin);
      if (failure === undefined) throw error;
      return { ...failure, cause: error };
    }
  }

  #queue(endpoint: string): PQueue {
    const known = this.#queues.get(endpoint);
    if (known !== undefined) return known;
    const queue = new PQueue({ concurrency: this.#options.concurrency ?? defaultConcurrency });
    this.#queues.set(endpoint, queue);
    return queue;
  }

  async #exchange({ method, url, headers, payload, signal }: Outgoing): Promise<Answer> {
    const { origin, pathname, search } = new URL(url);
    const answer = await this.#agent.request({
      origin,
      path: `${pathname}${search}`,
      method,
      headers: { ...(payload && { "content-type": payload.type }), ...headers },
      body: payload?.data ?? null,
      signal: signal ?? null,
      ...(payload?.repeatable === false && { headersTimeout: uploadTimeoutMs }),
    });
    const text = await answer.body.text();
    const flat = Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
    return { status: answer.statusCode, headers: Object.fromEntries(flat) as Answer["headers"], text };
  }

  /** Lets what is under way end first; nothing new is taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#agent.close();
    await this.#closing;
  }
}

interface Failure {
  readonly attempt: Attempt;
  readonly message: string;
}

const distrustCodes = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;
const brokenCodes =
  /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|EHOSTUNREACH|ENETUNREACH|UND_ERR_SOCKET|UND_ERR_RES_|HPE_)/;

/** What an error of undici's or Node's says of the connection; undefined where it is no such error. */
function failureOf(error: unknown, origin: string): Failure | undefined {
  const { code = "", syscall } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  if (
    code === "ECONNREFUSED" ||
    code === "UND_ERR_CONNECT_TIMEOUT" ||
    syscall === "connect" ||
    syscall === "getaddrinfo"
  )
    return { attempt: { kind: "unreachable" }, message: `cannot connect to ${origin}: ${wordFor(code)}` };
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT")
    return { attempt: { kind: "silent" }, message: `no answer of ${origin} in time` };
  if (distrustCodes.test(code))
    return {
      attempt: { kind: "hopeless" },
      message: `cannot trust ${origin}: ${code}. Give the certificate of its authority as cacert`,
    };
  if (code === "UND_ERR_CLOSED" || code === "UND_ERR_DESTROYED")
    return { attempt: { kind: "hopeless" }, message: "the credentials were replaced meanwhile" };
  if (brokenCodes.test(code))
    return { attempt: { kind: "broken" }, message: `the connection to ${origin} broke: ${wordFor(code)}` };
  return undefined;
}

const words: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: "no answer in time",
  UND_ERR_SOCKET: "closed by the other side",
};
const wordFor = (code: string): string => words[code] ?? code;
