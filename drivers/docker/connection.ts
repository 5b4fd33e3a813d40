/** HTTP to one Docker Engine: TLS, the version of its API, and errors. */
import { Agent as HttpAgent } from "node:http";
import type { IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { z } from "zod";
import { HostUnreachableError, UnsupportedHostError } from "../driver.ts";
import { agreeOn } from "./api-version.ts";
import { Deadline, isTimeout, unlessAborted } from "./deadline.ts";
import { addressOf, bodyOf, dial } from "./dial.ts";
import type { EngineRequest, Target } from "./dial.ts";
import { connectionError, EngineRefusal } from "./errors.ts";

/** PEM texts for a tcp endpoint. */
export interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Name in the Engine's certificate, where it is not the endpoint's. */
  readonly serverName?: string;
}

export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Without version: `/containers/json`. */
  readonly path: string;
  /** Objects are sent as JSON. */
  readonly query?: Readonly<Record<string, string | number | boolean | object>>;
  readonly body?: object;
  /** A tar archive, instead of {@link body}. */
  readonly archive?: Uint8Array;
  readonly signal: AbortSignal;
  /** How long to wait for the answer's end; for ever when absent. Streams have no limit once they have begun. */
  readonly timeoutMs?: number;
}

/** An answer that is not an error. */
export interface Answer {
  readonly status: number;
  /** Parsed JSON; undefined when there is none. */
  readonly body: unknown;
}

export interface Engine {
  /** The version that both sides speak. */
  readonly apiVersion: string;
  /** As Go names it: amd64, arm64. */
  readonly architecture: string;
}

const negotiationTimeoutMs = 30_000;

const Version = z.object({ ApiVersion: z.string(), MinAPIVersion: z.string().optional(), Arch: z.string() });
const ErrorBody = z.object({ message: z.string() });

export class Connection implements Disposable {
  readonly endpoint: string;
  readonly #agent: HttpAgent;
  readonly #secure: boolean;
  #target: Target | undefined;
  #engine: Promise<Engine> | undefined;
  /** What {@link #engine} came to. */
  #agreed: Engine | undefined;
  #closed = false;

  constructor(endpoint: string, tls?: Tls) {
    this.endpoint = endpoint;
    this.#secure = tls !== undefined;
    // Keep-alive also probes idle TCP connections, so that a cut network ends event and log streams.
    this.#agent =
      tls === undefined
        ? new HttpAgent({ keepAlive: true })
        : new HttpsAgent({
            keepAlive: true,
            ca: tls.ca,
            cert: tls.cert,
            key: tls.key,
            ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
          });
  }

  /**
   * Sends a call and reads its answer. Throws EngineRefusal for status 400 and above, HostUnreachableError when the
   * Engine does not answer, UnsupportedHostError when it cannot be spoken to, and the signal's reason when it aborts.
   */
  async call(call: Call): Promise<Answer> {
    using deadline = new Deadline(call.signal, call.timeoutMs);
    try {
      const answer = await this.stream({ ...call, signal: deadline.signal });
      const body = await bodyOf(answer);
      return { status: answer.statusCode ?? 0, body: body === "" ? undefined : parseJson(body) };
    } catch (error) {
      throw this.explain(error, deadline.signal);
    }
  }

  /** The answer's body as `schema` reads it. Throws UnsupportedHostError when it is something else. */
  async read<T>(call: Call, schema: z.ZodType<T>): Promise<T> {
    const read = schema.safeParse((await this.call(call)).body);
    if (read.success) return read.data;
    throw new UnsupportedHostError(
      `Cannot drive the Docker Engine at ${this.endpoint}: what it answers to ${call.method} ${call.path} is not understood: ${z.prettifyError(read.error)}`,
    );
  }

  /** As {@link call}, with the body unread. */
  async stream(call: Call): Promise<IncomingMessage> {
    const { apiVersion } = await this.engine(call.signal);
    return this.#send({ ...call, path: `/v${apiVersion}${call.path}` });
  }

  /** Whether the Engine answers. */
  async ping(signal: AbortSignal): Promise<void> {
    try {
      await bodyOf(await this.#send({ method: "GET", path: "/_ping", signal }));
    } catch (error) {
      throw this.explain(error, signal);
    }
  }

  /** What was agreed on with the Engine: at the first call, and again after the connection was lost. */
  async engine(signal: AbortSignal): Promise<Engine> {
    if (this.#agreed !== undefined) return this.#agreed;
    // Shared by all callers, so no single caller's signal may end it.
    this.#engine ??= this.#negotiate().catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    const asked = this.#engine;
    const engine = await unlessAborted(asked, signal);
    // The connection may have been lost meanwhile.
    if (this.#engine === asked) this.#agreed = engine;
    return engine;
  }

  async #negotiate(): Promise<Engine> {
    const signal = AbortSignal.timeout(negotiationTimeoutMs);
    let body: unknown;
    try {
      body = parseJson(await bodyOf(await this.#send({ method: "GET", path: "/version", signal })));
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw this.explain(error, signal);
      throw new UnsupportedHostError(
        `Cannot drive the Docker Engine at ${this.endpoint}: it answers GET /version with status ${error.status}: ${error.message} (a TLS port needs tls in the Host)`,
        { cause: error },
      );
    }
    const version = Version.safeParse(body);
    if (!version.success) {
      throw new UnsupportedHostError(
        `Cannot drive what answers at ${this.endpoint}: it is not a Docker Engine (correct the endpoint)`,
      );
    }
    return {
      apiVersion: agreeOn(this.endpoint, version.data.MinAPIVersion ?? "1.12", version.data.ApiVersion),
      architecture: version.data.Arch,
    };
  }

  /** Sends one request, and resolves when the answer's headers are in. */
  async #send(call: Omit<Call, "timeoutMs">): Promise<IncomingMessage> {
    const answer = (await this.#dial(call)) as IncomingMessage;
    const status = answer.statusCode ?? 0;
    if (status < 400) return answer;
    throw new EngineRefusal(status, messageOf(await bodyOf(answer)));
  }

  async #dial(asked: EngineRequest): Promise<IncomingMessage | Duplex> {
    if (this.#closed)
      throw new HostUnreachableError(`The connection to the Docker Engine at ${this.endpoint} was closed`);
    try {
      this.#target ??= { agent: this.#agent, secure: this.#secure, address: addressOf(this.endpoint) };
      return await dial(this.#target, asked);
    } catch (error) {
      throw this.explain(error, asked.signal);
    }
  }

  /** What an error of a call or of reading its answer means to a caller. */
  explain(error: unknown, signal: AbortSignal): Error {
    if (error instanceof EngineRefusal || error instanceof UnsupportedHostError) return error;
    if (signal.aborted && !isTimeout(signal.reason)) return signal.reason as Error;
    // Who comes back after an absence may be another version.
    this.#engine = undefined;
    this.#agreed = undefined;
    return connectionError(this.endpoint, signal.aborted ? signal.reason : error);
  }

  /** Cuts every connection: what is under way fails with HostUnreachableError, and so does what would begin later. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#agent.destroy();
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // Not every proxy and error page speaks JSON; who needs an object will not find it in a string.
    return body;
  }
}

/** The Engine's own words in an error's body. */
function messageOf(body: string): string {
  const parsed = ErrorBody.safeParse(parseJson(body));
  return (parsed.success ? parsed.data.message : body).trim();
}
