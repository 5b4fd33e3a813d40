/** Users of OpenStack's projects, who sign in to our API with a token of Keystone. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json, text } from "node:stream/consumers";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { keystoneAuthentication } from "../../cli/server/keystone-tokens.ts";
import { projectAnnotation } from "../../crds/openstack/cloud.ts";
import type { Connectors } from "../../api/verbs/connect.ts";
import { aborted } from "../../process/abort.ts";
import { systemClock } from "../../process/clock.ts";
import { RecordingLog } from "../fakes/log.ts";
import { ApiOverHttps, WatchLines } from "./api-over-https.ts";
import { kubectlMissing } from "./kubectl-user.ts";

const run = promisify(execFile);

const tokenOf = (user: string, project: string, ...roles: readonly string[]) => ({
  token: {
    methods: ["password"],
    expires_at: "2099-01-01T00:00:00.000000Z",
    user: { id: `u-${user}`, name: user, domain: { id: "default", name: "Default" } },
    project: { id: `p-${project}`, name: project },
    roles: roles.map((name) => ({ id: `r-${name}`, name })),
  },
});

const known: Readonly<Record<string, object>> = {
  "gAAAA-alpha-member": tokenOf("ann", "alpha", "member", "reader"),
  "gAAAA-alpha-reader": tokenOf("rob", "alpha", "reader"),
  "gAAAA-beta-admin": tokenOf("bea", "beta", "admin", "member", "reader"),
};

/** As much of Keystone as tells of tokens, and gives the first of them to who has the password. */
async function startKeystone() {
  const asked: string[] = [];
  const tokens = new Map(Object.entries(known));
  const state: { isAway: boolean; held?: Promise<unknown> } = { isAway: false };
  const server = createServer((request, response) => {
    void (async () => {
      const id = String(request.headers["x-subject-token"]);
      asked.push(`${request.method ?? ""} ${request.method === "GET" ? id : ""}`);
      const isSignIn = request.method === "POST";
      if (isSignIn) await json(request);
      await state.held;
      const found = tokens.get(isSignIn ? "gAAAA-alpha-member" : id);
      const isOwn = isSignIn || request.headers["x-auth-token"] === id;
      response.setHeader("x-openstack-request-id", "req-1");
      if (isSignIn) response.setHeader("x-subject-token", "gAAAA-alpha-member");
      response.statusCode = state.isAway ? 503 : found !== undefined && isOwn ? (isSignIn ? 201 : 200) : 401;
      response.end(JSON.stringify(found ?? { error: { code: 401, title: "Unauthorized", message: "no" } }));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v3`,
    asked,
    tokens,
    state,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await promisify(server.close.bind(server))();
    },
  };
}

async function start(more: { readonly rememberMs?: number; readonly connectors?: Connectors } = {}) {
  const { connectors = {}, ...remember } = more;
  await using stack = new AsyncDisposableStack();
  const keystone = stack.use(await startKeystone());
  const log = new RecordingLog();
  const options = { clock: systemClock, random: Math.random, log, ...remember };
  const { authenticator } = stack.use(await keystoneAuthentication({ authUrl: keystone.url, ca: undefined }, options));
  const api = stack.use(await ApiOverHttps.open(connectors, undefined, [authenticator]));
  for (const project of ["alpha", "beta"]) {
    const metadata = { name: project, annotations: { [projectAnnotation]: `p-${project}` } };
    await api.post("/api/v1/namespaces", { metadata });
    await api.post(`/api/v1/namespaces/${project}/secrets`, { metadata: { name: "clouds" }, stringData: { a: "b" } });
  }
  const parts = stack.move();
  return { api, keystone, log, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

const network = {
  apiVersion: "openstack.stowage.dev/v1alpha1",
  kind: "Network",
  metadata: { name: "web" },
  spec: { cloudCredentialsRef: { secretName: "clouds", cloudName: "mine" }, resource: {} },
};
const imageOf = (content: object, name = "disk") => ({
  ...network,
  kind: "Image",
  metadata: { name },
  spec: { ...network.spec, resource: { content } },
});
const cloudsPath = "/apis/openstack.stowage.dev/v1alpha1/clouds";
const cloud = {
  apiVersion: "openstack.stowage.dev/v1alpha1",
  kind: "Cloud",
  metadata: { name: "mine" },
  spec: { credentials: { secretRef: { namespace: "alpha", name: "clouds" } }, cloudName: "a", namespaceSelector: {} },
};
const networksIn = (namespace: string) => `/apis/openstack.stowage.dev/v1alpha1/namespaces/${namespace}/networks`;

test("a token says who asks, in either header, and Keystone is asked once", async () => {
  await using world = await start();
  const review = async (headers: Readonly<Record<string, string>>) => {
    const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const { code, body } = await world.api.request("POST", path, { body: {}, headers, anonymous: true });
    return { code, status: body.status as unknown };
  };
  const userInfo = {
    username: "keystone:ann",
    uid: "u-ann",
    groups: ["keystone:project:p-alpha", "keystone:role:member", "keystone:role:reader", "system:authenticated"],
  };
  expect(await review({ authorization: "Bearer gAAAA-alpha-member" })).toMatchObject({
    code: 201,
    status: { userInfo },
  });
  expect(await review({ "x-auth-token": "gAAAA-alpha-member" })).toMatchObject({ code: 201, status: { userInfo } });
  expect(world.keystone.asked).toEqual(["GET gAAAA-alpha-member"]);
  expect((await review({ "x-auth-token": "made-up" })).code).toBe(401);
});

test("roles are rights in the project's namespace, and in no other", async () => {
  await using world = await start();
  const ask = async (token: string, method: string, path: string, body?: object) => {
    const { code } = await world.api.request(method, path, {
      ...(body && { body }),
      headers: { "x-auth-token": token },
      anonymous: true,
    });
    return code;
  };
  expect(await ask("gAAAA-alpha-member", "POST", networksIn("alpha"), network)).toBe(201);
  expect(await ask("gAAAA-alpha-member", "GET", "/api/v1/namespaces/alpha/secrets/clouds")).toBe(200);
  const imagesInAlpha = networksIn("alpha").replace("networks", "images");
  const download = { url: "http://example.org/disk" };
  expect(await ask("gAAAA-alpha-member", "POST", imagesInAlpha, imageOf({ diskFormat: "raw", download }))).toBe(201);
  const dockerImage = { hostName: "local", image: "web:1" };
  const saved = imageOf({ containerFormat: "docker", diskFormat: "raw", dockerImage }, "saved");
  expect(await ask("gAAAA-alpha-member", "POST", imagesInAlpha, saved)).toBe(403);
  expect(await ask("gAAAA-alpha-reader", "GET", networksIn("alpha"))).toBe(200);
  expect(await ask("gAAAA-alpha-reader", "POST", networksIn("alpha"), network)).toBe(403);
  expect(await ask("gAAAA-alpha-reader", "GET", "/api/v1/namespaces/alpha/secrets/clouds")).toBe(403);
  const alphas = [
    ["GET", networksIn("alpha")],
    ["GET", `${networksIn("alpha")}/web`],
    ["DELETE", `${networksIn("alpha")}/web`],
    ["POST", networksIn("alpha"), network],
    ["GET", "/api/v1/namespaces/alpha/secrets/clouds"],
    ["GET", "/apis/openstack.stowage.dev/v1alpha1/networks"],
    ["GET", "/api/v1/secrets"],
    ["GET", "/api/v1/namespaces"],
    ["GET", cloudsPath],
    ["GET", `${cloudsPath}/main`],
    ["POST", cloudsPath, cloud],
    ["DELETE", `${cloudsPath}/main`],
    ["POST", "/api/v1/namespaces", { metadata: { name: "gamma", annotations: { [projectAnnotation]: "p-beta" } } }],
  ] as const;
  for (const [method, path, body] of alphas)
    expect({ method, path, code: await ask("gAAAA-beta-admin", method, path, body) }).toEqual({
      method,
      path,
      code: 403,
    });
  const rebind = { metadata: { annotations: { [projectAnnotation]: "p-beta" } } };
  for (const namespace of ["alpha", "beta", "default"]) {
    const { code } = await world.api.request("PATCH", `/api/v1/namespaces/${namespace}`, {
      body: rebind,
      headers: { "x-auth-token": "gAAAA-beta-admin", "content-type": "application/merge-patch+json" },
      anonymous: true,
    });
    expect(code).toBe(403);
  }
});

test("a namespace that is bound anew is the other project's at once", async () => {
  await using world = await start();
  const headers = { "x-auth-token": "gAAAA-beta-admin" };
  const code = async () => (await world.api.request("GET", networksIn("alpha"), { headers, anonymous: true })).code;
  expect(await code()).toBe(403);
  await world.api.patch("/api/v1/namespaces/alpha", { metadata: { annotations: { [projectAnnotation]: "p-beta" } } });
  expect(await code()).toBe(200);
});

test("a Namespace is shown to those whose project it is bound to, and a list of them to none", async () => {
  await using world = await start();
  const headers = { "x-auth-token": "gAAAA-alpha-reader" };
  const ask = async (path: string) => {
    const { code, body } = await world.api.request("GET", path, { headers, anonymous: true });
    return { code, name: code === 200 ? body.metadata.name : body.message };
  };
  expect(await ask("/api/v1/namespaces/alpha")).toEqual({ code: 200, name: "alpha" });
  const refused = 'User "keystone:rob" cannot get resource "namespaces" in API group "" in the namespace "beta"';
  expect(await ask("/api/v1/namespaces/beta")).toEqual({
    code: 403,
    name: `namespaces "beta" is forbidden: ${refused}`,
  });
  expect((await ask("/api/v1/namespaces")).code).toBe(403);
});

test("an outage of Keystone is one: 503, when to come again, and one line for the operator", async () => {
  await using world = await start({ rememberMs: 1 });
  const ask = (token: string) =>
    world.api.request("GET", networksIn("alpha"), { headers: { "x-auth-token": token }, anonymous: true });
  expect((await ask("gAAAA-alpha-member")).code).toBe(200);
  world.keystone.state.isAway = true;
  for (const token of ["gAAAA-alpha-member", "gAAAA-alpha-reader"]) {
    const { code, headers, body } = await ask(token);
    expect({ code, retryAfter: headers["retry-after"], reason: body.reason, kind: body.kind }).toEqual({
      ...{ code: 503, retryAfter: "1", reason: "ServiceUnavailable", kind: "Status" },
    });
  }
  expect(world.log.lines.map(({ level }) => level)).toEqual(["warn"]);
  expect(JSON.stringify(world.log.lines)).not.toContain("gAAAA");
  world.keystone.state.isAway = false;
  expect((await ask("gAAAA-alpha-member")).code).toBe(200);
  expect(world.log.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
});

test("who makes up too many tokens is told to come later, and the others are not", async () => {
  await using world = await start();
  const ask = (token: string) =>
    world.api.request("GET", networksIn("alpha"), { headers: { "x-auth-token": token }, anonymous: true });
  expect((await ask("gAAAA-alpha-member")).code).toBe(200);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  world.keystone.state.held = promise;
  const asking = Array.from({ length: 16 }, (_, i) => ask(`made-up-${i}`));
  await expect.poll(() => world.keystone.asked.length, { timeout: 30_000 }).toBe(17);
  const { code, headers, body } = await ask("made-up-16");
  expect({ code, retryAfter: headers["retry-after"], reason: body.reason }).toEqual({
    ...{ code: 429, retryAfter: "1", reason: "TooManyRequests" },
  });
  expect((await ask("gAAAA-alpha-member")).code).toBe(200);
  resolve(undefined);
  expect((await Promise.all(asking)).map((answer) => answer.code)).toEqual(asking.map(() => 401));
  expect(world.keystone.asked).toHaveLength(17);
});

const followed = async (world: Awaited<ReturnType<typeof start>>, token: string, path: string) =>
  world.api.open("GET", path, { headers: { "x-auth-token": token }, anonymous: true });
const aContainer = { apiVersion: "stowage.dev/v1alpha1", kind: "Container" };
const secretsOfAlpha = "/api/v1/namespaces/alpha/secrets?watch=1";

test("a watch ends with its token", async () => {
  await using world = await start();
  const expiresAt = new Date(Date.now() + 3_000).toISOString();
  const { token } = tokenOf("ann", "alpha", "member");
  world.keystone.tokens.set("gAAAA-short", { token: { ...token, expires_at: expiresAt } });
  await using watched = new WatchLines(await followed(world, "gAAAA-short", secretsOfAlpha));
  expect((await watched.next()).type).toBe("ADDED");
  await watched.rest();
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
});

test.each<{ why: string; take: (world: Awaited<ReturnType<typeof start>>) => unknown }>([
  { why: "its token is revoked", take: ({ keystone }) => keystone.tokens.delete("gAAAA-alpha-member") },
  {
    why: "its user loses the role",
    take: ({ keystone }) => keystone.tokens.set("gAAAA-alpha-member", tokenOf("ann", "alpha", "auditor")),
  },
  {
    why: "the namespace is bound anew",
    take: ({ api }) =>
      api.patch("/api/v1/namespaces/alpha", { metadata: { annotations: { [projectAnnotation]: "p-beta" } } }),
  },
  {
    why: "Keystone does not say any more whose the token is",
    take: ({ keystone }) => {
      keystone.state.isAway = true;
    },
  },
])("a watch ends when $why", async ({ take }) => {
  await using world = await start({ rememberMs: 200 });
  await using watched = new WatchLines(await followed(world, "gAAAA-alpha-member", secretsOfAlpha));
  expect((await watched.next()).type).toBe("ADDED");
  await take(world);
  await watched.rest();
});

test("a watch goes on for as long as its token is good", async () => {
  await using world = await start({ rememberMs: 50 });
  await using watched = new WatchLines(await followed(world, "gAAAA-alpha-member", secretsOfAlpha));
  expect((await watched.next()).type).toBe("ADDED");
  await expect.poll(() => world.keystone.asked.length, { timeout: 30_000 }).toBeGreaterThan(5);
  await world.api.post("/api/v1/namespaces/alpha/secrets", { metadata: { name: "newer" } });
  expect(await watched.take(1)).toEqual(["ADDED newer"]);
});

test("a log that is followed ends when its token is revoked", async () => {
  const connectors: Connectors = {
    "containers.stowage.dev/log": async function* (_object, _query, signal) {
      yield Buffer.from("a line\n");
      await aborted(signal);
    },
  };
  await using world = await start({ rememberMs: 200, connectors });
  const containers = "/apis/stowage.dev/v1alpha1/namespaces/alpha/containers";
  await world.api.post(containers, { ...aContainer, metadata: { name: "web" }, spec: { image: "busybox" } });
  const log = await followed(world, "gAAAA-alpha-member", `${containers}/web/log?follow=true`);
  world.keystone.tokens.delete("gAAAA-alpha-member");
  expect(await text(log)).toBe("a line\n");
});

test.each([
  { what: "a volume that others may have", spec: { volumes: [{ name: "a", dockerVolume: { name: "data" } }] } },
  { what: "a priority", spec: { priorityClassName: "system-cluster-critical" } },
])("a Container of a project's does not get $what, unless its namespace is privileged", async ({ spec }) => {
  await using world = await start();
  const path = "/apis/stowage.dev/v1alpha1/namespaces/alpha/containers";
  const make = async (name: string, more: object) => {
    const { code, body } = await world.api.request("POST", path, {
      body: { ...aContainer, metadata: { name }, spec: { image: "busybox", ...more } },
      headers: { "x-auth-token": "gAAAA-alpha-member" },
      anonymous: true,
    });
    return { code, message: body.message };
  };
  expect(await make("web", spec)).toEqual({
    code: 403,
    message: expect.stringContaining(
      'namespace "alpha" is bound to an OpenStack project and not labelled privileged: ',
    ) as string,
  });
  const own = { volumes: [{ name: "a", dockerVolume: { name: "alpha.data" } }] };
  expect((await make("own", own)).code).toBe(201);
  const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
  await world.api.patch("/api/v1/namespaces/alpha", { metadata: { labels } });
  expect((await make("web", spec)).code).toBe(201);
  // What was allowed stays, and can be changed otherwise.
  await world.api.patch("/api/v1/namespaces/alpha", { metadata: { labels: { [Object.keys(labels)[0] ?? ""]: null } } });
  expect((await world.api.patch(`${path}/web`, { spec: { image: "busybox:2" } })).code).toBe(200);
});

test.skipIf(kubectlMissing !== undefined)("kubectl signs in by itself", async () => {
  await using world = await start();
  const { api, keystone } = world;
  const ca = (await readFile(join(api.dataDir, "pki", "ca.crt"))).toString("base64");
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: join(import.meta.dirname, "../../cli/stowage"),
    args: ["keystone-auth"],
    interactiveMode: "Never",
    env: [
      { name: "OS_AUTH_URL", value: keystone.url },
      { name: "OS_USERNAME", value: "ann" },
      { name: "OS_PASSWORD", value: "a password" },
      { name: "OS_PROJECT_NAME", value: "alpha" },
      { name: "OS_USER_DOMAIN_ID", value: "default" },
      { name: "OS_PROJECT_DOMAIN_ID", value: "default" },
    ],
  };
  const kubeconfig = join(api.dataDir, "ann.kubeconfig");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "here", cluster: { server: api.api.url, "certificate-authority-data": ca } }],
      users: [{ name: "ann", user: { exec } }],
      contexts: [{ name: "ann", context: { cluster: "here", user: "ann", namespace: "alpha" } }],
      "current-context": "ann",
    }),
  );
  const kubectl = (...args: readonly string[]) =>
    run("kubectl", ["--kubeconfig", kubeconfig, ...args], { env: { ...process.env, HOME: api.dataDir } });
  expect((await kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")).stdout).toBe("keystone:ann");
  expect((await kubectl("get", "secrets", "-o", "name")).stdout).toContain("secret/clouds");
  await expect(kubectl("-n", "beta", "get", "secrets")).rejects.toThrow("forbidden");
});
