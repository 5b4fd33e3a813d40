/** What strangers, mistakes and floods do to the server: they get an answer that says no, and everybody else is served. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect as connectHttp2, constants } from "node:http2";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { configMapType } from "../../crds/core.ts";
import { capture } from "../lab/stowage.ts";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
let identity: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
beforeAll(async () => {
  api = await ApiOverHttps.open();
  const read = (name: string): Promise<Buffer> => readFile(join(api.dataDir, "pki", name));
  identity = { ca: await read("ca.crt"), cert: await read("admin.crt"), key: await read("admin.key") };
});
afterAll(() => api[Symbol.asyncDispose]());

const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, data: object): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

async function rawConnection(protocol = "http/1.1"): Promise<TLSSocket> {
  const { port } = new URL(api.api.url);
  const socket = connectTls({ ...identity, port: Number(port), host: "127.0.0.1", ALPNProtocols: [protocol] });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on("error", () => undefined); // the server may cut it off
  await once(socket, "secureConnect");
  return socket;
}

/** What comes back for these bytes, until the server closes. */
async function sendRaw(bytes: string | Buffer): Promise<string> {
  const socket = await rawConnection();
  let answer = "";
  // Not as a whole: the connection may be reset when what it said is read only in part.
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(bytes);
  await closed;
  return answer;
}

const serves = async (): Promise<void> => {
  expect((await api.get("/version")).code).toBe(200);
};

describe("compression", () => {
  const large = "x".repeat(200_000);
  beforeAll(async () => {
    await api.post(configMaps, configMap("large", { large }));
  });

  test("is for large answers, and for who asks", async () => {
    const response = await api.open("GET", `${configMaps}/large`, { headers: { "accept-encoding": "br, gzip" } });
    expect(response.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    const bytes = await buffer(response);
    expect(bytes.length).toBeLessThan(10_000);
    expect(JSON.parse(gunzipSync(bytes).toString())).toMatchObject({ data: { large } });
    const plain = await api.get(`${configMaps}/large`);
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.body.data).toEqual({ large });
  });

  test("is not for small answers, nor for watches", async () => {
    const headers = { "accept-encoding": "gzip" };
    expect((await api.get(`${configMaps}?limit=1&fieldSelector=metadata.name=none`, headers)).body.items).toEqual([]);
    await using watch = await api.watch(`${configMaps}?watch=true&fieldSelector=metadata.name=large`, headers);
    expect((await watch.next()).object.data).toEqual({ large });
  });
});

describe("time", () => {
  test("a request that takes longer than it may is told so, and its connection closed", async () => {
    const head = `POST ${configMaps}?timeout=100ms HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n`;
    const answer = await sendRaw(`${head}{`);
    expect(answer).toMatch(/^HTTP\/1.1 504 /);
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({
      reason: "Timeout",
      code: 504,
      message: "Timeout: request did not complete within the allotted timeout",
    });
  });

  test("a time that is none is refused", async () => {
    const { code, body } = await api.get(`${configMaps}?timeout=soon`);
    expect([code, body.message]).toEqual([
      400,
      'invalid timeout specified in the request URL - time: invalid duration "soon"',
    ]);
  });
});

describe("acting as somebody else", () => {
  test("is for those who may, and has that one's rights", async () => {
    const { code, body } = await api.get(configMaps, { "impersonate-user": "jane" });
    expect([code, body.message]).toEqual([
      403,
      'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"',
    ]);
    const root = { "impersonate-user": "jane", "impersonate-group": "system:masters" };
    expect((await api.get(configMaps, root)).code).toBe(200);
    expect((await api.get(configMaps, { "impersonate-group": "a" })).code).toBe(400);
  });

  test("makes the request that one's in all that a user is", async () => {
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const ask = (headers: Readonly<Record<string, string>>) =>
      api.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { body: review, headers });
    const jane = await ask({
      "impersonate-user": "jane",
      "impersonate-uid": "u-1",
      "impersonate-extra-example.com%2Fscopes": "view",
    });
    expect(jane.body.status).toEqual({
      userInfo: {
        username: "jane",
        uid: "u-1",
        groups: ["system:authenticated"],
        extra: { "example.com/scopes": ["view"] },
      },
    });
    const anybody = await ask({ "impersonate-user": "system:anonymous", "impersonate-group": "system:masters" });
    expect(anybody.body.status).toEqual({
      userInfo: { username: "system:anonymous", groups: ["system:masters", "system:unauthenticated"] },
    });
  });

  test("works with kubectl --as", async () => {
    const env = { PATH: process.env["PATH"], HOME: api.dataDir, KUBECONFIG: api.kubeconfig };
    const { stderr } = await capture("kubectl", ["get", "cm", "--as=jane"], { env });
    expect(stderr).toContain('User "jane" cannot list resource "configmaps"');
    const { code } = await capture("kubectl", ["get", "cm", "--as=jane", "--as-group=system:masters"], { env });
    expect(code).toBe(0);
  });
});

describe("keys that objects of JavaScript have", () => {
  const odd = { constructor: "a", prototype: "b", toString: "c", hasOwnProperty: "d", valueOf: "e", then: "f" };

  test("are keys like any other, in built-in kinds and in custom ones", async () => {
    const object = { ...configMap("odd", odd), metadata: { name: "odd", labels: odd, annotations: odd } };
    expect((await api.post(configMaps, object)).code).toBe(201);
    expect((await api.get(`${configMaps}/odd`)).body).toMatchObject({ data: odd, metadata: { labels: odd } });
    expect((await api.patch(`${configMaps}/odd`, { data: { constructor: null, prototype: "z" } })).body.data).toEqual({
      ...Object.fromEntries(Object.entries(odd).filter(([key]) => key !== "constructor")),
      prototype: "z",
    });
    expect((await api.get(`${configMaps}?labelSelector=constructor=a`)).body.items).toHaveLength(1);
    expect((await api.get(`${configMaps}?labelSelector=hasOwnProperty!=d`)).body.items).not.toHaveLength(0);

    const schema = {
      type: "object",
      properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
    };
    await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "oddities.test.example" },
      spec: {
        group: "test.example",
        scope: "Cluster",
        names: { plural: "oddities", kind: "Oddity" },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    });
    const spec = { constructor: { prototype: { polluted: true } }, deep: [{ toString: 1 }] };
    const one = { apiVersion: "test.example/v1", kind: "Oddity", metadata: { name: "a" }, spec };
    const path = "/apis/test.example/v1/oddities";
    expect((await api.post(path, one)).body.spec).toEqual(spec);
    const patched = await api.patch(`${path}/a`, { spec: { constructor: { more: 1 } } });
    expect(patched.body.spec).toMatchObject({ constructor: { prototype: { polluted: true }, more: 1 } });
  });

  test.each(["application/json", "application/yaml"])("__proto__ is refused (%s)", async (type) => {
    const raw = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"p"},"data":{"__proto__":{"polluted":"1"}}}';
    const headers = { "content-type": type };
    expect((await api.request("POST", configMaps, { raw, headers })).code).toBe(400);
    const patch = { raw: '{"__proto__":{"polluted":1}}', headers: { "content-type": "application/merge-patch+json" } };
    expect((await api.request("PATCH", `${configMaps}/odd`, patch)).code).toBe(400);
    for (const from of ["/__proto__/polluted", "/constructor/prototype/polluted", "/data/__proto__/polluted"]) {
      const { code } = await api.patch(`${configMaps}/odd`, [{ op: "add", path: from, value: 1 }], "json-patch");
      expect(code).toBeGreaterThanOrEqual(400);
      expect(code).toBeLessThan(500);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe("YAML", () => {
  const send = (raw: string) =>
    api.request("POST", configMaps, { raw, headers: { "content-type": "application/yaml" } });
  const doubling = Array.from({ length: 60 }, (_, i) => `l${i}: &l${i} [${i === 0 ? "x" : `*l${i - 1}, *l${i - 1}`}]`);

  test.each([
    { why: "aliases that double", raw: doubling.join("\n") },
    { why: "merge keys that double", raw: doubling.join("\n").replace(/\[(.*)\]/g, "{ <<: [$1] }") },
    { why: "nesting", raw: "- ".repeat(200_000) },
    { why: "flow nesting", raw: "[".repeat(500_000) },
    { why: "an endless scalar", raw: `a: "${"\\n".repeat(400_000)}` },
    { why: "tags", raw: "a: !!js/function 'function() {}'" },
    { why: "more than a megabyte", raw: `a: ${"x".repeat(1 << 20)}` },
  ])("$why: refused", async ({ raw }) => {
    expect((await send(raw)).code).toBeOneOf([400, 413, 422]);
  });

  test("large and right is taken", async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `  key-${i}: some text ${i}`);
    const { code, text: answer } = await send(
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: lines\ndata:\n${lines.join("\n")}\n`,
    );
    expect([code, code === 201 || answer]).toEqual([201, true]);
  });
});

describe("a watcher that does not read", () => {
  test("is cut off, and does not see what came after", async () => {
    await api.post(configMaps, configMap("busy", {}));
    const socket = await rawConnection();
    socket.write(`GET ${configMaps}?watch=true&fieldSelector=metadata.name=busy HTTP/1.1\r\nHost: a\r\n\r\n`);
    await once(socket, "data");
    socket.pause();
    const changes = 5500;
    const data = { text: "x".repeat(20_000) };
    for (let n = 0; n < changes; n++)
      await api.client.update(configMapType, {
        ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "busy", namespace: "default" } },
        ...{ data: { ...data, n: String(n) } },
      });
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString("latin1")));
    const answered = once(socket, "close");
    socket.resume();
    // It ends as a watch does: with the last chunk of the answer, after which the connection is kept.
    await expect.poll(() => received.endsWith("\r\n0\r\n\r\n") || socket.destroyed).toBe(true);
    socket.destroy();
    await answered;
    expect(received.split('"MODIFIED"').length).toBeLessThan(changes);
    await serves();
  });
});

describe("HTTP", () => {
  test.each([
    {
      why: "headers that are too large",
      bytes: `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(62_000)}\r\n\r\n`,
      code: 431,
    },
    { why: "a path that is too long", bytes: `GET /${"a".repeat(62_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, code: 431 },
    {
      why: "two lengths",
      bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      code: 400,
    },
    {
      why: "a length and chunks",
      bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      code: 400,
    },
    {
      why: "a chunk of no size",
      bytes: `POST ${configMaps} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      code: 400,
    },
    { why: "a header without a name", bytes: "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", code: 400 },
    { why: "a line feed in a header", bytes: "GET / HTTP/1.1\r\nHost: a\r\nX: a\nb: c\r\n\r\n", code: 400 },
    { why: "no host", bytes: "GET / HTTP/1.1\r\n\r\n", code: 400 },
    { why: "no HTTP", bytes: Buffer.from([0, 1, 2, 3, 13, 10, 13, 10]), code: 400 },
  ])("$why: $code", async ({ bytes, code }) => {
    expect(await sendRaw(bytes)).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
    await serves();
  });

  test.each([
    { path: "/api/v1/namespaces/%00", code: 404 },
    { path: `${configMaps}/..`, code: 400 },
    { path: `${configMaps}/a%25b`, code: 400 },
    { path: `${configMaps}/%2e%2e%2fsecrets`, code: 404 },
    { path: "/api/v1/../v1/namespaces", code: 404 },
    { path: `/api/v1/namespaces/${"a".repeat(5000)}`, code: 404 },
    { path: "/apis/__proto__/constructor/prototype", code: 404 },
    { path: "/openapi/v3/__proto__", code: 404 },
  ])("$path answers $code", async ({ path, code }) => {
    const answer = await sendRaw(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
  });

  test("an answer that comes before the whole body arrives all the same, over HTTP/2 too", async () => {
    const session = connectHttp2(api.api.url, identity);
    onTestFinished(() => {
      session.destroy();
    });
    const stream = session.request({ ":method": "POST", ":path": "/nowhere" });
    stream.end(Buffer.alloc(2 << 20));
    const answer = JSON.parse((await buffer(stream)).toString()) as object;
    expect(answer).toMatchObject({ kind: "Status", code: 405 });
  });

  test("a client that resets streams as fast as it opens them loses its connection", async () => {
    const socket = await rawConnection("h2");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
      const head = Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, 0]);
      head.writeUInt32BE(stream, 5);
      return Buffer.concat([head, payload]);
    };
    // GET https a / with fields of HPACK's static table (RFC 7541), and at once the end of it.
    const request = Buffer.from([0x82, 0x84, 0x87, 0x41, 0x01, 0x61]);
    const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
    const both = (stream: number): Buffer[] => [frame(1, 5, stream, request), frame(3, 0, stream, cancel)];
    socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0, Buffer.alloc(0))]));
    socket.write(Buffer.concat(Array.from({ length: 5000 }, (_, i) => both(2 * i + 1)).flat()));
    await closed;
    await serves();
  });

  test("a stranger gets one answer over HTTP/2, and no further stream", async () => {
    const session = connectHttp2(api.api.url, { ca: identity.ca });
    const stream = session.request({ ":path": configMaps });
    const [headers] = (await once(stream, "response")) as [Readonly<Record<string, unknown>>];
    expect(headers[":status"]).toBe(401);
    stream.resume();
    await once(session, "close");
  });
});

test("nothing of all this was an error of the server", () => {
  expect(api.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});
