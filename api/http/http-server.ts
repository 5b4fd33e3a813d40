/** The wire: TLS, HTTP/1.1 and HTTP/2 on one port, who asks, and how it all ends. */
import { createSecureServer } from "node:http2";
import type { Http2SecureServer, ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Asker, TokenAuthenticator, User } from "../auth/authentication.ts";
import { unauthorized, userOf, userOfHeaders } from "../auth/authentication.ts";
import type { Attempt, Authorizer } from "../auth/authorization.ts";
import { authorize } from "../auth/authorization.ts";
import type { Certificates } from "../auth/certificates.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import { ApiError } from "../status.ts";
import type { Clock } from "../../process/clock.ts";
import { sleep } from "../../process/clock.ts";
import type { Request, Response } from "./exchange.ts";
import { Exchange } from "./exchange.ts";
import type { FlowControl } from "./flow-control.ts";
import { kindOf } from "./flow-control.ts";
import { impersonated } from "./impersonation.ts";
import type { Metrics } from "./metrics.ts";
import { timeoutOf } from "./query.ts";
import { replyJson } from "./render.ts";
import type { ResourceHandler } from "./resource-handler.ts";
import { verbOf } from "./resource-handler.ts";
import type { ResourcePath } from "./route.ts";
import { resourcePathOf, segmentsOf } from "./route.ts";
import type { SystemHandler } from "./system-handler.ts";
import { internalError, isPublic } from "./system-handler.ts";

export interface HttpServerOptions {
  readonly certificates: Certificates;
  /** Asked in this order about bearer tokens, where a request comes without a client certificate. */
  readonly authenticators: readonly TokenAuthenticator[];
  readonly authorizer: Authorizer;
  readonly resources: ResourceHandler;
  readonly system: SystemHandler;
  readonly flow: FlowControl;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long what is in flight has to finish when the server stops. */
const stopMs = 8_000;
/** Source: http2.maxConcurrentStreams of kube-apiserver (--http2-max-streams-per-connection). */
const maxStreams = 1000;
/** Each connection costs memory before it is known whose it is; a thousand watchers are a tenth of it. */
const maxConnections = 10_000;
/** MiB that one HTTP/2 connection may make us keep; more streams are refused while it does. */
const maxSessionMemory = 64;
/** Request line and headers, taken together, that are longer answer 431. HTTP/2 has a limit of its own, of 64 KiB. */
const maxHeaderBytes = 60 * 1024;
/** Source: ReadHeaderTimeout and IdleTimeout in k8s.io/apiserver/pkg/server/secure_serving.go. */
const headersMs = 32_000;
const idleMs = 90_000;
const handshakeMs = 10_000;

export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #server: Http2SecureServer;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** By connection: a certificate is looked at once, not with every request. */
  readonly #users = new WeakMap<object, { readonly user: User | undefined }>();
  #listening = false;
  #stopping = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { ca, server } = options.certificates;
    this.#server = createSecureServer(
      {
        allowHTTP1: true,
        ca,
        cert: server.cert,
        key: server.key,
        requestCert: true,
        rejectUnauthorized: false, // strangers get an answer that says what is wrong
        minVersion: "TLSv1.2",
        // A client that resets streams as fast as it opens them is cut off by Node: streamResetBurst, streamResetRate.
        settings: { maxConcurrentStreams: maxStreams },
        maxSessionMemory,
        handshakeTimeout: handshakeMs,
        ...http1,
      },
      (request, response) => {
        this.#serve(request, response).catch((error: unknown) => {
          // Not even a refusal could be sent. That is the end of this request, and of no other.
          options.log.error("Answering a request failed", { error: describeError(error) });
          request.destroy();
        });
      },
    );
    this.#server.maxConnections = maxConnections;
    this.#server.on("secureConnection", (socket) => {
      this.#track(this.#sockets, socket);
    });
    this.#server.on("session", (session) => {
      this.#track(this.#sessions, session);
      closeWhenIdle(session);
    });
    // A client that speaks no TLS, or went away during the handshake.
    this.#server.on("tlsClientError", () => undefined);
    this.#server.on("sessionError", () => undefined);
  }

  /** Port 0 takes any free one. Returns the port. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      const refuse = (error: Error): void => {
        const why = `Cannot listen on "${host}" port ${port}: ${error.message}; listen on another address or port`;
        reject(new Error(why, { cause: error }));
      };
      this.#server.once("error", refuse);
      this.#server.listen(port, host, () => {
        this.#server.off("error", refuse);
        // Too many open files, say: who could not connect tries again, everybody else is served.
        this.#server.on("error", (error: Error) => {
          this.#options.log.error("Cannot take a connection", { error: error.message });
        });
        resolve();
      });
    });
    this.#listening = true;
    this.#options.flow.start();
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more connections, lets what is in flight finish, then cuts the rest off. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#listening) return;
    this.#stopping = true;
    this.#options.flow[Symbol.dispose]();
    // Closes idle HTTP/1.1 connections as well.
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const session of this.#sessions) session.close();
    const deadline = this.#options.clock.after(stopMs, () => {
      for (const session of this.#sessions) session.destroy();
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    deadline[Symbol.dispose]();
  }

  #track<T extends Socket | ServerHttp2Session>(all: Set<T>, one: T): void {
    all.add(one);
    one.once("close", () => all.delete(one));
    one.on("error", () => undefined); // a client that breaks off is no error of ours
  }

  async #serve(request: Request, response: Response): Promise<void> {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    const startedAt = performance.now();
    const exchange = new Exchange(request, response, this.#options.clock);
    try {
      await this.#handle(exchange, request);
    } catch (error) {
      await this.#refuse(exchange, error);
    }
    this.#options.metrics.answered(exchange.labels, exchange.code, startedAt);
    // Otherwise it would be kept open for the next request.
    if (this.#stopping && request.httpVersionMajor === 1) request.socket.destroySoon();
  }

  async #handle(exchange: Exchange, request: Request): Promise<void> {
    const { authorizer, flow, resources, system } = this.#options;
    const segments = segmentsOf(exchange.path);
    const path = resourcePathOf(segments);
    const verb = path === undefined ? exchange.method.toLowerCase() : verbOf(exchange.method, path, exchange.query);
    const longRunning = isLongRunning(verb, path);
    if (!longRunning) this.#limitTime(exchange);
    if (isPublic(segments)) return system.handle(exchange, segments);
    const certified = this.#userOf(request);
    const { user, goodUntil }: Asker =
      certified === undefined
        ? await this.#askerOf(exchange)
        : { user: impersonated(certified, exchange.rawHeaders, authorizer) };
    exchange.user = user;
    using _place = longRunning ? undefined : flow.enter(kindOf(verb), user);
    const attempt = attemptOf(verb, exchange.path, path);
    authorize(authorizer, user, attempt);
    if (longRunning && goodUntil !== undefined) this.#endWhenLapsed(exchange, attempt, goodUntil);
    // Awaited: the place is taken until the answer is complete.
    if (path === undefined) await system.handle(exchange, segments);
    else await resources.handle(exchange, path);
  }

  /** By its token. Throws what {@link userOfHeaders} and {@link impersonated} do, and Unauthorized where there is none. */
  async #askerOf(exchange: Exchange): Promise<Asker> {
    const { authenticators, authorizer } = this.#options;
    const found = await userOfHeaders(authenticators, (name) => exchange.header(name));
    if (found === undefined) throw unauthorized();
    return { ...found, user: impersonated(found.user, exchange.rawHeaders, authorizer) };
  }

  /** Whatever goes on and on ends once its token is not taken any more, or gives no right to it any more. */
  #endWhenLapsed(exchange: Exchange, attempt: Attempt, goodUntil: Date): void {
    const { authorizer, clock } = this.#options;
    const [closed, lapsed] = [new AbortController(), new AbortController()];
    exchange.onClose(() => {
      closed.abort();
    });
    exchange.lapsed = lapsed.signal;
    const look = async (): Promise<void> => {
      for (let until: Date | undefined = goodUntil; until !== undefined;) {
        if (!(await sleep(clock, Math.max(0, until.getTime() - clock.now().getTime()), closed.signal))) return;
        const asker: Asker = await this.#askerOf(exchange);
        authorize(authorizer, asker.user, attempt);
        until = asker.goodUntil;
      }
    };
    // Whatever keeps us from knowing: a new request would be refused just so.
    look().catch(() => {
      lapsed.abort();
    });
  }

  /** Source: WithRequestDeadline and WithTimeoutForNonLongRunningRequests in k8s.io/apiserver. */
  #limitTime(exchange: Exchange): void {
    const timer = this.#options.clock.after(timeoutOf(exchange.query), () => {
      const late = new ApiError("Timeout", "Timeout: request did not complete within the allotted timeout", {});
      exchange.expire(() => replyRefusal(exchange, late)).catch(() => undefined); // nobody is there any more
    });
    exchange.onClose(() => {
      timer[Symbol.dispose]();
    });
  }

  async #refuse(exchange: Exchange, error: unknown): Promise<void> {
    const { log } = this.#options;
    if (exchange.abandoned) return;
    const refusal = error instanceof ApiError ? error : internalError();
    if (refusal !== error)
      log.error("Serving a request failed", {
        method: exchange.method,
        path: exchange.path,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    exchange.ignoreBody();
    if (exchange.answered) exchange.end();
    else await replyRefusal(exchange, refusal);
    // Source: UnauthenticatedHTTP2DOSMitigation: a stranger gets no further stream on this connection.
    if (refusal.reason === "Unauthorized") exchange.closeConnection();
  }

  #userOf(request: Request): User | undefined {
    const session = "stream" in request ? request.stream.session : undefined;
    const connection = session ?? request.socket;
    const known = this.#users.get(connection);
    if (known !== undefined) return known.user;
    const socket = (session?.socket ?? request.socket) as TLSSocket;
    const user = socket.authorized ? userOf(socket.getPeerCertificate()) : undefined;
    this.#users.set(connection, { user });
    return user;
  }
}

const http1 = {
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: headersMs,
  keepAliveTimeout: idleMs,
  connectionsCheckingInterval: 5_000,
};

/** A connection that nothing comes over, and that no stream is open on. HTTP/1.1 has keepAliveTimeout. */
function closeWhenIdle(session: ServerHttp2Session): void {
  let open = 0;
  session.on("stream", (stream) => {
    open += 1;
    stream.once("close", () => (open -= 1));
  });
  session.setTimeout(idleMs, () => {
    if (open === 0) session.destroy();
  });
}

/**
 * A Namespace is in itself: who may read Namespaces there may read this one. Source: NewRequestInfo in
 * k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.
 */
function attemptOf(verb: string, path: string, about: ResourcePath | undefined): Attempt {
  if (about === undefined) return { verb, path };
  const { group, plural, name } = about;
  const namespace = about.namespace ?? (group === "" && plural === "namespaces" ? name : undefined);
  return { verb, path, resource: { ...about, namespace, name: name ?? "" } };
}

const longRunningSubresources: readonly (string | undefined)[] = ["attach", "exec", "log", "portforward", "proxy"];

/** Whether it goes on for as long as the client likes. Source: BasicLongRunningRequestCheck in filters/longrunning.go. */
function isLongRunning(verb: string, path: ResourcePath | undefined): boolean {
  return verb === "watch" || longRunningSubresources.includes(path?.subresource);
}

async function replyRefusal(exchange: Exchange, refusal: ApiError): Promise<void> {
  const seconds = refusal.details?.retryAfterSeconds;
  if (seconds !== undefined) exchange.setHeader("retry-after", String(seconds));
  const format = refusalFormat(exchange);
  await replyJson(exchange, refusal.code, refusal.toStatus(), { format, pretty: false });
}

/** A refusal has no other forms; whoever takes neither format gets JSON. Source: ErrorNegotiated in responsewriters/writers.go. */
function refusalFormat(exchange: Exchange): "json" | "yaml" {
  try {
    return exchange.accepted({}).format;
  } catch {
    return "json";
  }
}
