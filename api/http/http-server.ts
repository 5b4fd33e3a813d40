/** The wire: TLS, HTTP/1.1 and HTTP/2 on one port, who asks, and how it all ends. */
import { createSecureServer } from "node:http2";
import type { Http2SecureServer, ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { User } from "../auth/authentication.ts";
import { authorize, unauthorized, userOf } from "../auth/authentication.ts";
import type { Certificates } from "../auth/certificates.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import { ApiError } from "../status.ts";
import type { Clock } from "../../process/clock.ts";
import type { Request, Response } from "./exchange.ts";
import { Exchange } from "./exchange.ts";
import { replyJson } from "./render.ts";
import type { ResourceHandler } from "./resource-handler.ts";
import { verbOf } from "./resource-handler.ts";
import { resourcePathOf, segmentsOf } from "./route.ts";
import type { SystemHandler } from "./system-handler.ts";
import { internalError, isPublic } from "./system-handler.ts";

export interface HttpServerOptions {
  readonly certificates: Certificates;
  readonly resources: ResourceHandler;
  readonly system: SystemHandler;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long what is in flight has to finish when the server stops. */
const stopMs = 8_000;
/** Source: http2.maxConcurrentStreams of kube-apiserver (--http2-max-streams-per-connection). */
const maxStreams = 1000;

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
        settings: { maxConcurrentStreams: maxStreams },
      },
      (request, response) => {
        this.#serve(request, response).catch((error: unknown) => {
          // Not even a refusal could be sent. That is the end of this request, and of no other.
          options.log.error("Answering a request failed", { error: describeError(error) });
          request.destroy();
        });
      },
    );
    this.#server.on("secureConnection", (socket) => {
      this.#track(this.#sockets, socket);
    });
    this.#server.on("session", (session) => {
      this.#track(this.#sessions, session);
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
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more connections, lets what is in flight finish, then cuts the rest off. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#listening) return;
    this.#stopping = true;
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
    const exchange = new Exchange(request, response, this.#options.clock);
    try {
      await this.#handle(exchange, request);
    } catch (error) {
      await this.#refuse(exchange, error);
    }
    // Otherwise it would be kept open for the next request.
    if (this.#stopping && request.httpVersionMajor === 1) request.socket.destroySoon();
  }

  async #handle(exchange: Exchange, request: Request): Promise<void> {
    const segments = segmentsOf(exchange.path);
    const path = resourcePathOf(segments);
    if (!isPublic(segments)) {
      const user = this.#userOf(request);
      if (user === undefined) throw unauthorized();
      exchange.user = user;
      const verb = path === undefined ? exchange.method.toLowerCase() : verbOf(exchange.method, path, exchange.query);
      authorize(user, {
        verb,
        path: exchange.path,
        ...(path === undefined ? {} : { resource: { ...path, name: path.name ?? "" } }),
      });
    }
    if (path === undefined) await this.#options.system.handle(exchange, segments);
    else await this.#options.resources.handle(exchange, path);
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
    if (exchange.answered) exchange.end();
    else await replyRefusal(exchange, refusal);
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

async function replyRefusal(exchange: Exchange, refusal: ApiError): Promise<void> {
  const seconds = refusal.details?.retryAfterSeconds;
  if (seconds !== undefined) exchange.setHeader("retry-after", String(seconds));
  const yaml = exchange.header("accept")?.startsWith("application/yaml") === true;
  await replyJson(exchange, refusal.code, refusal.toStatus(), { format: yaml ? "yaml" : "json", pretty: false });
}
