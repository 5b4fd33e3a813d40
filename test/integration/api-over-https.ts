import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TokenAuthenticator } from "../../api/auth/authentication.ts";
import type { DirectClient } from "../../api/client/direct.ts";
import { ApiServer } from "../../api/server.ts";
import { SqliteStore } from "../../api/storage/sqlite.ts";
import type { Store } from "../../api/storage/store.ts";
import { systemClock } from "../../process/clock.ts";
import type { Connectors } from "../../api/verbs/connect.ts";
import { RecordingLog } from "../fakes/log.ts";

/**
 * Whatever an answer may be: an object, a list, a Status, a Table, a discovery document. Tests know which one they
 * asked for, so nothing is optional here.
 */
export interface Json {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly deletionTimestamp: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly finalizers: readonly string[];
    readonly continue: string;
    readonly remainingItemCount: number;
  };
  readonly spec: {
    readonly image: string;
    readonly finalizers: readonly string[];
    readonly versions: readonly [object];
    readonly restartPolicy: string;
  };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[];
    readonly storedVersions: readonly string[];
    readonly acceptedNames: object;
    readonly phase: string;
  };
  readonly data: Readonly<Record<string, string>>;
  readonly stringData: unknown;
  readonly items: readonly Json[];
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details: { readonly causes: readonly { readonly field: string }[] };
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: Json }[];
  readonly resources: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

/** A line of a watch. */
export interface WatchLine {
  readonly type: string;
  readonly object: Json;
}

export interface Answer {
  readonly code: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** Parsed; empty when it is no JSON. */
  readonly body: Json;
}

export interface RequestOptions {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without a client certificate. */
  readonly anonymous?: boolean;
  /** With this one instead of the administrator's. */
  readonly as?: { readonly cert: string; readonly key: string };
}

/** The whole server, on a store in memory where none is given, spoken to as any client does: HTTPS with a client certificate. */
export class ApiOverHttps implements AsyncDisposable {
  readonly log: RecordingLog;
  readonly store: Store;
  readonly dataDir: string;
  readonly api: ApiServer;
  readonly #stack: AsyncDisposableStack;
  readonly #agent: Agent;
  readonly #stranger: Agent;

  private constructor(
    stack: AsyncDisposableStack,
    parts: { api: ApiServer; store: Store; log: RecordingLog; dataDir: string; agent: Agent; stranger: Agent },
  ) {
    this.#stack = stack;
    this.api = parts.api;
    this.store = parts.store;
    this.log = parts.log;
    this.dataDir = parts.dataDir;
    this.#agent = parts.agent;
    this.#stranger = parts.stranger;
  }

  /** Ends the store that `openStore` opens as well. */
  static async open(
    connectors: Connectors = {},
    openStore: () => Promise<Store> = () => SqliteStore.open({ path: ":memory:" }),
    authenticators: readonly TokenAuthenticator[] = [],
  ): Promise<ApiOverHttps> {
    await using stack = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), "stowage-api-"));
    stack.defer(() => rm(dataDir, { recursive: true, force: true }));
    const store = stack.use(await openStore());
    const log = new RecordingLog();
    const listen = { host: "127.0.0.1", port: 0 };
    const api = await ApiServer.open({ store, dataDir, listen, connectors, authenticators, clock: systemClock, log });
    stack.use(api);
    await api.listen();
    const [ca, cert, key] = await Promise.all(
      ["ca.crt", "admin.crt", "admin.key"].map((name) => readFile(join(dataDir, "pki", name))),
    );
    const agent = new Agent({ keepAlive: true, ca, cert, key });
    const stranger = new Agent({ ca });
    stack.defer(async () => {
      agent.destroy();
      stranger.destroy();
    });
    return new ApiOverHttps(stack.move(), { api, store, log, dataDir, agent, stranger });
  }

  get client(): DirectClient {
    return this.api.client;
  }

  get kubeconfig(): string {
    return join(this.dataDir, "admin.kubeconfig");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.open(method, path, options);
    const content = await text(response);
    return { code: response.statusCode ?? 0, headers: response.headers, text: content, body: parse(content) };
  }

  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer> {
    return this.request("GET", path, headers === undefined ? {} : { headers });
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.request("POST", path, { body });
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.request("PUT", path, { body });
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.request("DELETE", path, body === undefined ? {} : { body });
  }

  patch(path: string, body: unknown, type = "merge-patch"): Promise<Answer> {
    return this.request("PATCH", path, { body, headers: { "content-type": `application/${type}+json` } });
  }

  /** The answer as it begins; whoever calls reads its body. */
  async open(method: string, path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const { body, raw, headers = {}, anonymous = false, as } = options;
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const request = httpsRequest(this.api.url + path, {
      method,
      agent: as !== undefined || anonymous ? this.#stranger : this.#agent,
      ...as,
      headers: {
        ...(sent === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(sent) }),
        ...headers,
      },
    });
    request.end(sent);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return response;
  }

  /** The lines of a watch. */
  async watch(path: string, headers: Readonly<Record<string, string>> = {}): Promise<WatchLines> {
    const response = await this.open("GET", path, { headers });
    return new WatchLines(response);
  }

  /** The same over HTTP/2. */
  async getHttp2(path: string): Promise<{ readonly code: number; readonly body: Json }> {
    const { ca, cert, key } = this.#agent.options;
    const session = connectHttp2(this.api.url, { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
    try {
      const stream = session.request({ ":path": path });
      const [headers] = (await once(stream, "response")) as [Readonly<Record<string, unknown>>];
      return { code: Number(headers[":status"]), body: parse(await text(stream)) };
    } finally {
      session.close();
    }
  }
}

export class WatchLines implements AsyncDisposable {
  readonly response: IncomingMessage;
  readonly #lines: AsyncGenerator<WatchLine, void>;

  constructor(response: IncomingMessage) {
    this.response = response;
    this.#lines = linesOf(response);
  }

  /** The next event. Throws when the watch has ended. */
  async next(): Promise<WatchLine> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error("The watch has ended");
    return line.value;
  }

  /** `TYPE name` of the next so many events. */
  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    while (taken.length < count) {
      const { type, object } = await this.next();
      taken.push(`${type} ${object.metadata.name}`);
    }
    return taken;
  }

  /** All until it ends. */
  async rest(): Promise<WatchLine[]> {
    const lines: WatchLine[] = [];
    for await (const line of this.#lines) lines.push(line);
    return lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.response.destroy();
    await this.#lines.return().catch(() => undefined); // it breaks off here, as it should
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<WatchLine, void> {
  let rest = "";
  for await (const chunk of response) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as WatchLine;
  }
}

/** An empty object for what is no JSON. */
function parse(content: string): Json {
  try {
    return JSON.parse(content) as Json;
  } catch {
    return {} as Json;
  }
}
