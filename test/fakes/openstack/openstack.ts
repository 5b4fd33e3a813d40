/**
 * A small OpenStack that runs nothing: a real HTTP server on one port, with what it was asked for in memory. For speed
 * and for faults; real services are what everything else is tested on (test/openstack), and one contract
 * (test/contracts/openstack) keeps both alike. A path that it does not know answers 501 and is remembered: see
 * {@link FakeOpenStack.unknown}. It answers as Debian's packages of Zed do.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import type { Clock } from "../../../process/clock.ts";
import { systemClock } from "../../../process/clock.ts";
import { FakeCinder } from "./cinder.ts";
import type { Fault, Logged } from "./faults.ts";
import { Faults, RequestLog } from "./faults.ts";
import { FakeGlance } from "./glance.ts";
import type { Answer, Call, FakeService, Identity } from "./http.ts";
import { Refusal } from "./http.ts";
import { FakeKeystone, region } from "./keystone.ts";
import { FakeNeutron } from "./neutron.ts";
import { FakeNova } from "./nova.ts";
import { Later } from "./later.ts";

export interface FakeOpenStackOptions {
  /** Milliseconds that each request takes. */
  readonly latencyMs?: number;
  /** Milliseconds until what is made in the background is there: volumes, images, servers. */
  readonly buildMs?: number;
  /** The machine's own when absent. */
  readonly clock?: Clock;
}

export type ServiceName = "identity" | "network" | "volume" | "image" | "compute";

/** The clouds of {@link FakeOpenStack.cloudsYaml}, by the roles that each has in its project. */
const people = {
  admin: { project: "admin", roles: ["admin"] },
  alpha: { project: "alpha", roles: ["member"] },
  beta: { project: "beta", roles: ["member"] },
  reader: { project: "alpha", roles: ["reader"] },
} as const;
export type CloudName = keyof typeof people;

const nobody: Identity = { userId: "", projectId: undefined, domainId: undefined, system: false, roles: [] };

export class FakeOpenStack implements AsyncDisposable {
  readonly faults = new Faults();
  readonly requests = new RequestLog();
  readonly keystone: FakeKeystone;
  readonly neutron: FakeNeutron;
  readonly cinder: FakeCinder;
  readonly glance: FakeGlance;
  readonly nova: FakeNova;
  /** Its time. */
  readonly clock: Clock;
  latencyMs: number;
  readonly #later: Later;
  readonly #unknown: string[] = [];
  readonly #late: (() => Promise<void>)[] = [];
  readonly #hanging = new Set<Socket>();
  readonly #services: Readonly<Record<ServiceName, FakeService>>;
  readonly #server: Server;
  readonly #address: string;

  private constructor(server: Server, { latencyMs = 0, buildMs = 20, clock = systemClock }: FakeOpenStackOptions) {
    this.clock = clock;
    this.latencyMs = latencyMs;
    this.#later = new Later(clock);
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.#address = `http://127.0.0.1:${port}`;
    const at = (path: string): string => `${this.#address}${path}`;
    this.keystone = new FakeKeystone({
      endpoints: [
        { type: "identity", name: "keystone", url: at("/identity/v3") },
        { type: "network", name: "neutron", url: at("/network") },
        { type: "volumev3", name: "cinderv3", url: at("/volume/v3/{project}") },
        { type: "image", name: "glance", url: at("/image") },
        { type: "compute", name: "nova", url: at("/compute/v2.1") },
      ],
      projects: ["admin", "alpha", "beta"],
      users: Object.entries(people).map(([name, { project, roles }]) => ({
        ...{ name, password: passwordOf(name) },
        roles: { [project]: roles },
      })),
      later: this.#later,
    });
    this.neutron = new FakeNeutron(this.#later);
    this.glance = new FakeGlance(this.#later, buildMs);
    this.cinder = new FakeCinder(this.#later, buildMs, this.glance);
    this.nova = new FakeNova(this.#later, buildMs, this.neutron);
    this.#services = {
      identity: this.keystone,
      network: this.neutron,
      volume: this.cinder,
      image: this.glance,
      compute: this.nova,
    };
    server.on("request", (incoming, response) => {
      void this.#serve(incoming, response);
    });
  }

  static async start(options: FakeOpenStackOptions = {}): Promise<FakeOpenStack> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FakeOpenStack(server, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#later[Symbol.dispose]();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  /** Of Keystone. */
  get authUrl(): string {
    return `${this.#address}/identity/v3`;
  }

  /** Of {@link cloudsYaml}: an administrator's. */
  readonly cloudName = "admin";

  /** A clouds.yaml with the clouds admin, alpha, beta and reader. */
  get cloudsYaml(): string {
    const clouds = Object.entries(people).map(([name, { project }]) => [
      name,
      {
        auth: {
          ...{ auth_url: this.authUrl, username: name, password: passwordOf(name), project_name: project },
          ...{ user_domain_name: "Default", project_domain_name: "Default" },
        },
        ...{ region_name: region, identity_api_version: 3 },
      },
    ]);
    return stringify({ clouds: Object.fromEntries(clouds) as object });
  }

  /** What it was asked and does not know: `GET /network/v2.0/flavors`. */
  get unknown(): readonly string[] {
    return this.#unknown;
  }

  projectId(cloud: CloudName): string {
    return this.keystone.projectNamed(people[cloud].project);
  }

  /** Every request to that service, or to all, ends so, until what it returns is disposed of. */
  outage(does: Fault["does"], service?: ServiceName): Disposable {
    const prefix = service === undefined ? "/" : `${this.#services[service].prefix}/`;
    return this.faults.add({ match: (_method, path) => path.startsWith(prefix), does });
  }

  /** How many requests broke off that are still to be carried out. */
  get late(): number {
    return this.#late.length;
  }

  /** Carries them out now. */
  async carryOut(): Promise<void> {
    for (const happens of this.#late.splice(0)) await happens();
  }

  /** Breaks the connections of all whom it has not answered. */
  hangUp(): void {
    for (const socket of this.#hanging) socket.destroy();
    this.#hanging.clear();
  }

  /** Asks as one of its clouds, past its log and its faults. Throws Refusal. */
  async raw(
    service: ServiceName,
    method: string,
    path: string,
    body?: unknown,
    cloud: CloudName = "admin",
  ): Promise<unknown> {
    const { roles } = people[cloud];
    const user = this.keystone.users.find(({ name }) => name === cloud);
    const who = { ...nobody, userId: user?.id ?? "", projectId: this.projectId(cloud), roles };
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
    const answer = await this.#answer(this.#services[service], method, path, { bytes, headers: {}, who });
    if (answer.status >= 400) throw new Refusal(answer.status, answer.body);
    return answer.body;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = incoming.method ?? "";
    const url = new URL(incoming.url ?? "", this.#address);
    try {
      const bytes = await buffer(incoming);
      if (this.latencyMs > 0) await delay(this.latencyMs);
      const fault = this.faults.next(method, url.pathname);
      const service = Object.values(this.#services).find(({ prefix }) => `${url.pathname}/`.startsWith(`${prefix}/`));
      const log = (status: Logged["status"]): void => {
        this.requests.add({ method, path: url.pathname, query: url.search.slice(1), status });
      };
      if (fault?.does === "late") {
        incoming.socket.destroy();
        const happens = async (): Promise<void> => {
          await this.#asked(service, method, url, bytes, incoming);
          log("late");
        };
        if (fault.afterMs === undefined) this.#late.push(happens);
        else this.#later.in(fault.afterMs, () => void happens());
        return;
      }
      if (fault !== undefined && (typeof fault.does === "number" || fault.does !== "lost")) {
        log(fault.does);
        if (fault.does === "reset") incoming.socket.destroy();
        if (fault.does === "hang") this.#hanging.add(incoming.socket);
        if (typeof fault.does !== "number") return;
        const own = service?.failure(fault.does) ?? { status: fault.does };
        send(response, { ...own, ...(fault.body !== undefined && { body: fault.body }) }, fault.headers);
        return;
      }
      const answer = await this.#asked(service, method, url, bytes, incoming);
      log(fault === undefined ? answer.status : "lost");
      if (fault === undefined) send(response, answer);
      else incoming.socket.destroy();
    } catch (error) {
      // A fault of the fake's own: its tests are to see it.
      if (response.headersSent || response.destroyed) response.destroy();
      else send(response, { status: 500, body: `the fake OpenStack failed: ${String(error)}` });
    }
  }

  async #asked(
    service: FakeService | undefined,
    method: string,
    url: URL,
    bytes: Buffer,
    { headers }: IncomingMessage,
  ): Promise<Answer> {
    if (service === undefined) return this.#unheardOf(method, url.pathname);
    const token = headers["x-auth-token"];
    const who = this.keystone.identityOf(typeof token === "string" ? token : undefined);
    return this.#answer(service, method, url.pathname.slice(service.prefix.length) + url.search, {
      bytes,
      headers,
      who,
    });
  }

  async #answer(
    service: FakeService,
    method: string,
    pathAndQuery: string,
    { who, ...rest }: Pick<Call, "bytes" | "headers"> & { readonly who: Identity | undefined },
  ): Promise<Answer> {
    const { pathname, searchParams: query } = new URL(pathAndQuery === "" ? "/" : pathAndQuery, this.#address);
    const found = service.routes.find(method, pathname);
    if (found === undefined)
      return who === undefined ? service.unauthorized() : this.#unheardOf(method, service.prefix + pathname);
    if (who === undefined && !found.open) return service.unauthorized();
    const body = parsed(rest.bytes, rest.headers["content-type"]);
    const base = `${this.#address}${service.prefix}`;
    const param = (name: string): string => found.params[name] ?? "";
    try {
      return await found.handler({ ...rest, method, path: pathname, base, query, body, who: who ?? nobody, param });
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }

  #unheardOf(method: string, path: string): Answer {
    this.#unknown.push(`${method} ${path}`);
    return { status: 501, body: `the fake OpenStack does not know ${method} ${path}` };
  }
}

const passwordOf = (user: string): string => `password-of-${user}`;

/** undefined for what is no JSON, which the fake leaves to whoever wants bytes. */
function parsed(bytes: Buffer, type: string | undefined): unknown {
  if (bytes.length === 0 || type?.startsWith("application/octet-stream") === true) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, body, headers }: Answer, more: Answer["headers"] = {}): void {
  const type = Buffer.isBuffer(body)
    ? "application/octet-stream"
    : typeof body === "string"
      ? "text/html; charset=UTF-8"
      : "application/json";
  const bytes =
    Buffer.isBuffer(body) || typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...(body !== undefined && { "content-type": type }),
    "x-openstack-request-id": `req-${randomUUID()}`,
    ...headers,
    ...more,
  });
  response.end(bytes);
}
