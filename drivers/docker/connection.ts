/** HTTP to one Docker Engine: TLS or SSH, the version of its API, and errors. The only importer of dockerode. */
import { Agent as HttpAgent, IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { inspect } from "node:util";
import { z } from "zod";
import { HostUnreachableError, UnsupportedHostError } from "../driver.ts";
import type { RegistryCredentials } from "../keyring.ts";
import { agreeOn } from "./api-version.ts";
import { Deadline, isTimeout, unlessAborted } from "./deadline.ts";
import { connectionError, EngineRefusal } from "./errors.ts";
import { SshAgent } from "./ssh.ts";
import type { SshKey } from "./ssh.ts";

/** PEM texts for a tcp endpoint. */
export interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Name in the Engine's certificate, where it is not the endpoint's. */
  readonly serverName?: string;
}

/** What an endpoint asks for before it talks; none of it for a unix socket. */
export interface Credentials {
  readonly tls?: Tls;
  readonly ssh?: SshKey;
}

export interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Without version: `/containers/json`. */
  readonly path: string;
  /** Objects are sent as JSON. */
  readonly query?: Readonly<Record<string, string | number | boolean | object>>;
  readonly body?: object;
  /** A tar archive, instead of {@link body}. */
  readonly archive?: Uint8Array;
  /** For the registry that the Engine asks. */
  readonly credentials?: RegistryCredentials;
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

/** docker-modem's one method that we use; dockerode's types leave it `any`. */
interface Modem {
  dial(
    options: {
      readonly path: string;
      readonly method: string;
      readonly options: { readonly _query: object; readonly _body: object };
      readonly file?: Uint8Array;
      readonly isStream: true;
      readonly hijack?: true;
      readonly statusCodes: Readonly<Record<number, true>>;
      readonly abortSignal: AbortSignal;
      readonly authconfig?: { readonly key: string };
    },
    callback: (error: Error | null, answer: IncomingMessage | Duplex) => void,
  ): void;
}

/** Every status is an answer to docker-modem, so that we read what the Engine says of an error ourselves. */
const anyStatus: Readonly<Record<number, true>> = Object.fromEntries(
  Array.from({ length: 600 }, (_, status) => [status, true] as const),
);

const Version = z.object({ ApiVersion: z.string(), MinAPIVersion: z.string().optional(), Arch: z.string() });
/** Source: moby api/server/middleware/version.go. */
const versionRefused = /client version \S+ is too (old|new)/;
const ErrorBody = z.object({ message: z.string() });

export class Connection implements Disposable {
  readonly endpoint: string;
  readonly #tls: Tls | undefined;
  readonly #agent: HttpAgent;
  #modem: Promise<Modem> | undefined;
  #engine: Promise<Engine> | undefined;
  readonly #hijacked = new Set<Duplex>();
  #closed = false;

  constructor(endpoint: string, credentials: Credentials = {}) {
    this.endpoint = endpoint;
    this.#tls = credentials.tls;
    this.#agent = agentOf(endpoint, credentials);
    // docker-modem formats its options for a debug line that nobody sees (lib/modem.js, buildRequest): the agent with
    // all its sockets cost 40 ms of processor time in each call while 100 containers were created.
    Object.assign(this.#agent, { [inspect.custom]: () => "Agent" });
  }

  /**
   * Sends a call and reads its answer. Throws EngineRefusal for status 400 and above, HostUnreachableError when the
   * Engine does not answer, UnsupportedHostError when it cannot be spoken to, and the signal's reason when it aborts.
   */
  async call(call: Call): Promise<Answer> {
    using deadline = new Deadline(call.signal, call.timeoutMs);
    try {
      const answer = await this.stream({ ...call, signal: deadline.signal });
      const body = await text(answer);
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
    return this.#asAgreed(call, (path) => this.#send({ ...call, path }));
  }

  /**
   * As {@link stream}, where the Engine then goes on with a protocol of its own on the same connection. Who is done
   * destroys it, as disposing of this does.
   */
  async hijack(call: Call): Promise<Duplex> {
    const answer = await this.#asAgreed(call, (path) => this.#dial({ ...call, path }, true));
    if (answer instanceof IncomingMessage) {
      const { statusCode } = answer;
      answer.destroy();
      throw new HostUnreachableError(
        `Cannot reach the Docker Engine at ${this.endpoint}: something between answers ${statusCode ?? "nothing"} where the Engine would switch protocols`,
      );
    }
    this.#hijacked.add(answer);
    answer.once("close", () => this.#hijacked.delete(answer));
    return answer;
  }

  /** Whether the Engine answers. */
  async ping(signal: AbortSignal): Promise<void> {
    try {
      await text(await this.#send({ method: "GET", path: "/_ping", signal }));
    } catch (error) {
      throw this.explain(error, signal);
    }
  }

  /** What was agreed on with the Engine: at the first call, and again after the connection was lost. */
  async engine(signal: AbortSignal): Promise<Engine> {
    // Shared by all callers, so no single caller's signal may end it.
    this.#engine ??= this.#negotiate().catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    return unlessAborted(this.#engine, signal);
  }

  /** Agrees anew where the Engine takes the version no longer: it was updated, and no connection was lost that told so. */
  async #asAgreed<T>({ path, signal }: Call, send: (path: string) => Promise<T>): Promise<T> {
    const versioned = async (): Promise<string> => `/v${(await this.engine(signal)).apiVersion}${path}`;
    try {
      return await send(await versioned());
    } catch (error) {
      if (!(error instanceof EngineRefusal) || !versionRefused.test(error.message)) throw error;
      this.#engine = undefined;
      return await send(await versioned());
    }
  }

  async #negotiate(): Promise<Engine> {
    const signal = AbortSignal.timeout(negotiationTimeoutMs);
    let body: unknown;
    try {
      body = parseJson(await text(await this.#send({ method: "GET", path: "/version", signal })));
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

  /**
   * Sends one request, and resolves when the answer's headers are in. Not through dockerode's own methods: their promises stay
   * pending for ever when the connection is lost in the middle of an answer, because docker-modem 5.0.7 listens for the
   * body's end only (lib/modem.js, buildRequest).
   */
  async #send(call: Omit<Call, "timeoutMs">): Promise<IncomingMessage> {
    return (await this.#dial(call, false)) as IncomingMessage;
  }

  async #dial(call: Omit<Call, "timeoutMs">, hijack: boolean): Promise<IncomingMessage | Duplex> {
    const modem = await (this.#modem ??= this.#connect());
    if (this.#closed)
      throw new HostUnreachableError(`The connection to the Docker Engine at ${this.endpoint} was closed`);
    const answer = await new Promise<IncomingMessage | Duplex>((resolve, reject) => {
      modem.dial(
        {
          // docker-modem appends the query to a path that ends with `?`.
          path: `${call.path}?`,
          method: call.method,
          options: { _query: call.query ?? {}, _body: call.body ?? {} },
          ...(call.archive === undefined ? {} : { file: call.archive }),
          isStream: true,
          ...(hijack ? { hijack } : {}),
          statusCodes: anyStatus,
          abortSignal: call.signal,
          ...(call.credentials && { authconfig: { key: registryAuth(call.credentials) } }),
        },
        (error, response) => {
          if (error === null) resolve(response);
          else reject(this.explain(error, call.signal));
        },
      );
    });
    const status = answer instanceof IncomingMessage ? (answer.statusCode ?? 0) : 0;
    if (status < 400) return answer;
    throw new EngineRefusal(status, messageOf(await text(answer)));
  }

  async #connect(): Promise<Modem> {
    const { default: Docker } = await import("dockerode");
    // Everything is said, or docker-modem would take it from DOCKER_HOST and its kin.
    const common = { agent: this.#agent, timeout: 0, protocol: this.#tls === undefined ? "http" : "https" } as const;
    const docker = new Docker({ ...common, ...addressOf(this.endpoint) });
    return docker.modem as Modem;
  }

  /** What an error of a call or of reading its answer means to a caller. */
  explain(error: unknown, signal: AbortSignal): Error {
    if (error instanceof EngineRefusal || error instanceof UnsupportedHostError) return error;
    if (signal.aborted && !isTimeout(signal.reason)) return signal.reason as Error;
    // Who comes back after an absence may be another version.
    this.#engine = undefined;
    return connectionError(this.endpoint, signal.aborted ? signal.reason : error);
  }

  /** Cuts every connection: what is under way fails with HostUnreachableError, and so does what would begin later. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#agent.destroy();
    const closed = new HostUnreachableError(`The connection to the Docker Engine at ${this.endpoint} was closed`);
    for (const stream of this.#hijacked) stream.destroy(closed);
  }
}

/** Keep-alive also probes idle TCP connections, so that a cut network ends event and log streams; SSH has its own. */
function agentOf(endpoint: string, { tls, ssh }: Credentials): HttpAgent {
  if (ssh !== undefined) return new SshAgent(endpoint, ssh, { keepAlive: true });
  if (tls === undefined) return new HttpAgent({ keepAlive: true });
  const { ca, cert, key, serverName: servername } = tls;
  return new HttpsAgent({ keepAlive: true, ca, cert, key, ...(servername === undefined ? {} : { servername }) });
}

function addressOf(endpoint: string): { readonly host: string; readonly port?: string; readonly socketPath?: string } {
  if (endpoint.startsWith("unix://")) return { host: "", socketPath: endpoint.slice("unix://".length) };
  // The far end of SSH asks for no name.
  if (endpoint.startsWith("ssh://")) return { host: "docker", port: "80" };
  const { hostname, port } = new URL(endpoint);
  return { host: hostname.replace(/^\[|\]$/g, ""), port };
}

/** The header X-Registry-Auth: base64 for URLs, with its padding. Source: moby registry/auth.go. */
function registryAuth(credentials: RegistryCredentials): string {
  const base64 = Buffer.from(JSON.stringify(credentials)).toString("base64");
  return base64.replaceAll("+", "-").replaceAll("/", "_");
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
