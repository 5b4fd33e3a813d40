/** The wire: who may ask, in which form, over which protocol, and how it ends. */
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { ensureCertificates } from "../../api/auth/certificates.ts";
import { ApiError } from "../../api/status.ts";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open({
    "containers.stowage.dev/log": async function* (object, query) {
      if (query.has("refuse"))
        throw new ApiError("BadRequest", `container "${object.metadata.name}" is waiting to start`);
      yield Buffer.from(`${object.metadata.name} says\n`);
      yield Buffer.from("hello\n");
    },
  });
});
afterAll(() => api[Symbol.asyncDispose]());

const configMaps = "/api/v1/namespaces/default/configmaps";
const containers = "/apis/stowage.dev/v1alpha1/namespaces/default/containers";

describe("who asks", () => {
  test("a stranger gets 401, except for version and health", async () => {
    for (const path of ["/api", "/apis", "/openapi/v3", configMaps, "/nowhere", "/", "/metrics", "/readyz/store"]) {
      const { code, body } = await api.request("GET", path, { anonymous: true });
      expect(code).toBe(401);
      expect(body).toMatchObject({ kind: "Status", reason: "Unauthorized", message: "Unauthorized" });
    }
    for (const path of ["/version", "/healthz", "/livez", "/readyz"])
      expect((await api.request("GET", path, { anonymous: true })).code).toBe(200);
  });

  test("a certificate of another authority, or one that has expired, is a stranger's", async () => {
    const folder = await mkdtemp(join(tmpdir(), "stowage-foreign-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { admin: foreign } = await ensureCertificates(join(folder, "other"), "127.0.0.1", new Date());
    await mkdir(join(folder, "same", "pki"), { recursive: true });
    for (const file of ["ca.crt", "ca.key"])
      await copyFile(join(api.dataDir, "pki", file), join(folder, "same", "pki", file));
    const years = 2 * 365 * 24 * 60 * 60 * 1000;
    const longAgo = new Date(Date.now() - years);
    const { admin: expired } = await ensureCertificates(join(folder, "same"), "127.0.0.1", longAgo);
    for (const as of [foreign, expired]) expect((await api.request("GET", configMaps, { as })).code).toBe(401);
  });

  test("keys and kubeconfig are for their owner only", async () => {
    const files = ["ca.key", "ca.crt", "server.key", "admin.key", "admin.crt"].map((name) => join("pki", name));
    for (const file of [...files, "admin.kubeconfig"])
      expect((await stat(join(api.dataDir, file))).mode & 0o777).toBe(0o600);
  });

  test("the kubeconfig has all that a client needs", async () => {
    const data = expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) as string;
    expect(parse(await readFile(api.kubeconfig, "utf8"))).toMatchObject({
      clusters: [{ cluster: { server: api.api.url, "certificate-authority-data": data } }],
      users: [{ user: { "client-certificate-data": data, "client-key-data": data } }],
    });
  });
});

describe("version and health", () => {
  test("version is one that kubectl knows", async () => {
    const { body } = await api.get("/version");
    expect(body).toMatchObject({ major: "1", minor: "32", gitVersion: expect.stringMatching(/^v1\.32\.0/) as string });
  });

  test("health says what was looked at when asked", async () => {
    expect((await api.get("/healthz")).text).toBe("ok");
    expect((await api.get("/readyz?verbose")).text).toBe(
      "[+]ping ok\n[+]store ok\n[+]shutdown ok\nreadyz check passed\n",
    );
    expect((await api.get("/livez/nothing")).code).toBe(404);
  });
});

describe("what there is not", () => {
  test.each([
    { method: "GET", path: "/nowhere", code: 404 },
    { method: "GET", path: "/api/v2", code: 404 },
    { method: "GET", path: "/apis/stowage.dev/v1alpha1/ships", code: 404 },
    { method: "GET", path: "/apis/stowage.dev/v1alpha1/namespaces/default/hosts", code: 404 },
    { method: "GET", path: "/apis/stowage.dev/v1alpha1/containers/web", code: 404 },
    { method: "PUT", path: configMaps, code: 405 },
    { method: "POST", path: `${configMaps}/a`, code: 405 },
    { method: "BREW", path: `${configMaps}/a`, code: 400 },
    { method: "POST", path: "/api", code: 405 },
  ])("$method $path answers $code", async ({ method, path, code }) => {
    // Node's parser itself refuses methods that it does not know.
    const answer = await api.request(method, path, { body: {} }).catch(() => ({ code: 400, body: {} }));
    expect(answer.code).toBe(code);
    if (code === 404)
      expect(answer.body).toMatchObject({
        kind: "Status",
        reason: "NotFound",
        message: "the server could not find the requested resource",
      });
  });

  test("a custom object has no subresource that its kind does not name", async () => {
    expect((await api.get(`${containers}/web/exec`)).body).toMatchObject({
      reason: "NotFound",
      message: 'containers.stowage.dev "web" not found',
      code: 404,
    });
  });

  test.each(["/api/v1/namespaces/%zz/configmaps", "/%", `${configMaps}/%E0%A4%A`])("%s answers 400", async (path) => {
    expect((await api.get(path)).code).toBe(400);
  });

  test("a name with a slash in it is a name that nothing has", async () => {
    expect((await api.get(`${configMaps}/a%2Fb`)).code).toBe(404);
  });

  test("a huge query is no reason to fail", async () => {
    expect((await api.get(`${configMaps}?labelSelector=a%20in%20(${"b,".repeat(3000)}b)`)).code).toBe(200);
  });
});

describe("forms", () => {
  const object = (name: string): object => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name },
    data: { a: "1" },
  });
  beforeAll(() => api.post(configMaps, object("form")));

  test("a Table has the columns of kubectl get", async () => {
    const accept =
      "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    const { body } = await api.get(`${configMaps}/form`, { accept });
    expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    expect(body.rows[0]).toMatchObject({
      cells: ["form", 1, expect.any(String)],
      object: { kind: "PartialObjectMetadata", metadata: { name: "form" } },
    });
    const whole = await api.get(`${configMaps}?includeObject=Object`, { accept });
    const row = whole.body.rows.find(({ object }) => object.metadata.name === "form");
    expect(row?.object.data).toEqual({ a: "1" });
    expect((await api.get(`${configMaps}?includeObject=Half`, { accept })).code).toBe(400);
  });

  test("metadata alone, where that is enough", async () => {
    const one = await api.get(`${configMaps}/form`, {
      accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    });
    expect(one.body).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "form" } });
    expect(one.body.data).toBeUndefined();
    const all = await api.get(configMaps, {
      accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    });
    expect(all.body.kind).toBe("PartialObjectMetadataList");
    for (const item of all.body.items) expect(Object.keys(item)).toEqual(["kind", "apiVersion", "metadata"]);
  });

  test("YAML, both ways", async () => {
    const raw = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: yes please\n";
    const { code, text, headers } = await api.request("POST", configMaps, {
      raw,
      headers: { "content-type": "application/yaml", accept: "application/yaml" },
    });
    expect(code).toBe(201);
    expect(headers["content-type"]).toBe("application/yaml");
    expect(parse(text)).toMatchObject({ kind: "ConfigMap", data: { a: "yes please" } });
  });

  test("JSON where protobuf would be liked better", async () => {
    const { code, headers } = await api.get(configMaps, {
      accept: "application/vnd.kubernetes.protobuf,application/json",
    });
    expect(code).toBe(200);
    expect(headers["content-type"]).toBe("application/json");
  });

  test("406 for forms that there are not", async () => {
    const { code, body } = await api.get(configMaps, { accept: "application/vnd.kubernetes.protobuf" });
    expect(code).toBe(406);
    expect(body).toMatchObject({
      reason: "NotAcceptable",
      message: "only the following media types are accepted: application/json, application/yaml",
    });
  });

  test("415 for bodies that it cannot read", async () => {
    const answer = await api.request("POST", configMaps, {
      raw: "k8s",
      headers: { "content-type": "application/xml" },
    });
    expect(answer.body).toMatchObject({ code: 415, reason: "UnsupportedMediaType" });
    await api.post(configMaps, object("apply"));
    const apply = await api.request("PATCH", `${configMaps}/apply`, {
      raw: "{}",
      headers: { "content-type": "application/other-patch+yaml" },
    });
    expect(apply.body).toMatchObject({ code: 415, reason: "UnsupportedMediaType" });
  });

  test("pretty, for people", async () => {
    expect((await api.get(`${configMaps}/form?pretty=true`)).text).toContain('\n  "kind": "ConfigMap"');
  });
});

describe("bodies", () => {
  test.each([
    { why: "letters that a header has no place for", field: "日本" },
    { why: "control characters", field: "a\u007fb\u0085" },
  ])("warns of unknown fields with $why", async ({ field }) => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "odd-" }, [field]: 1 };
    const { code, headers } = await api.post("/api/v1/namespaces/default/configmaps", object);
    expect(code).toBe(201);
    const shown = field.replace(/\p{Cc}/gu, "?");
    expect(Buffer.from(String(headers["warning"]), "latin1").toString()).toContain(shown);
  });

  test("warns of many unknown fields no longer than a client can take", async () => {
    const unknown = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, i]));
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "odd-" }, ...unknown };
    const { code, headers } = await api.post("/api/v1/namespaces/default/configmaps", object);
    expect(code).toBe(201);
    expect(headers["warning"]).toContain("field0");
  });

  test("deletes nothing under a condition that cannot be read", async () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "conditional" } };
    await api.post("/api/v1/namespaces/default/configmaps", object);
    const path = "/api/v1/namespaces/default/configmaps/conditional";
    expect((await api.delete(path, { preconditions: "uid" })).code).toBe(400);
    expect((await api.get(path)).code).toBe(200);
  });

  test.each([
    { why: "that are no JSON", raw: "{" },
    { why: "that are empty", raw: "" },
    { why: "that are nested beyond reason", raw: "[".repeat(100_000) },
    { why: "that are no object", raw: '"text"' },
    { why: "that are no UTF-8", raw: Buffer.from([0xff, 0xfe, 0x00]) },
  ])("$why answer 400", async ({ raw }) => {
    expect((await api.request("POST", configMaps, { raw, headers: { "content-type": "application/json" } })).code).toBe(
      400,
    );
  });

  test("of more than 3 MiB answer 413, and the connection goes on", async () => {
    const raw = JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "big" },
      data: { a: "x".repeat(10 << 20) },
    });
    const { code, body } = await api.request("POST", configMaps, { raw });
    expect(code).toBe(413);
    expect(body).toMatchObject({
      reason: "RequestEntityTooLarge",
      message: "Request entity too large: limit is 3145728",
    });
    expect((await api.get("/version")).code).toBe(200);
  });

  test("that the store does not take answer 413 as well", async () => {
    const annotations = { a: "x".repeat(200_000) };
    const spec = { image: "busybox", args: Array.from({ length: 20 }, () => "x".repeat(100_000)) };
    const { code } = await api.post(containers, {
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Container",
      metadata: { name: "big", annotations },
      spec,
    });
    expect(code).toBe(413);
  });
});

describe("discovery", () => {
  test("in one document, or in many", async () => {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    const groups = await api.get("/apis", { accept });
    expect(groups.headers["content-type"]).toContain("as=APIGroupDiscoveryList");
    expect(groups.body.items.map(({ metadata }) => metadata.name)).toContain("stowage.dev");
    const { etag } = groups.headers;
    expect((await api.get("/apis", { accept, "if-none-match": etag ?? "" })).code).toBe(304);
    expect((await api.get("/apis")).body.kind).toBe("APIGroupList");
    expect((await api.get("/api")).body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
    const resources = (await api.get("/apis/stowage.dev/v1alpha1")).body.resources.map(({ name }) => name);
    expect(resources).toEqual(expect.arrayContaining(["containers", "containers/status", "containers/log", "hosts"]));
  });

  test("OpenAPI v3 by group and version, named by hash", async () => {
    const { paths } = (await api.get("/openapi/v3")).body;
    const url = paths["apis/stowage.dev/v1alpha1"]?.serverRelativeURL ?? "";
    const { code, body, headers } = await api.get(url);
    expect(code).toBe(200);
    expect(Object.keys(body.paths as object)).toContain(
      "/apis/stowage.dev/v1alpha1/namespaces/{namespace}/containers/{name}",
    );
    expect(headers["cache-control"]).toContain("immutable");
    expect((await api.get("/openapi/v3/apis/nothing/v1")).code).toBe(404);
    expect((await api.get("/openapi/v2")).body).toMatchObject({ swagger: "2.0" });
  });
});

describe("logs of a container", () => {
  test("stream as text, and refuse like pods/log", async () => {
    await api.post(containers, {
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Container",
      metadata: { name: "web" },
      spec: { image: "a" },
    });
    const { code, text, headers } = await api.get(`${containers}/web/log`);
    expect([code, text]).toEqual([200, "web says\nhello\n"]);
    expect(headers["content-type"]).toContain("text/plain");
    const refused = await api.get(`${containers}/web/log?refuse=1`);
    expect(refused.body).toMatchObject({ code: 400, message: 'container "web" is waiting to start' });
    expect((await api.get(`${containers}/none/log`)).code).toBe(404);
    expect((await api.post(`${containers}/web/log`, {})).code).toBe(405);
  });
});

describe("protocols", () => {
  test("HTTP/2 on the same port, many requests on one connection", async () => {
    expect((await api.getHttp2("/version")).body).toMatchObject({ major: "1" });
    const { code, body } = await api.getHttp2(configMaps);
    expect([code, body.kind]).toEqual([200, "ConfigMapList"]);
  });

  test("a client that speaks no TLS, or none that we know, harms nobody", async () => {
    const { port } = new URL(api.api.url);
    const plain = await fetch(`http://127.0.0.1:${port}/version`).catch((error: unknown) => error);
    expect(plain).toBeInstanceOf(Error);
    const garbage = connectTls({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
    await once(garbage, "secureConnect");
    garbage.write("not http at all\r\n\r\n");
    await once(garbage.resume(), "close");
    expect((await api.get("/version")).code).toBe(200);
  });
});

describe("stopping", () => {
  test("ends watches, lets go of connections, and frees the port", async () => {
    const own = await ApiOverHttps.open();
    const watch = await own.watch("/api/v1/configmaps?watch=true");
    const { ca, cert, key } = {
      ca: await readFile(join(own.dataDir, "pki", "ca.crt")),
      cert: await readFile(join(own.dataDir, "pki", "admin.crt")),
      key: await readFile(join(own.dataDir, "pki", "admin.key")),
    };
    const session = connect(own.api.url, { ca, cert, key });
    const stream = session.request({ ":path": "/api/v1/secrets?watch=true" });
    await once(stream, "response");
    const closed = once(session, "close");
    await own.api[Symbol.asyncDispose]();
    expect(await watch.rest()).toEqual([]);
    await closed;
    await own[Symbol.asyncDispose]();
  });
});

test("nothing of all this was an error of the server", () => {
  expect(api.log.lines.filter(({ level }) => level === "error")).toEqual([]);
});
