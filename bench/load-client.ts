/**
 * Loads an API server over HTTP/1.1 and TLS with as little work of its own as can be, since it shares the machine with
 * what it measures: requests are written and answers are read on bare sockets, bodies are not looked at.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";

export interface Target {
  readonly url: string;
  /** PEM of a client certificate of the group system:masters. */
  readonly cert: string;
  readonly key: string;
}

export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  /** JSON. */
  readonly body?: string;
  /** `application/json` when absent. */
  readonly contentType?: string;
  /** Told the body of the answer. */
  readonly onAnswer?: (body: string) => void;
}

export interface Load {
  /** From the first request to the last answer, in milliseconds. */
  readonly ms: number;
  /** Of each request, in milliseconds. */
  readonly latencies: readonly number[];
}

const headEnd = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");

/** Finds the end of one answer in what comes over a socket. */
class AnswerReader {
  readonly #chunks: Buffer[] = [];
  #head: Buffer = Buffer.alloc(0);
  #status = 0;
  /** Bytes of the body, or of its current chunk, that are still to come; undefined before it is known. */
  #left: number | undefined;
  #chunked = false;
  #ended = false;

  get status(): number {
    return this.#status;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get body(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  add(data: Buffer): void {
    let rest: Buffer | undefined = data;
    if (this.#status === 0) rest = this.#readHead(data);
    while (rest !== undefined && !this.#ended) rest = this.#readBody(rest);
  }

  #readHead(data: Buffer): Buffer | undefined {
    const head = this.#head.length === 0 ? data : Buffer.concat([this.#head, data]);
    const end = head.indexOf(headEnd);
    if (end < 0) {
      this.#head = head;
      return undefined;
    }
    const text = head.toString("latin1", 0, end).toLowerCase();
    this.#head = Buffer.alloc(0);
    this.#status = Number(text.slice(9, 12));
    this.#chunked = text.includes("\r\ntransfer-encoding: chunked");
    const [, length = "0"] = /\r\ncontent-length: (\d+)/.exec(text) ?? [];
    if (!this.#chunked) this.#left = Number(length);
    this.#ended = this.#left === 0;
    return head.subarray(end + headEnd.length);
  }

  /** Takes what belongs to this piece of the body and returns what comes after it; undefined when more has to come. */
  #readBody(data: Buffer): Buffer | undefined {
    if (this.#left === undefined) return this.#readChunkSize(data);
    const taken = data.subarray(0, this.#left);
    this.#chunks.push(taken);
    this.#left -= taken.length;
    if (this.#left > 0) return undefined;
    if (!this.#chunked) this.#ended = true;
    this.#left = undefined;
    return data.subarray(taken.length);
  }

  #readChunkSize(data: Buffer): Buffer | undefined {
    const line = this.#head.length === 0 ? data : Buffer.concat([this.#head, data]);
    // The line end before a size belongs to the chunk before it.
    const start = line.subarray(0, 2).equals(lineEnd) ? 2 : 0;
    const end = line.indexOf(lineEnd, start);
    const size = Number.parseInt(line.toString("latin1", start, Math.max(start, end)), 16);
    // The last one is followed by one more line end.
    if (end < 0 || (size === 0 && line.length < end + 4)) {
      this.#head = line;
      return undefined;
    }
    this.#head = Buffer.alloc(0);
    if (size === 0) this.#ended = true;
    else this.#left = size;
    return line.subarray(end + 2);
  }
}

/** One connection, on which one request at a time is under way. */
class Connection {
  readonly #socket: TLSSocket;
  readonly #host: string;
  #reader = new AnswerReader();
  #answered: ((reader: AnswerReader) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(socket: TLSSocket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.on("data", (data: Buffer) => {
      this.#reader.add(data);
      if (!this.#reader.ended) return;
      const answer = this.#reader;
      this.#reader = new AnswerReader();
      this.#answered?.(answer);
    });
    socket.on("error", (error: Error) => this.#failed?.(error));
    socket.on("close", () => this.#failed?.(new Error("the server closed the connection")));
  }

  exchange(request: LoadRequest): Promise<AnswerReader> {
    const { method, path, body = "", contentType = "application/json" } = request;
    return new Promise<AnswerReader>((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      const content =
        body === "" ? "" : `Content-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
      this.#socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${content}\r\n${body}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

function successOf({ method, path }: LoadRequest, answer: AnswerReader): AnswerReader {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.body.slice(0, 500)}`);
}

async function open({ url, cert, key }: Target): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  // What is measured is not who they are: each was started by the bench.
  const socket = connect({ host: hostname, port: Number(port), cert, key, rejectUnauthorized: false });
  socket.setNoDelay(true);
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  return socket;
}

/** So many connections to one server. */
export class LoadClient implements Disposable {
  readonly #connections: readonly Connection[];

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  static async open(target: Target, connections: number): Promise<LoadClient> {
    const { host } = new URL(target.url);
    const sockets = await Promise.all(Array.from({ length: connections }, () => open(target)));
    return new LoadClient(sockets.map((socket) => new Connection(socket, host)));
  }

  /** One request; returns the body of the answer. Throws when it is no success, but for 429, after which it is repeated. */
  async send(request: LoadRequest): Promise<string> {
    const [connection] = this.#connections;
    if (connection === undefined) throw new Error("Cannot send a request without connections: open one or more");
    for (;;) {
      const answer = await connection.exchange(request);
      if (answer.status !== 429) return successOf(request, answer).body;
      await sleep(1000); // what either server says in Retry-After
    }
  }

  /** Each connection sends the next request as soon as it is free. Throws when one is answered with no success. */
  async run(count: number, requestOf: (index: number) => LoadRequest): Promise<Load> {
    const latencies: number[] = [];
    let next = 0;
    const began = performance.now();
    const work = async (connection: Connection): Promise<void> => {
      while (next < count) {
        const request = requestOf(next++);
        const sent = performance.now();
        const answer = successOf(request, await connection.exchange(request));
        request.onAnswer?.(answer.body);
        latencies.push(performance.now() - sent);
      }
    };
    await Promise.all(this.#connections.map(work));
    return { ms: performance.now() - began, latencies };
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) connection.close();
  }
}

const newline = 10;

/** One watch. Tells of every line with its bytes, as soon as it is there. */
export class LoadWatch implements Disposable {
  readonly #socket: TLSSocket;
  /** Lines since the beginning. */
  lines = 0;
  /** Whether the server let go of it. */
  ended = false;
  onLine: ((line: Buffer) => void) | undefined;
  #rest: Buffer[] = [];

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.ended = true;
    });
    socket.on("data", (data: Buffer) => {
      this.#read(data);
    });
  }

  /** Sent as HTTP/1.0, so that no chunk sizes come between the lines. Resolves when the answer has begun. */
  static async open(target: Target, path: string): Promise<LoadWatch> {
    const socket = await open(target);
    socket.write(`GET ${path} HTTP/1.0\r\nHost: ${new URL(target.url).host}\r\n\r\n`);
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      head += await new Promise<string>((resolve, reject) => {
        socket.once("data", (data: Buffer) => {
          resolve(data.toString("latin1"));
        });
        socket.once("close", () => {
          reject(new Error(`the watch of ${path} ended before it began`));
        });
      });
    }
    if (!/^HTTP\/1\.[01] 200 /.test(head)) throw new Error(`the watch of ${path} was answered ${head.slice(0, 500)}`);
    const watch = new LoadWatch(socket);
    const begun = Buffer.from(head.slice(head.indexOf("\r\n\r\n") + 4), "latin1");
    if (begun.length > 0) watch.#read(begun);
    return watch;
  }

  #read(data: Buffer): void {
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      this.lines++;
      const line = data.subarray(start, end);
      this.onLine?.(this.#rest.length === 0 ? line : Buffer.concat([...this.#rest, line]));
      this.#rest = [];
      start = end + 1;
    }
    if (start < data.length && this.onLine !== undefined) this.#rest.push(data.subarray(start));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
