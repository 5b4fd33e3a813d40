/**
 * The API over the wire: any Kubernetes API server, HTTP/1.1 with kept-alive connections.
 * Request shapes are client-go's: k8s.io/client-go/rest/request.go and discovery/discovery_client.go.
 */
import type { Agent, IncomingHttpHeaders, IncomingMessage, request as send, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { Status, StatusReason } from "../status.ts";
import { ApiError } from "../status.ts";
import type {
  Client,
  DeleteOptions,
  DiscoveredType,
  Draft,
  ListOptions,
  Name,
  ObjectList,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts";
import { patchTypes } from "./client.ts";
import { aggregatedDiscovery, aggregatedTypes, legacyTypes, preferred } from "./discovery.ts";
import { UnreachableError } from "./unreachable.ts";

export interface HttpClientOptions {
  /** `https://host:port`, with a path where the API is not at the root. */
  readonly server: string;
  /** PEM; the system's authorities when absent. */
  readonly ca?: string | undefined;
  /** PEM; goes with `key`. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
  /** Name in the server's certificate, where it is not the URL's. */
  readonly serverName?: string | undefined;
  /** Do not check the server's certificate. */
  readonly insecure?: boolean | undefined;
  readonly userAgent: string;
  /** Told every `Warning` header of every answer. */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** Absent values are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface HttpRequest {
  /** GET when absent. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed when it is JSON, text otherwise. */
  readonly body: unknown;
}

/** metav1.Table, as far as it is shown. */
export interface Table {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly columnDefinitions: readonly { readonly name: string; readonly type: string; readonly priority: number }[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  readonly cells: readonly (string | number | boolean | null)[];
  /** metadata only. */
  readonly object: KubeObject;
}

const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
/** client-go's dialer gives up after this long: k8s.io/client-go/transport/cache.go. */
const connectTimeoutMs = 30_000;
/** How often, and how long at most, a server that says Retry-After is waited for. client-go: 10 times, without limit. */
const maxRetries = 5;
const maxRetryAfterMs = 10_000;

export class HttpClient implements Client, AsyncDisposable {
  /** Without a slash at its end. */
  readonly server: string;
  readonly #options: HttpClientOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #transport: Promise<Transport>;

  private constructor(options: HttpClientOptions, url: URL) {
    this.server = options.server.replace(/\/+$/, "");
    this.#options = options;
    this.#headers = {
      accept: "application/json",
      "user-agent": options.userAgent,
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    };
    this.#transport = openTransport(url, options);
  }

  /** Opens no connection yet. Throws TypeError when `server` is not a URL. */
  static open(options: HttpClientOptions): HttpClient {
    return new HttpClient(options, new URL(options.server));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#transport).agent.destroy();
  }

  // ---- what the commands need beyond Client

  /** One request. Throws ApiError for an answer of 400 and above, UnreachableError when there is none. */
  async request(request: HttpRequest): Promise<HttpAnswer> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#open(request);
      const code = response.statusCode ?? 0;
      const body = parseBody(response.headers, await this.#text(response, request.signal));
      if (code < 400) return { code, headers: response.headers, body };
      const waitMs = retryAfterMs(code, response.headers);
      if (waitMs === undefined || attempt >= maxRetries) throw errorOf(code, body);
      await delay(waitMs, undefined, { signal: request.signal });
    }
  }

  /** The body as it comes. Ends when the server ends it or `signal` aborts. Throws as {@link request} does. */
  async *stream(request: HttpRequest): AsyncGenerator<Uint8Array, void, undefined> {
    const response = await this.#open(request);
    const code = response.statusCode ?? 0;
    if (code >= 400) throw errorOf(code, parseBody(response.headers, await this.#text(response, request.signal)));
    try {
      for await (const chunk of response) yield chunk as Uint8Array;
    } catch (error) {
      if (request.signal?.aborted === true) return;
      throw new UnreachableError(this.server, error as Error);
    }
  }

  /** A list, or one object when `name` is given, as the columns that `get` shows. */
  async table(type: ResourceType, options: ListOptions & { readonly name?: string | undefined }): Promise<Table> {
    const { name, namespace, ...query } = options;
    const { body } = await this.request({
      path: pathOf(type, namespace, name),
      query,
      headers: { accept: tableAccept },
    });
    return body as Table;
  }

  /** As {@link watch}, but each change is a Table with one row. */
  async *watchTable(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<Table>, void, undefined> {
    yield* this.#watch<Table>(type, options, tableAccept, (table) => table.metadata.resourceVersion);
  }

  /**
   * Asks a Container (`type`) to leave its Host. Throws TooManyRequests where a DisruptionBudget wants it to stay for now,
   * Forbidden where it cannot go on elsewhere, Conflict where the one of that name has another `uid`.
   */
  async evict(
    type: ResourceType,
    name: Name,
    options: { readonly uid?: string; readonly dryRun?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const { uid, dryRun = false, signal } = options;
    await this.request({
      method: "POST",
      path: pathOf(type, name.namespace, name.name, "eviction"),
      query: { dryRun: dryRun ? "All" : undefined },
      headers: { "content-type": "application/json" },
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { ...name },
        ...(uid === undefined ? {} : { deleteOptions: { preconditions: { uid } } }),
      },
      signal,
    });
  }

  // ---- Reader

  async get<R extends KubeObject>(type: ResourceType, name: Name): Promise<R> {
    const { body } = await this.request({ path: pathOf(type, name.namespace, name.name) });
    return body as R;
  }

  async list<R extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ObjectList<R>> {
    const { namespace, ...query } = options;
    const { body } = await this.request({ path: pathOf(type, namespace), query });
    const { items, metadata } = body as {
      readonly items: readonly R[] | null;
      readonly metadata: Omit<ObjectList<R>, "items">;
    };
    // kube-apiserver leaves apiVersion and kind out of the items of built-in kinds.
    const bare = items?.[0]?.kind === undefined;
    const whole = (item: R): R => ({ ...item, apiVersion: apiVersionOf(type), kind: type.kind });
    return {
      items: bare ? (items ?? []).map(whole) : items,
      resourceVersion: metadata.resourceVersion,
      ...(metadata.continue === undefined || metadata.continue === "" ? {} : { continue: metadata.continue }),
    };
  }

  async *watch<R extends KubeObject>(
    type: ResourceType,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<R>, void, undefined> {
    yield* this.#watch<R>(type, options, "application/json", (object) => object.metadata.resourceVersion);
  }

  // ---- Writer

  async create<R extends KubeObject>(type: ResourceType, object: Draft, options: WriteOptions = {}): Promise<R> {
    const path = pathOf(type, object.metadata.namespace);
    return (await this.#write("POST", path, object, options)) as R;
  }

  async update<R extends KubeObject>(type: ResourceType, object: Draft, options: WriteOptions = {}): Promise<R> {
    const path = pathOf(type, object.metadata.namespace, object.metadata.name ?? "");
    return (await this.#write("PUT", path, object, options)) as R;
  }

  async patch<R extends KubeObject>(
    type: ResourceType,
    name: Name,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<R> {
    const path = pathOf(type, name.namespace, name.name);
    return (await this.#patch(path, patch, options)) as R;
  }

  async delete(type: ResourceType, name: Name, options: DeleteOptions = {}): Promise<KubeObject | undefined> {
    const { dryRun, ...rest } = options;
    const { body } = await this.request({
      method: "DELETE",
      path: pathOf(type, name.namespace, name.name),
      headers: { "content-type": "application/json" },
      body: { apiVersion: "v1", kind: "DeleteOptions", ...rest, ...(dryRun === true ? { dryRun: ["All"] } : {}) },
    });
    const answer = body as KubeObject;
    return answer.kind === "Status" ? undefined : answer;
  }

  // ---- SubresourceWriter

  async updateStatus<R extends KubeObject>(type: ResourceType, object: Draft, options: WriteOptions = {}): Promise<R> {
    const { namespace, name = "" } = object.metadata;
    return (await this.#write("PUT", pathOf(type, namespace, name, "status"), object, options)) as R;
  }

  async patchStatus<R extends KubeObject>(
    type: ResourceType,
    name: Name,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<R> {
    return (await this.#patch(pathOf(type, name.namespace, name.name, "status"), patch, options)) as R;
  }

  async finalizeNamespace(object: Draft, options: WriteOptions = {}): Promise<KubeObject> {
    const path = `/api/v1/namespaces/${encodeURIComponent(object.metadata.name ?? "")}/finalize`;
    return (await this.#write("PUT", path, object, options)) as KubeObject;
  }

  // ---- Discovery

  async discover(): Promise<readonly DiscoveredType[]> {
    return preferred(await this.discoverAll());
  }

  /** Every kind in every version that is served, the preferred version of each first. */
  async discoverAll(): Promise<readonly DiscoveredType[]> {
    const fetch = async (path: string, accept?: string): Promise<unknown> => {
      const { body } = await this.request({ path, ...(accept === undefined ? {} : { headers: { accept } }) });
      return body;
    };
    const documents = await Promise.all(["/api", "/apis"].map((path) => fetch(path, aggregatedDiscovery)));
    return aggregatedTypes(documents) ?? (await legacyTypes(documents, fetch));
  }

  // ---- the wire

  #patch(path: string, patch: Patch, options: WriteOptions): Promise<unknown> {
    const force = patch.type === "apply" && patch.force === true ? { force: true } : {};
    return this.#write("PATCH", path, patch.body, options, patchTypes[patch.type], force);
  }

  async #write(
    method: "POST" | "PUT" | "PATCH",
    path: string,
    body: unknown,
    options: WriteOptions,
    contentType = "application/json",
    query: Query = {},
  ): Promise<unknown> {
    const answer = await this.request({
      method,
      path,
      query: {
        dryRun: options.dryRun === true ? "All" : undefined,
        fieldManager: options.fieldManager,
        fieldValidation: options.fieldValidation,
        ...query,
      },
      headers: { "content-type": contentType },
      body,
    });
    return answer.body;
  }

  async *#watch<T>(
    type: ResourceType,
    options: WatchOptions,
    accept: string,
    revisionOf: (object: T) => string,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { namespace, signal, ...query } = options;
    const lines = this.#lines({
      path: pathOf(type, namespace),
      query: { ...query, watch: true, allowWatchBookmarks: true },
      headers: { accept },
      signal,
    });
    for await (const line of lines) {
      const event = JSON.parse(line) as { readonly type: string; readonly object: unknown };
      if (event.type === "ERROR") {
        const status = event.object as Partial<Status>;
        throw ApiError.fromStatus(status, status.code ?? 500);
      }
      if (event.type === "BOOKMARK") yield { type: "BOOKMARK", resourceVersion: revisionOf(event.object as T) };
      else yield event as WatchEvent<T>;
    }
  }

  /** Ends, rather than throws, when the connection breaks: whoever watches goes on from what it saw. */
  async *#lines(request: HttpRequest): AsyncGenerator<string, void, undefined> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of this.stream(request)) {
        const text = rest + decoder.decode(chunk, { stream: true });
        const lines = text.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line !== "") yield line;
      }
    } catch (error) {
      const broken = error instanceof UnreachableError && error.code === "ECONNRESET";
      if (!broken && request.signal?.aborted !== true) throw error;
    }
  }

  async #open(request: HttpRequest): Promise<IncomingMessage> {
    const response = await this.#exchange(request);
    const { onWarning } = this.#options;
    if (onWarning !== undefined) for (const warning of warningsOf(response.headers)) onWarning(warning);
    return response;
  }

  async #exchange(request: HttpRequest): Promise<IncomingMessage> {
    const { agent, send } = await this.#transport;
    const { method = "GET", signal } = request;
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const url = this.server + request.path + searchOf(request.query ?? {});
    const options: RequestOptions = {
      method,
      agent,
      headers: {
        ...this.#headers,
        ...request.headers,
        ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
      },
      ...(signal === undefined ? {} : { signal }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = send(url, options, resolve);
      outgoing.once("socket", limitConnecting);
      outgoing.once("error", (error: NodeJS.ErrnoException) => {
        // The server may close an idle connection just when it is used again: nodejs.org/api/http.html#requestreusedsocket.
        const stale = outgoing.reusedSocket && error.code === "ECONNRESET" && method === "GET";
        if (stale) this.#exchange(request).then(resolve, reject);
        else reject(signal?.aborted === true ? error : new UnreachableError(this.server, error));
      });
      outgoing.end(body);
    });
  }

  async #text(response: IncomingMessage, signal: AbortSignal | undefined): Promise<string> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw new UnreachableError(this.server, error as Error);
    }
    return Buffer.concat(chunks).toString("utf8");
  }
}

interface Transport {
  readonly agent: Agent;
  readonly send: typeof send;
}

/** Importing node:http loads the whole of fetch as well, 20 ms that clients of https:// servers do not need. */
async function openTransport(url: URL, options: HttpClientOptions): Promise<Transport> {
  // The TCP keep-alive that this switches on is what ends a watch whose server is gone without a word.
  const pool = { keepAlive: true, keepAliveMsecs: 30_000 };
  if (url.protocol !== "https:") {
    const http = await import("node:http");
    return { agent: new http.Agent(pool), send: http.request };
  }
  const https = await import("node:https");
  const agent = new https.Agent({
    ...pool,
    ca: options.ca,
    cert: options.cert,
    key: options.key,
    servername: options.serverName,
    rejectUnauthorized: options.insecure !== true,
  });
  return { agent, send: https.request };
}

/** The URL's path of a collection, of one object of it, or of something below that object. */
export function pathOf(type: ResourceType, namespace?: string, name?: string, subresource?: string): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const one = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${type.plural}${one}${subresource === undefined ? "" : `/${subresource}`}`;
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

function limitConnecting(socket: Socket): void {
  if (!socket.connecting) return;
  const give = setTimeout(() => {
    socket.destroy(Object.assign(new Error("connect timed out"), { code: "ETIMEDOUT" }));
  }, connectTimeoutMs);
  const stop = (): void => {
    clearTimeout(give);
  };
  socket.once("connect", stop).once("close", stop);
}

function parseBody(headers: IncomingHttpHeaders, text: string): unknown {
  if (!(headers["content-type"] ?? "").startsWith("application/json")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // a proxy's error page may be called anything
  }
}

/** What a server other than ours may have sent without a Status. Source: NewGenericServerResponse in errors.go. */
const reasons: Readonly<Record<number, StatusReason>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  406: "NotAcceptable",
  409: "Conflict",
  410: "Expired",
  413: "RequestEntityTooLarge",
  415: "UnsupportedMediaType",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

function errorOf(code: number, body: unknown): ApiError {
  if (typeof body === "object" && body !== null && (body as KubeObject).kind === "Status")
    return ApiError.fromStatus(body, code);
  const text = typeof body === "string" ? body.trim() : "";
  return ApiError.fromStatus(
    {
      reason: reasons[code] ?? "Unknown",
      message:
        text === "" || text.length > 1000 ? `the server answered ${code}` : `the server answered ${code}: ${text}`,
    },
    code,
  );
}

/** How long the server asks to wait before the same request; undefined where it does not. */
function retryAfterMs(code: number, headers: IncomingHttpHeaders): number | undefined {
  if (code !== 429 && code !== 503) return undefined;
  const seconds = Number(headers["retry-after"] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, maxRetryAfterMs) : undefined;
}

/** The texts of `299 - "text"` warnings (RFC 7234, 5.5), as Kubernetes sends them. */
function warningsOf(headers: IncomingHttpHeaders): readonly string[] {
  const header = headers["warning"];
  if (header === undefined) return [];
  // Node reads headers as latin1; Kubernetes writes UTF-8.
  const text = Buffer.from(header, "latin1").toString();
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, quoted = ""]) => quoted.replace(/\\(.)/g, "$1"));
}
