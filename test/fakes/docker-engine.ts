/**
 * A Docker Engine that runs nothing: a real HTTP server with containers and images in memory. For many hosts at once
 * and for faults; a real dockerd is what everything else is tested on. It keeps the driver's contract
 * (test/contracts/fake-engine.test.ts). A route that it does not know answers 501 and is remembered: see
 * {@link FakeDockerEngine.unknown}. Source of what is answered: moby api/swagger.yaml and Engine 20.10.24.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import PQueue from "p-queue";
import { FakeContainer } from "./docker-engine/container.ts";
import { digestOf, imageOf, isNamedBy, savedImage } from "./docker-engine/images.ts";
import type { CreateRequest, UpdateRequest } from "./docker-engine/container.ts";
import { EngineEvents } from "./docker-engine/events.ts";
import { containerStats } from "./docker-engine/stats.ts";
import { Refusal } from "./docker-engine/refusal.ts";
import { framed, isToolbox, toolboxOutput } from "./docker-engine/toolbox.ts";

/** Milliseconds that an Engine takes for what it is asked, beside what it waits for. */
export interface Latency {
  /** Of everything that only looks. */
  readonly look: number;
  readonly create: number;
  readonly start: number;
  readonly remove: number;
}

/** Nothing takes any time. */
const immediate: Latency = { look: 0, create: 0, start: 0, remove: 0 };

export interface FakeEngineOptions {
  /** Images that it has. */
  readonly images: readonly string[];
  /** Images that it can pull; `secret` ones only with a password, which nobody has. */
  readonly registry?: Readonly<Record<string, "open" | "secret">>;
  readonly latency?: Latency;
  /** How many containers it creates, starts and removes at a time; the others wait. */
  readonly concurrency?: number;
  readonly cpu?: number;
  /** Bytes. */
  readonly memory?: number;
}

/**
 * Images by whose name a fault is asked for: the Engine fails to create or to start their containers, or never answers
 * when asked to start one.
 */
export const faultImages = { create: "fault:create", start: "fault:start", silence: "fault:silence" } as const;

interface Request {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

type Handler = (request: Request, name: string) => Promise<Answer>;

/** Who may pull from the registry that wants a password. */
export const fakeRegistryUser = { username: "lab", password: "lab-password" };

/** What is answered: a status with JSON, or nothing more where the handler wrote the answer itself. */
type Answer = { readonly status: number; readonly body?: unknown } | "written";

const apiVersion = "1.41";
const runtimes = ["io.containerd.runc.v2", "runc"];

export class FakeDockerEngine implements AsyncDisposable {
  readonly #options: FakeEngineOptions;
  readonly #latency: Latency;
  readonly #work: PQueue;
  readonly #events = new EngineEvents();
  readonly #containers = new Map<string, FakeContainer>();
  readonly #byName = new Map<string, FakeContainer>();
  readonly #images: Set<string>;
  readonly #unknown: string[] = [];
  #server: Server;
  #port = 0;

  private constructor(options: FakeEngineOptions) {
    this.#options = options;
    this.#latency = options.latency ?? immediate;
    this.#work = new PQueue({ concurrency: options.concurrency ?? Number.POSITIVE_INFINITY });
    this.#images = new Set([...options.images, ...Object.values(faultImages)]);
    this.#server = this.#newServer();
  }

  static async start(options: FakeEngineOptions): Promise<FakeDockerEngine> {
    const engine = new FakeDockerEngine(options);
    await engine.restore();
    return engine;
  }

  get endpoint(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  /** What it was asked and does not know: `GET /system/df`. */
  get unknown(): readonly string[] {
    return this.#unknown;
  }

  /** Every connection breaks and none is accepted; its containers go on. */
  async cut(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Listens where it did before. */
  async restore(): Promise<void> {
    this.#server = this.#newServer();
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Stops its containers, goes away, comes back, and starts those whose restart policy says so. */
  async reboot(): Promise<void> {
    for (const container of this.#containers.values()) container.shutDown();
    await this.cut();
    await this.restore();
    for (const container of this.#containers.values()) container.boot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    for (const container of this.#containers.values()) container.shutDown();
  }

  #newServer(): Server {
    // As an Engine does, which keeps idle connections.
    return createServer({ keepAliveTimeout: 0 }, (incoming, response) => {
      void this.#serve(incoming, response);
    });
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(incoming.url ?? "", "http://engine");
    const method = incoming.method ?? "";
    const path = pathname.replace(/^\/v1\.\d+(?=\/)/, "");
    try {
      const answer = await this.#answer({ method, query, incoming, response }, path);
      if (answer !== "written") send(response, answer.status, answer.body);
    } catch (error) {
      const status = error instanceof Refusal ? error.status : 500;
      if (!response.headersSent) send(response, status, { message: (error as Error).message });
      else response.destroy();
    }
  }

  #answer(request: Request, path: string): Promise<Answer> {
    for (const [method, pattern, handler] of this.#routes) {
      const match = method === request.method ? pattern.exec(path) : null;
      if (match !== null) return handler(request, decodeURIComponent(match[1] ?? ""));
    }
    this.#unknown.push(`${request.method} ${path}`);
    throw new Refusal(501, `the fake Engine does not know ${request.method} ${path}`);
  }

  readonly #routes: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
    ["GET", /^\/_ping$/, async () => this.#look("OK")],
    ["GET", /^\/version$/, async () => this.#look({ Version: "20.10.24", ApiVersion: apiVersion, MinAPIVersion: "1.12", Arch: "amd64", Os: "linux" })], // prettier-ignore
    ["GET", /^\/info$/, async () => this.#look(this.#info())],
    ["GET", /^\/events$/, async ({ query, response }) => this.#events.serve(query, response)],
    ["GET", /^\/containers\/json$/, async ({ query }) => this.#look(this.#list(query))],
    ["POST", /^\/containers\/create$/, (request) => this.#create(request)],
    ["GET", /^\/containers\/([^/]+)\/json$/, async (_, name) => this.#look(this.#find(name).inspect())],
    ["GET", /^\/containers\/([^/]+)\/stats$/, async (_, name) => this.#look(containerStats(this.#find(name)))],
    ["GET", /^\/containers\/([^/]+)\/logs$/, ({ query, response }, name) => this.#logs(name, query, response)],
    ["POST", /^\/containers\/([^/]+)\/start$/, (_, name) => this.#start(name)],
    ["POST", /^\/containers\/([^/]+)\/stop$/, ({ query, incoming }, name) => this.#stop(name, query, incoming)],
    ["POST", /^\/containers\/([^/]+)\/wait$/, (_, name) => this.#wait(name)],
    ["POST", /^\/containers\/([^/]+)\/pause$/, async (_, name) => this.#freeze(name, "pause")],
    ["POST", /^\/containers\/([^/]+)\/unpause$/, async (_, name) => this.#freeze(name, "unpause")],
    ["POST", /^\/containers\/([^/]+)\/update$/, ({ incoming }, name) => this.#update(name, incoming)],
    ["DELETE", /^\/containers\/([^/]+)$/, (_, name) => this.#remove(name)],
    ["GET", /^\/images\/json$/, async () => this.#look([...this.#images].map((name) => imageOf(name)))],
    ["GET", /^\/volumes$/, async () => this.#look({ Volumes: [] })],
    [
      "GET",
      /^\/distribution\/(.+)\/json$/,
      async ({ incoming }, name) => this.#look(this.#distribution(name, incoming)),
    ],
    ["GET", /^\/images\/(.+)\/json$/, async (_, name) => this.#look(this.#image(name))],
    ["GET", /^\/images\/(.+)\/get$/, ({ response }, name) => this.#save(name, response)],
    ["POST", /^\/images\/create$/, (request) => this.#pull(request)],
  ];

  async #look(body: unknown): Promise<Answer> {
    if (this.#latency.look > 0) await delay(this.#latency.look);
    return { status: 200, body };
  }

  /** Runs `work` when it is its turn, after the time that it takes. */
  #take<T>(ms: number, work: () => T): Promise<T> {
    return this.#work.add(async () => {
      if (ms > 0) await delay(ms);
      return work();
    });
  }

  get #cpu(): number {
    return this.#options.cpu ?? 8;
  }

  #info(): object {
    const { memory = 32 * 2 ** 30 } = this.#options;
    return {
      SystemTime: new Date().toISOString(),
      DockerRootDir: "/var/lib/docker",
      ServerVersion: "20.10.24",
      OperatingSystem: "Debian GNU/Linux 12 (bookworm)",
      KernelVersion: "6.1.0",
      Architecture: "x86_64",
      NCPU: this.#cpu,
      MemTotal: memory,
      Runtimes: Object.fromEntries(runtimes.map((runtime) => [runtime, { path: "runc" }])),
      DefaultRuntime: "runc",
    };
  }

  /** By id or by name. Throws 404. */
  #find(name: string): FakeContainer {
    const found = this.#containers.get(name) ?? this.#byName.get(name);
    if (found === undefined) throw new Refusal(404, `No such container: ${name}`);
    return found;
  }

  #list(query: URLSearchParams): readonly object[] {
    const { label = [] } = JSON.parse(query.get("filters") ?? "{}") as { label?: readonly string[] };
    return [...this.#containers.values()]
      .filter((container) => container.carries(label))
      .map((container) => container.summary());
  }

  async #create({ query, incoming }: Request): Promise<Answer> {
    const body = (await json(incoming)) as CreateRequest;
    const name = query.get("name") ?? randomBytes(8).toString("hex");
    return this.#take(this.#latency.create, () => {
      const taken = this.#byName.get(name);
      if (taken !== undefined) {
        throw new Refusal(409, `Conflict. The container name "/${name}" is already in use by container "${taken.id}".`);
      }
      if (this.#imageNamed(body.Image) === undefined) throw new Refusal(404, `No such image: ${body.Image}`);
      if (body.Image === faultImages.create) throw new Refusal(500, "the fake Engine was told to fail");
      const { Runtime = "runc", Memory = 0 } = body.HostConfig;
      if (!runtimes.includes(Runtime)) throw new Refusal(400, `Unknown runtime specified ${Runtime}`);
      if (Memory > 0 && Memory < 6 * 2 ** 20) throw new Refusal(400, "Minimum memory limit allowed is 6MB");
      const container = new FakeContainer(name, body, (action) => {
        this.#events.tell(action, container);
      });
      this.#containers.set(container.id, container);
      this.#byName.set(name, container);
      this.#events.tell("create", container);
      return { status: 201, body: { Id: container.id, Warnings: [] } };
    });
  }

  async #start(name: string): Promise<Answer> {
    const container = this.#find(name);
    if (container.running) return { status: 304 };
    if (container.request.Image === faultImages.silence) return new Promise<Answer>(() => undefined);
    return this.#take(this.#latency.start, () => {
      container.start((port) => this.#portTaken(container, port));
      return { status: 204 };
    });
  }

  #portTaken(asking: FakeContainer, port: string): boolean {
    return [...this.#containers.values()].some((one) => one !== asking && one.running && one.hostPorts.includes(port));
  }

  async #stop(name: string, query: URLSearchParams, incoming: IncomingMessage): Promise<Answer> {
    const container = this.#find(name);
    const left = new AbortController();
    incoming.once("close", () => {
      left.abort();
    });
    await container.stop(Number(query.get("t") ?? "10"), left.signal);
    return { status: 204 };
  }

  #freeze(name: string, verb: "pause" | "unpause"): Answer {
    this.#find(name)[verb]();
    return { status: 204 };
  }

  async #update(name: string, incoming: IncomingMessage): Promise<Answer> {
    const container = this.#find(name);
    container.update((await json(incoming)) as UpdateRequest);
    return { status: 200, body: { Warnings: [] } };
  }

  async #remove(name: string): Promise<Answer> {
    const container = this.#find(name);
    if (container.removing) throw new Refusal(409, `removal of container ${name} is already in progress`);
    container.removing = true;
    return this.#take(this.#latency.remove, () => {
      container.kill();
      this.#containers.delete(container.id);
      this.#byName.delete(container.name);
      this.#events.tell("destroy", container);
      return { status: 204 };
    });
  }

  /** For the toolbox, which always does what it should. */
  async #wait(name: string): Promise<Answer> {
    await this.#find(name).ended();
    return { status: 200, body: { StatusCode: 0 } };
  }

  /** Its containers write nothing, but for the toolbox. */
  async #logs(name: string, query: URLSearchParams, response: ServerResponse): Promise<Answer> {
    const container = this.#find(name);
    response.writeHead(200, { "content-type": "application/vnd.docker.raw-stream" });
    response.flushHeaders();
    if (isToolbox(container.request.Image)) response.write(framed(toolboxOutput(container.command, this.#cpu)));
    if (["1", "true"].includes(query.get("follow") ?? "")) await container.ended();
    response.end();
    return "written";
  }

  #image(name: string): object {
    const found = this.#imageNamed(name);
    if (found !== undefined) return imageOf(found);
    throw new Refusal(404, `No such image: ${name}`);
  }

  async #save(name: string, response: ServerResponse): Promise<Answer> {
    const found = this.#imageNamed(name);
    if (found === undefined) throw new Refusal(404, `reference does not exist: ${name}`);
    response.writeHead(200, { "content-type": "application/x-tar" }).end(await savedImage(found));
    return "written";
  }

  #imageNamed(reference: string): string | undefined {
    return [...this.#images].find((image) => isNamedBy(image, reference));
  }

  #distribution(image: string, incoming: IncomingMessage): object {
    this.#authorize(image, incoming);
    return { Descriptor: { digest: digestOf(image) } };
  }

  /** Throws Refusal where the registry has no such image, or not for them who ask. */
  #authorize(image: string, incoming: IncomingMessage): void {
    const [name = "", tag = ""] = image.split(/:(?=[^:/]+$)/);
    const access = this.#options.registry?.[image];
    if (access === undefined) throw this.#cannotPull(name, image);
    if (access === "open") return;
    const shown = JSON.parse(
      Buffer.from(String(incoming.headers["x-registry-auth"] ?? "e30="), "base64url").toString(),
    ) as Partial<typeof fakeRegistryUser>;
    const { username, password } = fakeRegistryUser;
    if (shown.username === username && shown.password === password) return;
    throw new Refusal(500, `Get "http://${name}/manifests/${tag}": no basic auth credentials`);
  }

  async #pull({ query, incoming, response }: Request): Promise<Answer> {
    if (query.has("fromSrc")) {
      incoming.resume();
      this.#images.add(`${query.get("repo") ?? ""}:${query.get("tag") ?? ""}`);
      return { status: 200, body: { status: "imported" } };
    }
    const [name, tag] = [query.get("fromImage") ?? "", query.get("tag") ?? ""];
    const image = `${name}:${tag}`;
    if (name !== name.toLowerCase()) {
      throw new Refusal(400, "invalid reference format: repository name must be lowercase");
    }
    this.#authorize(image, incoming);
    response.writeHead(200, { "content-type": "application/json" });
    const total = 3_000_000;
    for (let current = 0; current <= total; current += 500_000) {
      const progress = { status: "Downloading", id: "1a2b3c4d5e6f", progressDetail: { current, total } };
      response.write(`${JSON.stringify(progress)}\r\n`);
      await delay(10);
    }
    this.#images.add(image);
    response.end(`${JSON.stringify({ status: "Download complete", id: "1a2b3c4d5e6f", progressDetail: {} })}\r\n`);
    return "written";
  }

  #cannotPull(name: string, image: string): Refusal {
    const [host = ""] = name.split("/");
    const known = Object.keys(this.#options.registry ?? {}).some((one) => one.startsWith(`${name}:`));
    if (known) return new Refusal(404, `manifest for ${image} not found: manifest unknown: manifest unknown`);
    if (host.includes(":")) {
      return new Refusal(500, `Get "http://${host}/v2/": dial tcp ${host}: connect: connection refused`);
    }
    return new Refusal(
      404,
      `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
    );
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/plain" : "application/json";
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) }).end(text);
}
