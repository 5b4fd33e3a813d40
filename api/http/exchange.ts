/** One request and its answer, over HTTP/1.1 or HTTP/2 alike. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { User } from "../auth/authentication.ts";
import { anonymous } from "../auth/authentication.ts";
import { ApiError, badRequest } from "../status.ts";
import type { Clock } from "../../process/clock.ts";
import type { Accepted, Forms } from "./accept.ts";
import { negotiate } from "./accept.ts";
import type { RequestLabels } from "./metrics.ts";
import { noLabels } from "./metrics.ts";

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** Source: DefaultMaxRequestBodyBytes in k8s.io/apiserver/pkg/server/config.go. */
export const maxBodyBytes = 3 * 1024 * 1024;
/** Larger answers are compressed for clients that take that. Source: defaultGzipThresholdBytes in responsewriters/writers.go. */
const gzipBytes = 128 * 1024;
/** Larger answers are handed over piece by piece, as the client takes them. */
const wholeBytes = 1024 * 1024;
const pieceBytes = 256 * 1024;
/** A client that takes nothing for so long is cut off: what waits for it is memory that others need. */
const stalledMs = 30_000;

/** How long the rest of a request that was refused may take to come before the connection is closed. */
const lingerMs = 1000;

const compress = promisify(gzip);
/** What has been sent at once. */
const sent = Promise.resolve();

export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly warnings = new Set<string>();
  /** Who asks; told by whoever found out. */
  user: User = anonymous;
  /** Aborts when whoever asks may not go on any more; absent where that stays as it is. */
  lapsed: AbortSignal | undefined = undefined;
  /** What it is counted as; told by whoever found out what it is about. */
  labels: RequestLabels = noLabels;
  readonly #request: Request;
  readonly #response: Response;
  readonly #clock: Clock;
  readonly #closers: (() => void)[] = [];
  #closed = false;
  /** All of the answer is known, and on its way. */
  #whole = false;
  #expired = false;

  constructor(request: Request, response: Response, clock: Clock) {
    this.#request = request;
    this.#response = response;
    this.#clock = clock;
    (response as ServerResponse).once("close", () => {
      this.#closed = true;
      for (const close of this.#closers) close();
    });
    this.method = request.method ?? "GET";
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
  }

  /** Throws NotAcceptable. */
  accepted(forms: Forms): Accepted {
    return negotiate(this.header("accept"), forms);
  }

  /** By its name in lower case. */
  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** Whether an answer has begun: then it is too late for another one. */
  get answered(): boolean {
    return this.#response.headersSent;
  }

  /** Whether there is nobody to answer any more. */
  get abandoned(): boolean {
    return this.#closed || this.#expired;
  }

  /** The code of the answer, 0 before there is one. */
  get code(): number {
    return this.#response.headersSent ? this.#response.statusCode : 0;
  }

  /** Names and values by turns, as they were sent. */
  get rawHeaders(): readonly string[] {
    return this.#request.rawHeaders;
  }

  /**
   * Time is over: whatever the answer would have been, it is that of `refuse`; one that has begun breaks off.
   * Source: timeoutHandler in k8s.io/apiserver/pkg/server/filters/timeout.go.
   */
  async expire(refuse: () => Promise<void>): Promise<void> {
    // An answer that is complete has only to be sent; a client that does not take it is given up by `write`.
    if (this.abandoned || this.#whole || this.#response.writableEnded) return;
    if (this.answered) {
      this.#cutOff();
      return;
    }
    await refuse();
    this.#expired = true;
    // What still comes is read and forgotten: a client that is cut off in the middle would not see the answer.
    const request = this.#request.resume();
    if (request.httpVersionMajor !== 1 || request.complete) return;
    const linger = this.#clock.after(lingerMs, () => {
      if (!request.complete) request.socket.destroySoon();
    });
    request.socket.once("close", () => {
      linger[Symbol.dispose]();
    });
  }

  /** Throws RequestEntityTooLarge, and BadRequest when the body breaks off. */
  body(): Promise<Buffer> {
    const request = this.#request;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      request.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxBodyBytes) chunks.push(chunk);
        else if (chunks.length > 0) {
          // What still comes is read and forgotten: a client that is cut off in the middle would not see the answer.
          chunks.length = 0;
          reject(tooLarge());
        }
      });
      request.on("end", () => {
        if (size <= maxBodyBytes) resolve(Buffer.concat(chunks, size));
        else reject(tooLarge());
      });
      // An answer that did not wait for the body ends it as well.
      this.onClose(() => {
        if (!request.readableEnded) reject(badRequest("the body of the request broke off"));
      });
    });
  }

  /**
   * Reads and forgets what was not asked for of the body: over HTTP/2, Node resets the stream of an answer that comes
   * before the body was looked at, and clients may lose the answer with it.
   */
  ignoreBody(): void {
    this.#request.resume();
  }

  /** Sent along with whatever the answer will be. */
  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  /** The whole answer. Resolves when it has been handed over, or the client is gone. */
  reply(
    code: number,
    contentType: string,
    bytes: Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    if (this.abandoned) return sent;
    const all = { "content-type": contentType, ...headers };
    if (bytes.length > gzipBytes && takesGzip(this.header("accept-encoding")))
      return this.#replyCompressed(code, bytes, all);
    return this.#replyWhole(code, bytes, all);
  }

  /** 304: the client has it already. */
  replyUnchanged(headers: Readonly<Record<string, string>>): Promise<void> {
    if (this.abandoned) return sent;
    this.#head(304, headers);
    this.#response.end();
    return sent;
  }

  /** Off the event loop. */
  async #replyCompressed(code: number, bytes: Buffer, headers: Readonly<Record<string, string>>): Promise<void> {
    const compressed = await compress(bytes, { level: constants.Z_BEST_SPEED });
    if (this.abandoned) return;
    const vary = headers["vary"] === undefined ? "Accept-Encoding" : `${headers["vary"]}, Accept-Encoding`;
    await this.#replyWhole(code, compressed, { ...headers, "content-encoding": "gzip", vary });
  }

  #replyWhole(code: number, bytes: Buffer, headers: Readonly<Record<string, string>>): Promise<void> {
    this.#whole = true;
    this.#head(code, { ...headers, "content-length": String(bytes.length) });
    if (bytes.length > wholeBytes && this.method !== "HEAD") return this.#replyInPieces(bytes);
    // The compatibility API of HTTP/2 has the same method with other overloads.
    (this.#response as ServerResponse).end(this.method === "HEAD" ? undefined : bytes);
    return sent;
  }

  async #replyInPieces(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += pieceBytes) await this.write(bytes.subarray(at, at + pieceBytes));
    this.end();
  }

  /** Begins an answer whose end is not known. */
  begin(contentType: string): void {
    this.#head(200, { "content-type": contentType });
    (this.#response as ServerResponse).flushHeaders();
  }

  /** Resolves when more can be written, or when the client is gone, as is one that takes nothing for 30 s. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.abandoned) return;
    const response = this.#response as ServerResponse;
    if (response.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const stalled = this.#clock.after(stalledMs, () => {
        this.#cutOff();
      });
      const done = (): void => {
        stalled[Symbol.dispose]();
        response.off("drain", done);
        response.off("close", done);
        resolve();
      };
      response.on("drain", done);
      response.on("close", done);
    });
  }

  end(): void {
    if (!this.abandoned) this.#response.end();
  }

  /** Calls `fn` once when the client goes away or the answer is complete. */
  onClose(fn: () => void): void {
    if (this.#closed) fn();
    else this.#closers.push(fn);
  }

  /** No further request comes over the connection; those that are being served go on. HTTP/2 only. */
  closeConnection(): void {
    if ("stream" in this.#request) this.#request.stream.session?.close();
  }

  #cutOff(): void {
    if ("stream" in this.#request) this.#request.stream.destroy();
    else this.#request.socket.destroy();
  }

  #head(code: number, headers: Readonly<Record<string, string>>): void {
    const response = this.#response as ServerResponse;
    if (this.warnings.size > 0) {
      response.setHeader("warning", warningHeaders([...this.warnings]));
    }
    response.writeHead(code, { "cache-control": "no-cache, private", ...headers });
  }
}

/** Source: negotiateContentEncoding in k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/writers.go. */
function takesGzip(header: string | undefined): boolean {
  return header?.split(",").some((encoding) => encoding.trim() === "gzip") === true;
}

/** Most UTF-16 units of all warnings, and of one of them where all are too many. */
const maxWarnings = 4096;
const maxWarning = 256;

/** What a client's parser of headers can take. Source of the limits: k8s.io/apiserver/pkg/endpoints/filters/warning.go. */
function warningHeaders(texts: readonly string[]): string[] {
  const tooMuch = texts.reduce((sum, text) => sum + text.length, 0) > maxWarnings;
  const told = tooMuch ? texts.slice(0, maxWarnings / maxWarning).map((text) => text.slice(0, maxWarning)) : texts;
  // Node takes the bytes of a header as latin1, and refuses control characters.
  return told.map((text) => Buffer.from(`299 - ${JSON.stringify(text.replace(/\p{Cc}/gu, "?"))}`).toString("latin1"));
}

/** Source: NewRequestEntityTooLargeError in apimachinery/pkg/api/errors/errors.go. */
function tooLarge(): ApiError {
  return new ApiError("RequestEntityTooLarge", `Request entity too large: limit is ${maxBodyBytes}`);
}

/** Source: MethodNotAllowed in apimachinery/pkg/api/errors/errors.go. */
export function methodNotAllowed(): ApiError {
  return new ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

export function pathNotFound(): ApiError {
  return new ApiError("NotFound", "the server could not find the requested resource", {});
}
