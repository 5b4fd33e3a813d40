/**
 * A real server, and everything that can be sent to it, for FUZZ_SECONDS (20 where not set; `npm run test:fuzz`: 600):
 * it answers each request with something other than an error of its own, goes on, and does not grow.
 * FUZZ_SEED=N sends the same again.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { ClientHttp2Session } from "node:http2";
import { connect as connectHttp2 } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { asList, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../../formats/json-object.ts";
import { StowageServer } from "../lab/stowage.ts";
import type { RawBytes } from "./raw-bytes.ts";
import { rawBytes } from "./raw-bytes.ts";
import type { FuzzRequest, Resource } from "./requests.ts";
import { namespace, requestsTo } from "./requests.ts";

const seconds = Number(process.env["FUZZ_SECONDS"] ?? 20);
const seed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** How often everything that was made is deleted again. */
const batchesPerRound = 20;

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly retryAfter: string;
  readonly body: string;
}

let server: StowageServer;
let identity: { readonly ca: string; readonly cert: string; readonly key: string };
let agent: Agent;
let session: ClientHttp2Session | undefined;
let resources: readonly Resource[];

beforeAll(async () => {
  server = await StowageServer.start();
  const config = parse(await readFile(server.kubeconfig, "utf8")) as Kubeconfig;
  const decode = (base64: string): string => Buffer.from(base64, "base64").toString();
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  identity = {
    ca: decode(cluster["certificate-authority-data"]),
    cert: decode(user["client-certificate-data"]),
    key: decode(user["client-key-data"]),
  };
  agent = new Agent({ keepAlive: true, maxSockets: 16, ...identity });
  for (const crd of customKinds()) expect((await send(post(crds, crd))).code).toBe(201);
  resources = await served();
  await startAnew();
});
afterAll(async () => {
  session?.destroy();
  agent.destroy();
  await server[Symbol.asyncDispose]();
});

interface Kubeconfig {
  readonly clusters: [{ cluster: { server: string; "certificate-authority-data": string } }];
  readonly users: [{ user: { "client-certificate-data": string; "client-key-data": string } }];
}

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** One that takes anything, and one with rules, lists of all types and two versions. */
function customKinds(): readonly object[] {
  const define = (plural: string, kind: string, versions: readonly object[]): object => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.fuzz.example` },
    spec: { group: "fuzz.example", scope: "Namespaced", names: { plural, kind }, versions },
  });
  const version = (name: string, storage: boolean, spec: object): object => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: { type: "object", properties: { spec, status: anything } } },
    subresources: { status: {}, scale: { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n" } },
    additionalPrinterColumns: [{ name: "N", type: "integer", jsonPath: ".spec.n" }],
  });
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const item = { type: "object", required: ["k"], properties: { k: { type: "string" }, v: { type: "integer" } } };
  const strict = {
    type: "object",
    properties: {
      n: { type: "integer", default: 1, maximum: 10 },
      port: { "x-kubernetes-int-or-string": true },
      maybe: { type: "string", nullable: true, pattern: "^[a-z]*$" },
      map: { type: "array", items: item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] },
      set: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
      whole: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
      any: { type: "object", additionalProperties: { type: "string" } },
    },
    "x-kubernetes-validations": [{ rule: "!has(self.n) || self.n < 9", message: "n is too large" }],
  };
  return [
    define("loose", "Loose", [version("v1", true, anything)]),
    define("stricts", "Strict", [version("v1", true, strict), version("v1beta1", false, strict)]),
  ];
}

const post = (path: string, body: object): FuzzRequest => ({
  method: "POST",
  path,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify(body)),
  http2: false,
});
const get = async (path: string): Promise<JsonObject> => {
  const { body } = await send({ method: "GET", path, headers: {}, body: undefined, http2: false });
  return JSON.parse(body) as JsonObject;
};

/** Everything that is served, as discovery and OpenAPI have it. */
async function served(): Promise<readonly Resource[]> {
  const { paths } = (await get("/openapi/v3")) as { paths: Record<string, { serverRelativeURL: string }> };
  const groups = Object.keys(paths).map(async (path) => {
    const [{ resources: entries }, document] = await Promise.all([get(`/${path}`), get(`/openapi/v3/${path}`)]);
    const schemas = (document["components"] as JsonObject)["schemas"] as JsonObject;
    const [root, first = "", second] = path.split("/");
    const [group, version] = root === "api" ? ["", first] : [first, second ?? ""];
    const all = entries as readonly { name: string; kind: string; namespaced: boolean }[];
    const wholes = all.filter(({ name }) => !name.includes("/"));
    return wholes.map(({ name: plural, kind, namespaced }): Resource => {
      const below = all.filter(({ name }) => name.startsWith(`${plural}/`)).map(({ name }) => name.split("/")[1] ?? "");
      const isIt = (schema: unknown): boolean =>
        isJsonObject(schema) &&
        asList(schema["x-kubernetes-group-version-kind"]).some(
          (one) => isJsonObject(one) && one["kind"] === kind && one["group"] === group,
        );
      const schema = Object.values(schemas).find(isIt);
      return { group, version, plural, kind, namespaced, subresources: below, schemas, schema };
    });
  });
  return (await Promise.all(groups)).flat();
}

/** Deletes what was made, so that what is left of it is the server's own. */
async function startAnew(): Promise<void> {
  for (const { group, version, plural, namespaced } of resources) {
    const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    const path = namespaced
      ? `${root}/namespaces/${namespace}/${plural}`
      : `${root}/${plural}?labelSelector=fuzz%3Dtrue`;
    await send({ method: "DELETE", path, headers: {}, body: undefined, http2: false });
  }
  await send(post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }));
}

function send(request: FuzzRequest): Promise<Answer> {
  return request.http2 ? sendHttp2(request) : sendHttp1(request);
}

async function sendHttp1({ method, path, headers, body }: FuzzRequest): Promise<Answer> {
  // Node leaves it out for methods that seldom have a body.
  const length = body === undefined ? {} : { "content-length": String(body.length) };
  const request = httpsRequest(server.url + path, { method, agent, headers: { ...headers, ...length } });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const { statusCode: code = 0, headers: answered } = response;
  const [type = "", retryAfter = ""] = [answered["content-type"], answered["retry-after"]];
  return { code, type, retryAfter, body: contentOf(await buffer(response), answered["content-encoding"]) };
}

async function sendHttp2({ method, path, headers, body }: FuzzRequest): Promise<Answer> {
  if (session === undefined || session.closed || session.destroyed) {
    session = connectHttp2(server.url, identity);
    session.on("error", () => undefined); // the streams say so
  }
  const stream = session.request({ ...headers, ":method": method, ":path": path }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  // Read from the start: a whole answer may have come and gone before whoever waits for its beginning runs.
  const [[answered], bytes] = (await Promise.all([once(stream, "response"), buffer(stream)])) as [
    [Readonly<Record<string, string | number | undefined>>],
    Buffer,
  ];
  const header = (name: string): string => String(answered[name] ?? "");
  const content = contentOf(bytes, header("content-encoding"));
  return {
    code: Number(answered[":status"]),
    type: header("content-type"),
    retryAfter: header("retry-after"),
    body: content,
  };
}

function contentOf(bytes: Buffer, encoding: string | undefined): string {
  return (encoding === "gzip" && bytes.length > 0 ? gunzipSync(bytes) : bytes).toString();
}

/** Sends the pieces and the end of them; what comes back until the server closes. */
async function sendRaw({ protocol, pieces }: RawBytes): Promise<string> {
  const { port } = new URL(server.url);
  const socket = connectTls({ ...identity, port: Number(port), host: "127.0.0.1", ALPNProtocols: [protocol] });
  const failed = once(socket, "error").then(() => "");
  await Promise.race([once(socket, "secureConnect"), failed]);
  for (const piece of pieces) if (!socket.destroyed) socket.write(piece);
  socket.end();
  return Promise.race([text(socket).catch(() => ""), failed]);
}

/**
 * What upstream answers from 500 on as well: 504 for a resourceVersion that is too large and for ?timeout=, and 500 for
 * the scale of a custom resource that has no replicas (scaleFromCustomResource in customresource/etcd.go).
 */
function isExpected({ method, path }: FuzzRequest, { code, body, retryAfter }: Answer): boolean {
  if (code === 429) return retryAfter !== "";
  if (code === 504) return method === "HEAD" || /"?reason"?: ?"?Timeout/.test(body);
  if (code === 500 && path.includes("/scale")) return method === "HEAD" || body.includes("does not exist");
  return code < 500;
}

const shownOf = ({ http2, method, path, headers, body }: FuzzRequest): string =>
  `HTTP/${http2 ? 2 : 1} ${method} ${path} ${JSON.stringify(headers)} ${body?.toString() ?? ""}`.slice(0, 5000);

function check(request: FuzzRequest, answer: Answer): void {
  const shown = `${answer.code} for ${shownOf(request)}`;
  expect(isExpected(request, answer), `${answer.body} is the answer, ${shown}`).toBe(true);
  if (answer.type !== "application/json" || request.method === "HEAD") return;
  // The lines of a watch have one object each; one object that is pretty has many lines.
  const isWatch = answer.code === 200 && request.path.includes("watch=true") && !answer.body.startsWith("{\n");
  for (const line of isWatch ? answer.body.split("\n").filter((one) => one !== "") : [answer.body]) {
    const value = parsed(line, shown);
    if (answer.code >= 400)
      expect(value, shown).toMatchObject({ kind: "Status", status: "Failure", code: answer.code });
  }
}

function parsed(line: string, request: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Error(`${JSON.stringify(line.slice(0, 1000))} is no JSON, for ${request}`, { cause: error });
  }
}

const megabytes = async (): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** fast-check's own has the whole batch, which is long; the error has the one request that matters. */
async function report<T>({ failed, errorInstance, counterexamplePath }: fc.RunDetails<T>): Promise<void> {
  if (!failed) return;
  const exited = server.log.slice(-2000);
  throw new Error(`FUZZ_SEED=${seed} (${counterexamplePath ?? ""}) found it. The server's log ends:\n${exited}`, {
    cause: errorInstance,
  });
}

test(
  "whatever is sent, the server answers, goes on, and does not grow",
  async () => {
    const codes = new Map<number, number>();
    const sizes: number[] = [];
    const counts = { batches: 0, requests: 0, raw: 0, slowestMs: 0 };
    const tried = async (request: FuzzRequest): Promise<void> => {
      const began = performance.now();
      const answer = await send(request).catch((error: unknown) => {
        throw new Error(`no answer for ${shownOf(request)}`, { cause: error });
      });
      counts.slowestMs = Math.max(counts.slowestMs, performance.now() - began);
      counts.requests += 1;
      codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
      check(request, answer);
    };
    const batch = fc.record({
      requests: fc.array(requestsTo(resources), { minLength: 1, maxLength: 40, size: "max" }),
      raw: fc.array(rawBytes, { maxLength: 2 }),
    });
    console.log(`FUZZ_SEED=${seed} FUZZ_SECONDS=${seconds}`);
    await fc.assert(
      fc.asyncProperty(batch, async ({ requests, raw }) => {
        const answers = await Promise.all([Promise.all(raw.map(sendRaw)), ...requests.map(tried)]);
        for (const answer of answers[0]) expect(answer).not.toMatch(/^HTTP\/1\.1 5/m);
        counts.raw += raw.length;
        counts.batches += 1;
        sizes.push(await megabytes());
        if (counts.batches % batchesPerRound === 0) await startAnew();
      }),
      { seed, numRuns: 1e9, interruptAfterTimeLimit: seconds * 1000, endOnFailure: true, asyncReporter: report },
    );
    expect((await get("/version"))["major"]).toBe("1");
    expect(server.log.split("\n").filter((line) => line.includes(" error "))).toEqual([]);
    const quarter = Math.ceil(sizes.length / 4);
    const [early, late] = [median(sizes.slice(quarter - 1, 2 * quarter)), median(sizes.slice(-quarter))];
    const all = Object.fromEntries([...codes].toSorted(([a], [b]) => a - b));
    console.log(JSON.stringify({ ...counts, codes: all, megabytes: { early, late } }));
    expect(late).toBeLessThan(1.5 * early + 64);
  },
  2 * seconds * 1000 + 120_000,
);
