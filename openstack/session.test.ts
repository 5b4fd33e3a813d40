import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import type { Clock } from "../process/clock.ts";
import { systemClock } from "../process/clock.ts";
import { RecordingLog } from "../test/fakes/log.ts";
import type { Heard, Reply, ScriptedServer } from "../test/fakes/scripted-server.ts";
import { scriptedServer } from "../test/fakes/scripted-server.ts";
import { makeCertificates } from "../test/lab/certificates.ts";
import type { CloudConfig } from "./cloud-config.ts";
import type { OpenStackError } from "./errors.ts";
import type { ServiceRequest } from "./service.ts";
import type { SessionOptions } from "./session.ts";
import { Session } from "./session.ts";

const start = Date.parse("2026-01-01T00:00:00Z");

/** Time that passes only when told to; whoever waits goes on at once. */
class HastyClock implements Clock {
  readonly pauses: number[] = [];
  nowMs = start;
  now(): Date {
    return new Date(this.nowMs);
  }
  after(ms: number, fn: () => void): Disposable {
    this.pauses.push(ms);
    const immediate = setImmediate(fn);
    return {
      [Symbol.dispose]: () => {
        clearImmediate(immediate);
      },
    };
  }
}

interface Lab {
  readonly server: ScriptedServer;
  readonly session: Session;
  readonly clock: HastyClock;
  readonly log: RecordingLog;
  /** Of services, not of Keystone's tokens. */
  readonly asked: () => readonly Heard[];
  readonly signIns: () => readonly Heard[];
}

interface LabOptions {
  readonly config?: (url: string) => Partial<CloudConfig>;
  readonly options?: Partial<SessionOptions>;
  /** How many seconds a token is good for. */
  readonly lifetime?: number;
  /** Of requests to services. */
  readonly reply?: (heard: Heard, count: number) => Reply | Promise<Reply>;
  /** Instead of a token. */
  readonly signIn?: (heard: Heard, count: number) => Reply | Promise<Reply> | undefined;
  readonly catalog?: (url: string) => readonly object[];
  readonly token?: object;
}

const publicly = (url: string): object => ({ interface: "public", region: "RegionOne", region_id: "RegionOne", url });

const usual = (url: string): readonly object[] => [
  { type: "network", name: "neutron", endpoints: [publicly(`${url}/network/v2.0`)] },
  { type: "volumev3", name: "cinder", endpoints: [publicly(`${url}/volume/v3/p1`)] },
  { type: "image", name: "glance", endpoints: [publicly(`${url}/image/v2`)] },
  { type: "compute", name: "nova", endpoints: [publicly(`${url}/compute/v2.1`)] },
  { type: "identity", name: "keystone", endpoints: [publicly(`${url}/identity/v3`)] },
  { type: "placement", name: "placement", endpoints: [publicly(`${url}/placement`)] },
];

/** Keystone and all the services on one server, each under a path of its own. */
async function lab(options: LabOptions = {}): Promise<Lab> {
  const clock = new HastyClock();
  const log = new RecordingLog();
  const isSignIn = ({ method, path }: Heard): boolean => method === "POST" && path.endsWith("/auth/tokens");
  let tokens = 0;
  let requests = 0;
  const { catalog = usual, lifetime = 3600 } = options;
  const server: ScriptedServer = await scriptedServer(async (heard) => {
    if (!isSignIn(heard)) return (await options.reply?.(heard, ++requests)) ?? { json: {} };
    tokens++;
    const instead = await options.signIn?.(heard, tokens);
    if (instead !== undefined) return instead;
    const token = {
      methods: ["password"],
      expires_at: new Date(clock.nowMs + lifetime * 1000).toISOString().replace("Z", "000Z"),
      issued_at: new Date(clock.nowMs).toISOString(),
      user: { id: "u1", name: "demo", domain: { id: "default", name: "Default" } },
      project: { id: "p1", name: "alpha", domain: { id: "default", name: "Default" } },
      roles: [{ id: "r1", name: "member" }],
      catalog: catalog(server.url),
      ...options.token,
    };
    return { status: 201, headers: { "x-subject-token": `token-${tokens}` }, json: { token } };
  });
  const config: CloudConfig = {
    name: "lab",
    authUrl: `${server.url}/identity/v3`,
    credentials: {
      method: "password",
      user: { name: "demo", domain: { id: "default" } },
      password: "very-secret-password",
    },
    scope: { kind: "project", project: { name: "alpha", domain: { id: "default" } } },
    interface: "public",
    insecure: false,
    services: {},
    ...options.config?.(server.url),
  };
  const session = new Session(config, { clock, random: () => 0.5, log, ...options.options });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
  });
  return {
    server,
    session,
    clock,
    log,
    asked: () => server.heard.filter((heard) => !isSignIn(heard)),
    signIns: () => server.heard.filter(isSignIn),
  };
}

const any = z.unknown();

const networks: ServiceRequest<unknown> = {
  service: "network",
  path: "/networks",
  action: "list networks",
  schema: any,
};
const create: ServiceRequest<unknown> = {
  service: "network",
  method: "POST",
  path: "/networks",
  body: { network: { name: "web" } },
  action: 'create network "web"',
  schema: any,
};

const failureOf = (promise: Promise<unknown>): Promise<OpenStackError> =>
  promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error as OpenStackError,
  );

describe("signing in", () => {
  const bodyOf = async (config: Partial<CloudConfig>): Promise<unknown> => {
    const { session, signIns } = await lab({ config: () => config });
    await session.token();
    return JSON.parse(signIns()[0]?.body ?? "");
  };

  test("with a password, for a project", async () => {
    expect(await bodyOf({})).toEqual({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "demo", domain: { id: "default" }, password: "very-secret-password" } },
        },
        scope: { project: { name: "alpha", domain: { id: "default" } } },
      },
    });
  });

  test("with a token, for a domain", async () => {
    const credentials = { method: "token", token: "another-token" } as const;
    expect(await bodyOf({ credentials, scope: { kind: "domain", domain: { name: "Default" } } })).toEqual({
      auth: {
        identity: { methods: ["token"], token: { id: "another-token" } },
        scope: { domain: { name: "Default" } },
      },
    });
  });

  test("with an application credential by id: no scope is asked for", async () => {
    const credentials = { method: "application_credential", id: "ac1", secret: "app-secret" } as const;
    expect(await bodyOf({ credentials })).toEqual({
      auth: {
        identity: { methods: ["application_credential"], application_credential: { id: "ac1", secret: "app-secret" } },
      },
    });
  });

  test("with an application credential by name and user", async () => {
    const credentials = {
      method: "application_credential",
      name: "ci",
      user: { id: "u1" },
      secret: "app-secret",
    } as const;
    expect(await bodyOf({ credentials, scope: { kind: "unscoped" } })).toEqual({
      auth: {
        identity: {
          methods: ["application_credential"],
          application_credential: { name: "ci", user: { id: "u1" }, secret: "app-secret" },
        },
      },
    });
  });

  test("for the system, and for nothing", async () => {
    expect(await bodyOf({ scope: { kind: "system" } })).toMatchObject({ auth: { scope: { system: { all: true } } } });
    expect(await bodyOf({ scope: { kind: "unscoped" } })).not.toHaveProperty("auth.scope");
  });

  test("asks for no token before the first request, and then for one only", async () => {
    const { session, signIns, asked } = await lab();
    expect(signIns()).toHaveLength(0);
    await Promise.all([session.request(networks), session.request(networks), session.projectId()]);
    expect(signIns()).toHaveLength(1);
    expect(asked().map(({ headers }) => headers["x-auth-token"])).toEqual(["token-1", "token-1"]);
    expect(await session.projectId()).toBe("p1");
    expect(await session.userId()).toBe("u1");
  });

  test("renews the token before its end, once for all who wait", async () => {
    const { session, signIns, asked, clock } = await lab({ lifetime: 3600 });
    await session.request(networks);
    clock.nowMs += 3_400_000;
    await session.request(networks);
    expect(signIns()).toHaveLength(1);
    clock.nowMs += 90_000;
    await Promise.all(Array.from({ length: 20 }, () => session.request(networks)));
    expect(signIns()).toHaveLength(2);
    expect(asked().at(-1)?.headers["x-auth-token"]).toBe("token-2");
  });

  test("a token that is not taken any more is replaced once, and the request made again", async () => {
    const { session, signIns } = await lab({
      reply: ({ headers }) =>
        headers["x-auth-token"] === "token-1"
          ? { status: 401, json: { error: { code: 401, title: "Unauthorized", message: "Token expired" } } }
          : { json: { network: { id: "n1" } } },
    });
    expect(await Promise.all([session.request(create), session.request(create)])).toEqual(
      Array.from({ length: 2 }, () => ({ network: { id: "n1" } })),
    );
    expect(signIns()).toHaveLength(2);
  });

  test("a second 401 is told", async () => {
    const { session, signIns } = await lab({
      reply: () => ({
        status: 401,
        json: { error: { code: 401, message: "The request you have made requires authentication." } },
      }),
    });
    const error = await failureOf(session.request(networks));
    expect(error).toMatchObject({ meaning: "Unauthorized", status: 401 });
    expect(error.message).toBe("list networks: The request you have made requires authentication. (401)");
    expect(signIns()).toHaveLength(2);
  });

  test("wrong credentials are told without their secret, and not tried again for a while", async () => {
    const { session, signIns, clock } = await lab({
      signIn: (_heard, count) =>
        count > 1
          ? undefined
          : {
              status: 401,
              headers: { "x-openstack-request-id": "req-1" },
              json: { error: { code: 401, title: "Unauthorized", message: "Bad password very-secret-password" } },
            },
    });
    const [error] = await Promise.all([failureOf(session.request(networks)), failureOf(session.request(networks))]);
    expect(error.message).toBe('sign in to cloud "lab": Bad password *** (401) [req-1]');
    expect(error.meaning).toBe("Unauthorized");
    await failureOf(session.request(networks));
    expect(signIns()).toHaveLength(1);
    clock.nowMs += 5001;
    await session.request(networks);
    expect(signIns()).toHaveLength(2);
  });

  test("an auth URL that leads elsewhere is the credentials' fault, never NotFound of what was asked for", async () => {
    const { session } = await lab({ signIn: () => ({ status: 404, text: "no such page" }) });
    expect(await failureOf(session.request(networks))).toMatchObject({ meaning: "Unauthorized", status: 404 });
  });

  test("while Keystone is away the old token serves until its end", async () => {
    const { session, clock, asked } = await lab({
      signIn: (_heard, count) => (count === 1 ? undefined : { status: 500, json: { error: { message: "broken" } } }),
    });
    await session.request(networks);
    clock.nowMs += 3_500_000;
    await session.request(networks);
    expect(asked().at(-1)?.headers["x-auth-token"]).toBe("token-1");
    clock.nowMs += 100_001;
    expect(await failureOf(session.request(networks))).toMatchObject({ meaning: "Unavailable", status: 500 });
  });
});

describe("credentials that are lent to one project", () => {
  const lent = { config: () => ({ onlyProject: "p1" }) };

  test("sign in for that project, whichever is theirs", async () => {
    const { session, signIns } = await lab(lent);
    await session.request(networks);
    expect(JSON.parse(signIns()[0]?.body ?? "")).toMatchObject({ auth: { scope: { project: { id: "p1" } } } });
  });

  test("that Keystone gives no token for it are refused as lacking a role there", async () => {
    const { session } = await lab({
      ...lent,
      signIn: () => ({ status: 401, json: { error: { code: 401, title: "Unauthorized", message: "no role" } } }),
    });
    const error = await failureOf(session.request(networks));
    expect(error).toMatchObject({ meaning: "Forbidden", status: 401 });
    expect(error.message).toBe('sign in to cloud "lab" for project p1: no role (401)');
  });

  test.each([
    { why: "another project's alone", token: { project: { id: "p2", name: "beta" } }, says: "for project p2 alone" },
    { why: "no project's", token: { project: undefined }, says: "for no project alone" },
    {
      why: "good for the whole cloud",
      token: { roles: ["member", "Admin"].map((name) => ({ id: name, name })) },
      says: 'has the role "Admin" there, which reaches beyond the project',
    },
  ])("that are $why are not used, and not tried again at once", async ({ token, says }) => {
    const { session, asked, signIns } = await lab({ ...lent, token });
    const [error] = await Promise.all([failureOf(session.request(networks)), failureOf(session.list(lists()))]);
    expect(error.message).toContain(says);
    await failureOf(session.request(networks));
    expect(signIns()).toHaveLength(1);
    expect(asked()).toEqual([]);
  });

  test("ask nothing of Keystone but their token: it knows a user's other projects, too", async () => {
    const { session, server } = await lab(lent);
    const request = { service: "identity", method: "POST", path: "/users/u1/application_credentials" } as const;
    const error = await failureOf(session.request({ ...request, action: "create it", schema: any }));
    expect(error.message).toContain("nothing is asked of Keystone with credentials that are lent");
    expect(server.heard).toEqual([]);
  });
});

const lists = (): ServiceRequest<readonly unknown[]> => ({ ...networks, schema: z.array(any) });

describe("what there is", () => {
  test("is the catalog with the versions that services tell of", async () => {
    const { session } = await lab({
      reply: ({ path }) =>
        path.startsWith("/compute")
          ? { json: { versions: [{ id: "v2.1", status: "CURRENT", version: "2.90", min_version: "2.1" }] } }
          : path.startsWith("/image")
            ? { status: 503, text: "away" }
            : { json: {} },
      catalog: (url) => [
        ...usual(url),
        { type: "orchestration", name: "heat", endpoints: [publicly(`${url}/heat/v1`)] },
        { type: "dns", name: "designate", endpoints: [{ ...publicly(`${url}/dns`), interface: "internal" }] },
        { type: "volumev2", name: "cinderv2", endpoints: [publicly(`${url}/volume/v2/p1`)] },
      ],
    });
    const { project, region, services } = await session.survey();
    expect({ project, region }).toEqual({ project: { id: "p1", name: "alpha" }, region: "RegionOne" });
    expect(services.map(({ type }) => type).sort()).toEqual(
      "compute identity image network orchestration placement volumev3".split(" "),
    );
    const of = (type: string) => services.find((one) => one.type === type);
    expect(of("compute")).toMatchObject({ version: "v2.1", microversions: { min: "2.1", max: "2.90" } });
    expect(of("image")).toMatchObject({ version: undefined, microversions: undefined });
  });
});

describe("where the services are", () => {
  const pathOf = async (
    options: LabOptions,
    service: ServiceRequest<unknown>["service"],
  ): Promise<string | undefined> => {
    const { session, asked } = await lab(options);
    await session.request({ service, path: "/things", action: "list things", schema: any });
    return asked().at(-1)?.path;
  };

  test.each([
    { why: "as the catalog has it", service: "network", path: "/network/v2.0/things" },
    { why: "by an older name of its type", service: "block-storage", path: "/volume/v3/p1/things" },
    { why: "under no version", service: "placement", path: "/placement/things" },
  ] as const)("$service: $why", async ({ service, path }) => {
    expect(await pathOf({}, service)).toBe(path);
  });

  test("by region and interface, also as Keystone v2 called them", async () => {
    const catalog = (url: string): readonly object[] => [
      {
        type: "network",
        endpoints: [
          { interface: "public", region_id: "one", url: `${url}/public-one/v2.0` },
          { interface: "internalURL", region_id: "one", url: `${url}/internal-one/v2.0` },
          { interface: "internal", region: "two", url: `${url}/internal-two/v2.0` },
        ],
      },
    ];
    const at = (region: string): Promise<string | undefined> =>
      pathOf({ catalog, config: () => ({ region, interface: "internal" }) }, "network");
    expect(await at("one")).toBe("/internal-one/v2.0/things");
    expect(await at("two")).toBe("/internal-two/v2.0/things");
  });

  test("what the catalog does not have is told with what it has", async () => {
    const { session } = await lab({ config: () => ({ region: "elsewhere" }) });
    expect((await failureOf(session.request(networks))).message).toBe(
      'find network of cloud "lab": its catalog has no network endpoint with interface public in region elsewhere; it has public in RegionOne',
    );
  });

  test("an override wins, with the project's id put in", async () => {
    const services = (url: string): Partial<CloudConfig> => ({
      services: { "block-storage": { url: `${url}/other/v3/%(project_id)s` } },
    });
    expect(await pathOf({ config: services }, "block-storage")).toBe("/other/v3/p1/things");
  });

  test("Keystone is where the token came from while it has no catalog", async () => {
    expect(await pathOf({ catalog: () => [], token: { project: undefined } }, "identity")).toBe("/identity/v3/things");
  });

  const bare = (url: string): readonly object[] => [
    { type: "network", endpoints: [publicly(`${url}/network/`)] },
    { type: "image", endpoints: [publicly(`${url}/image`)] },
    { type: "block-storage", endpoints: [publicly(`${url}/volume`)] },
    { type: "compute", endpoints: [publicly(`${url}/compute/v2/p1`)] },
  ];
  const version = (id: string, href: string, more = {}): object => ({
    id,
    status: "CURRENT",
    links: [{ rel: "self", href }],
    ...more,
  });
  const roots: Readonly<Record<string, Reply>> = {
    "/network/": { json: { versions: [version("v2.0", "http://10.0.0.1:9696/v2.0/")] } },
    "/image/": {
      status: 300,
      json: {
        versions: [version("v2.16", "/image/v2/"), version("v2.0", "/image/v2/"), version("v1.0", "/image/v1/")],
      },
    },
    "/volume/": {
      status: 300,
      json: { versions: [version("v3.0", "/volume/v3/", { version: "3.70", min_version: "3.0" })] },
    },
    "/compute/": {
      json: {
        versions: [
          version("v2.0", "/compute/v2/"),
          version("v2.1", "/compute/v2.1/", { version: "2.93", min_version: "2.1" }),
        ],
      },
    },
  };
  const telling = { catalog: bare, reply: ({ path }: Heard): Reply => roots[path] ?? { json: {} } };

  test.each([
    ["network", "/network/v2.0/things"],
    ["image", "/image/v2/things"],
    ["block-storage", "/volume/v3/p1/things"],
    ["compute", "/compute/v2.1/things"],
  ] as const)("%s tells its version where the catalog does not", async (service, path) => {
    expect(await pathOf(telling, service)).toBe(path);
  });

  test.each([
    ["network", "/network/v2.0/things"],
    ["image", "/image/v2/things"],
    ["block-storage", "/volume/v3/p1/things"],
    ["compute", "/compute/v2.1/things"],
  ] as const)("%s that tells nobody is where such services are by convention", async (service, path) => {
    const reply = ({ path: asked }: Heard): Reply => (asked in roots ? { status: 403, text: "no" } : { json: {} });
    expect(await pathOf({ catalog: bare, reply }, service)).toBe(path);
  });

  test("is asked once", async () => {
    const { session, asked } = await lab(telling);
    await Promise.all([session.request(networks), session.request(networks)]);
    await session.request(networks);
    expect(asked().filter(({ path }) => path === "/network/")).toHaveLength(1);
  });

  test("an auth URL without a version", async () => {
    const values = { versions: { values: [version("v3.14", "http://elsewhere/identity/v3/")] } };
    const { session, signIns } = await lab({
      config: (url) => ({ authUrl: `${url}/identity` }),
      reply: ({ path }) => (path === "/identity/" ? { status: 300, json: values } : { json: {} }),
    });
    await session.request(networks);
    expect(signIns()[0]?.path).toBe("/identity/v3/auth/tokens");
  });

  describe("microversions", () => {
    const volumes: ServiceRequest<unknown> = {
      service: "block-storage",
      path: "/volumes",
      microversion: "3.59",
      action: "list volumes",
      schema: any,
    };

    test("are asked for by the service's name in the header", async () => {
      const { session, asked } = await lab({ reply: ({ path }) => roots[path] ?? { json: {} } });
      await session.request(volumes);
      await session.request({ ...volumes, service: "compute", microversion: "2.90" });
      const headers = asked().map((heard) => heard.headers["openstack-api-version"]);
      expect(headers).toEqual([undefined, "volume 3.59", undefined, "compute 2.90"]);
    });

    test("one that the cloud does not have is told before anything is asked", async () => {
      const { session, asked } = await lab({ reply: ({ path }) => roots[path] ?? { json: {} } });
      const error = await failureOf(session.request({ ...volumes, microversion: "3.71" }));
      expect(error).toMatchObject({ meaning: "BadRequest" });
      expect(error.message).toBe(
        "list volumes: needs microversion 3.71 of block-storage, and the cloud has 3.0 to 3.70",
      );
      expect(asked()).toHaveLength(1);
    });

    test("a cloud that does not tell is taken by its word", async () => {
      const { session, asked } = await lab();
      await session.request(volumes);
      expect(asked().at(-1)?.headers["openstack-api-version"]).toBe("volume 3.59");
    });
  });
});

describe("requests", () => {
  test("query: lists repeat their key, what is absent is left out", async () => {
    const { session, asked } = await lab();
    await session.request({
      ...networks,
      query: { name: "a b&c", id: ["1", "2"], shared: false, limit: 5, tags: undefined },
    });
    expect(asked()[0]?.path).toBe("/network/v2.0/networks?name=a+b%26c&id=1&id=2&shared=false&limit=5");
  });

  test("bodies: JSON, bytes as they are, and a stream", async () => {
    const { session, asked } = await lab();
    await session.request(create);
    const upload = { service: "image", method: "PUT", path: "/images/i1/file", action: "upload", schema: any } as const;
    await session.request({ ...upload, body: Buffer.from("abc") });
    await session.request({
      ...upload,
      body: Readable.from([Buffer.from("de"), Buffer.from("f")]),
      headers: { "Content-Type": "application/x-tar" },
    });
    const told = asked().map(({ body, headers }) => [headers["content-type"], body]);
    expect(told).toEqual([
      ["application/json", '{"network":{"name":"web"}}'],
      ["application/octet-stream", "abc"],
      ["application/x-tar", "def"],
    ]);
  });

  test("a JSON patch is JSON with its own type", async () => {
    const { session, asked } = await lab();
    const headers = { "Content-Type": "application/openstack-images-v2.1-json-patch" };
    const body = [{ op: "replace", path: "/name", value: "x" }];
    await session.request({
      service: "image",
      method: "PATCH",
      path: "/images/i",
      body,
      headers,
      action: "x",
      schema: any,
    });
    expect(asked()[0]).toMatchObject({ body: JSON.stringify(body) });
    expect(asked()[0]?.headers["content-type"]).toBe(headers["Content-Type"]);
  });

  test("answers: nothing, and what is no JSON", async () => {
    const { session } = await lab({ reply: (_heard, count) => (count === 1 ? { status: 204 } : { text: "fine" }) });
    expect(await session.request(networks)).toBeUndefined();
    expect(await session.request(networks)).toBe("fine");
  });

  test("an answer of another shape is told with the request's id", async () => {
    const { session } = await lab({
      reply: () => ({ json: { network: 7 }, headers: { "x-openstack-request-id": "req-7" } }),
    });
    const error = await failureOf(session.request({ ...networks, schema: z.object({ network: z.object({}) }) }));
    expect(error.meaning).toBe("Unavailable");
    expect(error.message).toMatch(
      /^list networks: the network service answered something else than was expected: .*\[req-7\]$/,
    );
  });

  test("what a service quotes of our secrets is not passed on", async () => {
    const { session, log } = await lab({
      reply: ({ headers, body }) => ({
        status: 400,
        json: { badRequest: { message: `no: ${headers["x-auth-token"] as string} ${body}` } },
      }),
    });
    const body = { user: { name: "eve", password: "hunter2-hunter2" } };
    const error = await failureOf(session.request({ ...create, service: "identity", body }));
    expect(error.message).toBe('create network "web": no: *** {"user":{"name":"eve","password":"***"}} (400)');
    expect(JSON.stringify(log.lines)).not.toContain("token-1");
  });

  test("never more at once than the limit, for each endpoint", async () => {
    let now = 0;
    let most = 0;
    const { session } = await lab({
      options: { concurrency: 3 },
      reply: async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 10));
        now--;
        return { json: {} };
      },
    });
    await Promise.all(Array.from({ length: 12 }, () => session.request(networks)));
    expect(most).toBe(3);
  });
});

describe("pages", () => {
  const items = (plural: string) =>
    z.object({ [plural]: z.array(z.string()) }).transform((page) => page[plural] ?? ([] as readonly string[]));

  test.each([
    {
      who: "Neutron",
      service: "network",
      plural: "networks",
      first: (url: string) => ({ networks_links: [{ rel: "next", href: `${url}/v2.0/networks?limit=2&marker=b` }] }),
      paths: ["/network/v2.0/networks?name=x", "/network/v2.0/networks?limit=2&marker=b"],
    },
    {
      who: "Cinder, whose links have another host",
      service: "block-storage",
      plural: "volumes",
      first: () => ({ volumes_links: [{ rel: "next", href: "http://10.0.0.7:8776/v3/p1/volumes?marker=b" }] }),
      paths: ["/volume/v3/p1/volumes?name=x", "/volume/v3/p1/volumes?marker=b"],
    },
    {
      who: "Glance",
      service: "image",
      plural: "images",
      first: () => ({ next: "/v2/images?limit=1000&marker=b" }),
      paths: ["/image/v2/images?limit=1000&name=x", "/image/v2/images?limit=1000&marker=b"],
    },
    {
      who: "Keystone",
      service: "identity",
      plural: "projects",
      first: (url: string) => ({ links: { next: `${url}/v3/projects?marker=b`, self: url, previous: null } }),
      paths: ["/identity/v3/projects?name=x", "/identity/v3/projects?marker=b"],
    },
  ] as const)("$who", async ({ service, plural, first, paths }) => {
    const made: Lab = await lab({
      reply: (_heard, count) => ({
        json:
          count === 1
            ? { [plural]: ["a", "b"], ...first(made.server.url) }
            : { [plural]: ["c"], links: { next: null } },
      }),
    });
    const path = `/${plural}`;
    const all = await made.session.list({ service, path, query: { name: "x" }, action: "list", schema: items(plural) });
    expect(all).toEqual(["a", "b", "c"]);
    expect(made.asked().map((heard) => heard.path)).toEqual(paths);
  });

  test("a page that leads to itself ends the list", async () => {
    const json = { networks: ["a"], networks_links: [{ rel: "next", href: "http://x/?marker=a" }] };
    const { session, asked } = await lab({ reply: () => ({ json }) });
    expect(await session.list({ ...networks, schema: items("networks") })).toEqual(["a", "a"]);
    expect(asked()).toHaveLength(2);
  });
});

describe("asking again", () => {
  const failing =
    (reply: Reply, times = 1) =>
    (_heard: Heard, count: number): Reply =>
      count <= times ? reply : { json: { ok: true } };

  test.each<{ why: string; reply: Reply; request: ServiceRequest<unknown>; again: boolean }>([
    { why: "a GET that a proxy could not pass on", reply: { status: 502 }, request: networks, again: true },
    { why: "a GET of a service that is away", reply: { status: 503 }, request: networks, again: true },
    { why: "a GET that a proxy waited for in vain", reply: { status: 504 }, request: networks, again: true },
    { why: "a GET whose connection broke", reply: "reset", request: networks, again: true },
    { why: "a GET that failed inside the service", reply: { status: 500 }, request: networks, again: false },
    { why: "a POST that may have been done", reply: { status: 502 }, request: create, again: false },
    { why: "a POST whose connection broke", reply: "reset", request: create, again: false },
    {
      why: "a POST that is asked to come again",
      reply: { status: 503, headers: { "retry-after": "2" } },
      request: create,
      again: true,
    },
    { why: "too many requests", reply: { status: 429, headers: { "retry-after": "1" } }, request: create, again: true },
    {
      why: "who asks for longer than we wait within a request",
      reply: { status: 503, headers: { "retry-after": "120" } },
      request: create,
      again: false,
    },
  ])("$why: $again", async ({ reply, request, again }) => {
    const { session, asked } = await lab({ reply: failing(reply) });
    if (again) expect(await session.request(request)).toEqual({ ok: true });
    else expect(await failureOf(session.request(request))).toMatchObject({ meaning: "Unavailable" });
    expect(asked()).toHaveLength(again ? 2 : 1);
  });

  test("four times at most, each later, and tells in the log with the request's id", async () => {
    const reply = { status: 503, headers: { "x-openstack-request-id": "req-3" } };
    const { session, asked, clock, log } = await lab({ reply: failing(reply, 10) });
    expect(await failureOf(session.request(networks))).toMatchObject({ meaning: "Unavailable", requestId: "req-3" });
    expect(asked()).toHaveLength(4);
    expect(clock.pauses).toEqual([200, 400, 800]);
    expect(log.lines[0]).toEqual({
      level: "warn",
      message: "Asks OpenStack again",
      fields: {
        service: "network",
        action: "list networks",
        attempts: 1,
        pauseMs: 200,
        status: 503,
        requestId: "req-3",
      },
    });
  });

  test("waits as long as it is asked to, in seconds or until a date", async () => {
    const { session, clock } = await lab({
      reply: (_heard, count) => {
        if (count === 1) return { status: 429, headers: { "retry-after": "7" } };
        if (count === 2) return { status: 503, headers: { "retry-after": new Date(start + 9000).toUTCString() } };
        return { json: {} };
      },
    });
    await session.request(create);
    expect(clock.pauses).toEqual([7000, 9000]);
  });

  test("how long to stay away is told with the error", async () => {
    const { session } = await lab({ reply: failing({ status: 503, headers: { "retry-after": "120" } }) });
    expect(await failureOf(session.request(networks))).toMatchObject({ meaning: "Unavailable", retryAfterMs: 120_000 });
  });

  test("a stream is sent once: its end is told as worth trying anew, also where the token was not taken", async () => {
    const { session, asked } = await lab({ reply: failing({ status: 401, json: { error: { message: "expired" } } }) });
    const body = Readable.from([Buffer.from("abc")]);
    const upload = {
      service: "image",
      method: "PUT",
      path: "/images/i/file",
      body,
      action: "upload",
      schema: any,
    } as const;
    expect(await failureOf(session.request(upload))).toMatchObject({ meaning: "Unavailable", status: 401 });
    expect(asked()).toHaveLength(1);
  });

  test("a POST for which there is no connection is made as soon as there is one", async () => {
    const free = await freePort();
    const clock = new HastyClock();
    let late: ScriptedServer | undefined;
    const { session } = await lab({
      config: () => ({ services: { network: { url: `http://127.0.0.1:${free}/v2.0` } } }),
      options: {
        clock: {
          now: () => clock.now(),
          after: (ms, fn) => {
            if (late === undefined && ms === 400)
              void listenLater(free)
                .then((server) => (late = server))
                .then(fn);
            else setImmediate(fn);
            return { [Symbol.dispose]: () => undefined };
          },
        },
      },
    });
    expect(await session.request(create)).toEqual({ late: true });
    await late?.[Symbol.asyncDispose]();
  });

  test("a connection that is refused is told by address", async () => {
    const free = await freePort();
    const { session, clock } = await lab({
      config: () => ({ services: { network: { url: `http://127.0.0.1:${free}/v2.0` } } }),
    });
    const error = await failureOf(session.request(create));
    expect(error.message).toBe(`create network "web": cannot connect to http://127.0.0.1:${free}: ECONNREFUSED`);
    expect(error).toMatchObject({ meaning: "Unavailable", isUnanswered: false });
    expect(clock.pauses).toHaveLength(3);
  });

  test("a service that says nothing is waited for so long only", async () => {
    const { session, asked } = await lab({ reply: () => "hang", options: { answerTimeoutMs: 200 } });
    const error = await failureOf(session.request(networks));
    expect(error.message).toMatch(/^list networks: no answer of http:\/\/127.0.0.1:\d+ in time$/);
    expect(asked()).toHaveLength(1);
  });

  test.each<{ why: string; reply: Reply; is: boolean }>([
    { why: "a connection that broke", reply: "reset", is: true },
    { why: "silence", reply: "hang", is: true },
    { why: "a service that failed", reply: { status: 500 }, is: false },
  ])("$why leaves open whether it is carried out yet: $is", async ({ reply, is }) => {
    const { session } = await lab({ reply: () => reply, options: { answerTimeoutMs: 200 } });
    expect(await failureOf(session.request(create))).toMatchObject({ meaning: "Unavailable", isUnanswered: is });
  });
});

describe("abort", () => {
  const reason = new Error("enough");

  test("throws what the signal aborts with, while an answer is waited for", async () => {
    const abort = new AbortController();
    const { session, asked } = await lab({
      reply: () => {
        setImmediate(() => {
          abort.abort(reason);
        });
        return "hang";
      },
    });
    expect(await failureOf(session.request({ ...networks, signal: abort.signal }))).toBe(reason);
    expect(asked()).toHaveLength(1);
  });

  test("throws it while the request waits for its turn, and asks nothing", async () => {
    const abort = new AbortController();
    const free: (() => void)[] = [];
    const { session, asked } = await lab({
      options: { concurrency: 1 },
      reply: () =>
        new Promise((resolve) => {
          free.push(() => {
            resolve({ json: {} });
          });
        }),
    });
    await session.token();
    const first = session.request(networks);
    const second = failureOf(session.request({ ...create, signal: abort.signal }));
    while (free.length === 0) await new Promise(setImmediate);
    abort.abort(reason);
    expect(await second).toBe(reason);
    free[0]?.();
    await first;
    expect(asked()).toHaveLength(1);
  });

  test("who leaves does not take the token from the others", async () => {
    const abort = new AbortController();
    const { session } = await lab({
      signIn: () => {
        abort.abort(reason);
        return undefined;
      },
    });
    const gone = failureOf(session.request({ ...networks, signal: abort.signal }));
    expect(await session.request(networks)).toEqual({});
    expect(await gone).toBe(reason);
  });

  test("a session that is closed says so", async () => {
    const { session } = await lab();
    await session.token();
    await session[Symbol.asyncDispose]();
    expect((await failureOf(session.request(networks))).message).toBe(
      "list networks: the credentials were replaced meanwhile",
    );
  });
});

describe("TLS", () => {
  test("a certificate is trusted by its authority or not at all, unless any is taken", async () => {
    const folder = await mkdtemp(join(tmpdir(), "stowage-session-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { ca } = await makeCertificates(folder);
    const [cert, key] = await Promise.all(
      ["server.crt", "server.key"].map((name) => readFile(join(folder, name), "utf8")),
    );
    const secure = await scriptedServer(() => ({ json: { ok: true } }), { cert: cert ?? "", key: key ?? "" });
    onTestFinished(() => secure[Symbol.asyncDispose]());
    const { signIns, session: plain } = await lab({
      config: () => ({ services: { network: { url: `${secure.url}/v2.0` } } }),
    });
    const error = await failureOf(plain.request(networks));
    expect(error.meaning).toBe("Unavailable");
    expect(error.message).toMatch(
      /^list networks: cannot trust https:.*: [A-Z_]+\. Give the certificate of its authority as cacert$/,
    );
    expect(secure.heard).toHaveLength(0);
    expect(signIns()).toHaveLength(1);
    for (const more of [{ cacert: ca }, { insecure: true }]) {
      const { session } = await lab({
        config: () => ({ services: { network: { url: `${secure.url}/v2.0` } }, ...more }),
      });
      expect(await session.request(networks)).toEqual({ ok: true });
    }
  });
});

test("made with the machine's own clock, a session keeps nothing running", async () => {
  const { session } = await lab({ options: { clock: systemClock } });
  expect(await session.request(networks)).toEqual({});
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listenLater(port: number): Promise<ScriptedServer> {
  return scriptedServer(() => ({ json: { late: true } }), undefined, port);
}
