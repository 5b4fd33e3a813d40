/** One request and its answer, over HTTP/1.1 or HTTP/2 alike. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { User } from "../auth/authentication.ts";
import { anonymous } from "../auth/authentication.ts";
import { ApiError, badRequest } from "../status.ts";
import type { Clock } from "../../process/clock.ts";
import type { Accepted, Forms } from "./accept.ts";
import { negotiate } from "./accept.ts";

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** Source: DefaultMaxRequestBodyBytes in k8s.io/apiserver/pkg/server/config.go. */
export const maxBodyBytes = 3 * 1024 * 1024;
/** How long the whole body of a request may take. */
const bodyTimeoutMs = 30_000;

export class Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly warnings = new Set<string>();
  /** Who asks; told by whoever found out. */
  user: User = anonymous;
  readonly #request: Request;
  readonly #response: Response;
  readonly #clock: Clock;
  #closed = false;

  constructor(request: Request, response: Response, clock: Clock) {
    this.#request = request;
    this.#response = response;
    this.#clock = clock;
    this.onClose(() => {
      this.#closed = true;
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
    return this.#closed;
  }

  /** Throws RequestEntityTooLarge, and BadRequest when the body takes too long or breaks off. */
  body(): Promise<Buffer> {
    const request = this.#request;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let why = "the body of the request broke off";
      const timer = this.#clock.after(bodyTimeoutMs, () => {
        why = `the body of the request did not arrive within ${bodyTimeoutMs / 1000} s`;
        request.destroy();
      });
      const finish = (error?: ApiError): void => {
        timer[Symbol.dispose]();
        if (error === undefined) resolve(Buffer.concat(chunks, size));
        else reject(error);
      };
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
        if (size <= maxBodyBytes) finish();
        else finish(tooLarge());
      });
      // Of no consequence when it has ended before.
      request.on("close", () => {
        finish(badRequest(why));
      });
    });
  }

  /** Sent along with whatever the answer will be. */
  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  /** The whole answer. */
  reply(code: number, contentType: string, bytes: Buffer, headers: Readonly<Record<string, string>> = {}): void {
    if (this.abandoned) return;
    this.#head(code, { "content-type": contentType, "content-length": String(bytes.length), ...headers });
    // The compatibility API of HTTP/2 has the same method with other overloads.
    (this.#response as ServerResponse).end(this.method === "HEAD" ? undefined : bytes);
  }

  /** Begins an answer whose end is not known. */
  begin(contentType: string): void {
    this.#head(200, { "content-type": contentType });
    (this.#response as ServerResponse).flushHeaders();
  }

  /** Resolves when more can be written, or when the client is gone. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.abandoned) return;
    const response = this.#response as ServerResponse;
    if (response.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
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
    else (this.#response as ServerResponse).once("close", fn);
  }

  #head(code: number, headers: Readonly<Record<string, string>>): void {
    const response = this.#response as ServerResponse;
    if (this.warnings.size > 0) {
      response.setHeader("warning", warningHeaders([...this.warnings]));
    }
    response.writeHead(code, { "cache-control": "no-cache, private", ...headers });
  }
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
