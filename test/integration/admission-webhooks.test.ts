/** Admission webhooks: real https servers that the API asks before it writes. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Webhook } from "../lab/webhook.ts";
import { startWebhook } from "../lab/webhook.ts";
import type { Answer, Json } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";

/** AdmissionReview as a webhook gets it. */
interface Review {
  readonly kind: string;
  readonly apiVersion: string;
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly name?: string;
    readonly namespace?: string;
    readonly subResource?: string;
    readonly dryRun: boolean;
    readonly userInfo: { readonly username: string; readonly groups: readonly string[] };
    readonly kind: object;
    readonly resource: { readonly resource: string };
    readonly options: { readonly kind: string };
    readonly object: { readonly metadata: Record<string, unknown>; readonly [key: string]: unknown } | null;
    readonly oldObject: { readonly metadata: Record<string, unknown> } | null;
  };
}

type Answering = (review: Review, request: IncomingMessage, response: ServerResponse) => unknown;

const reviewed = (review: Review, response: object): object => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  response: { uid: review.request.uid, ...response },
});
const allow: Answering = (review) => reviewed(review, { allowed: true });
const deny: Answering = (review) => reviewed(review, { allowed: false, status: { message: "not on my watch" } });
const patchWith =
  (...operations: readonly object[]): Answering =>
  (review) =>
    reviewed(review, {
      allowed: true,
      patchType: "JSONPatch",
      patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
    });

const group = "/apis/admissionregistration.k8s.io/v1";
const configMaps = "/api/v1/namespaces/default/configmaps";

let folder: string;
let api: ApiOverHttps;
let server: Webhook;
let answers: Record<string, Answering> = {};
/** The questions of this test, by the path that they were asked at. */
let asked: { readonly path: string; readonly review: Review; readonly headers: IncomingMessage["headers"] }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-admission-"));
  [api, server] = await Promise.all([
    ApiOverHttps.open(),
    startWebhook(folder, (body, request, response) => {
      const path = (request.url ?? "").split("?", 1)[0] ?? "";
      asked.push({ path, review: body as Review, headers: request.headers });
      return (answers[path] ?? allow)(body as Review, request, response);
    }),
  ]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const plural of ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
    await api.delete(`${group}/${plural}`);
  for (const { metadata } of (await api.get(configMaps)).body.items) await api.delete(`${configMaps}/${metadata.name}`);
  answers = {};
  asked = [];
});

const at = (path: string): { url: string; caBundle: string } => ({
  ...server.clientConfig,
  url: new URL(path, server.clientConfig.url).href,
});

const onConfigMaps = [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }];

const webhook = (path: string, more: object = {}): object => ({
  name: `${path.slice(1)}.example.com`,
  clientConfig: at(path),
  rules: onConfigMaps,
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  ...more,
});

/** From the next request on. */
async function configure(kind: "Mutating" | "Validating", name: string, ...webhooks: readonly object[]): Promise<Json> {
  const { code, body } = await api.post(`${group}/${kind.toLowerCase()}webhookconfigurations`, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: `${kind}WebhookConfiguration`,
    metadata: { name },
    webhooks,
  });
  expect({ code, message: body.message }).toEqual({ code: 201, message: undefined });
  return body;
}

const createConfigMap = (name: string, more: object = {}, query = ""): Promise<Answer> =>
  api.post(`${configMaps}${query}`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name },
    data: { x: "1" },
    ...more,
  });

const outcome = ({ code, body: { message, reason } }: Answer) => ({ code, message, reason });

describe("a mutating webhook", () => {
  test("changes what is created, and is told all about the request", async () => {
    answers["/label"] = patchWith({ op: "add", path: "/metadata/labels", value: { touched: "yes" } });
    await configure("Mutating", "label", webhook("/label"));
    const { code, body } = await createConfigMap("a");
    expect(code).toBe(201);
    expect(body.metadata.labels).toEqual({ touched: "yes" });
    expect((await api.get(`${configMaps}/a`)).body.metadata.labels).toEqual({ touched: "yes" });
    const [question] = asked;
    expect(question?.headers).toMatchObject({ "content-type": "application/json", accept: "application/json, */*" });
    expect(question?.headers["authorization"]).toBeUndefined();
    expect(question?.review).toMatchObject({
      kind: "AdmissionReview",
      apiVersion: "admission.k8s.io/v1",
      request: {
        kind: { group: "", version: "v1", kind: "ConfigMap" },
        resource: { group: "", version: "v1", resource: "configmaps" },
        requestKind: { group: "", version: "v1", kind: "ConfigMap" },
        requestResource: { group: "", version: "v1", resource: "configmaps" },
        name: "a",
        namespace: "default",
        operation: "CREATE",
        userInfo: { groups: expect.arrayContaining(["system:masters"]) as unknown },
        object: {
          kind: "ConfigMap",
          apiVersion: "v1",
          metadata: { name: "a", namespace: "default" },
          data: { x: "1" },
        },
        oldObject: null,
        dryRun: false,
        options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
      },
    });
  });

  test("is told no name that the server made up, and asked once whatever the name", async () => {
    await configure("Mutating", "named", webhook("/named"));
    await configure("Validating", "named", webhook("/named"));
    const { body } = await api.post(configMaps, { metadata: { generateName: "x-" } });
    expect(body.metadata.name).toMatch(/^x-[a-z0-9]{5}$/);
    expect(asked.map(({ review: { request } }) => [request.name, request.object?.metadata["name"]])).toEqual([
      [undefined, undefined],
      [undefined, body.metadata.name],
    ]);
  });

  test("sees what it changes in an update, and what was there", async () => {
    await createConfigMap("a");
    answers["/update"] = patchWith({ op: "replace", path: "/data/x", value: "3" });
    await configure("Mutating", "update", webhook("/update"));
    const { code, body } = await api.patch(`${configMaps}/a`, { data: { x: "2" } });
    expect({ code, data: body.data }).toEqual({ code: 200, data: { x: "3" } });
    expect(asked[0]?.review.request).toMatchObject({
      operation: "UPDATE",
      name: "a",
      object: { data: { x: "2" } },
      oldObject: { data: { x: "1" } },
      options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" },
    });
  });

  test("is asked in the order of names, and again where it wants to be", async () => {
    answers["/second"] = patchWith({ op: "add", path: "/data/second", value: "here" });
    answers["/first"] = (review, ...rest) => {
      const seen = Object.keys(review.request.object?.["data"] ?? {}).join();
      return patchWith({ op: "add", path: "/data/first", value: seen })(review, ...rest);
    };
    await configure("Mutating", "b", webhook("/second"));
    await configure("Mutating", "a", webhook("/first", { reinvocationPolicy: "IfNeeded" }));
    const { body } = await createConfigMap("a");
    expect(asked.map(({ path }) => path)).toEqual(["/first", "/second", "/first"]);
    expect(body.data).toEqual({ x: "1", second: "here", first: "x,first,second" });
  });

  test("cannot put in what the kind does not know, nor move the object to another namespace", async () => {
    answers["/fields"] = patchWith({ op: "add", path: "/foo", value: 1 }, { op: "add", path: "/data/y", value: "2" });
    await configure("Mutating", "fields", webhook("/fields"));
    const { body } = await createConfigMap("a");
    expect(body).not.toHaveProperty("foo");
    expect(body.data).toEqual({ x: "1", y: "2" });
    answers["/fields"] = patchWith({ op: "add", path: "/metadata/namespace", value: "kube-system" });
    expect(outcome(await createConfigMap("b"))).toEqual({
      code: 400,
      message: "the namespace of the provided object does not match the namespace sent on the request",
      reason: "BadRequest",
    });
  });

  test.each([
    [
      "no JSON patch",
      { a: 1 },
      "received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch",
    ],
    [
      "a patch that pollutes",
      [{ op: "add", path: "/data", value: JSON.parse('{"__proto__":{"x":"y"}}') as unknown }],
      "received undecodable patch in webhook response:",
    ],
  ])("with %s fails", async (_, patch, message) => {
    answers["/bad"] = (review) =>
      reviewed(review, {
        allowed: true,
        patchType: "JSONPatch",
        patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
      });
    await configure("Mutating", "bad", webhook("/bad"));
    const { code, body } = await createConfigMap("a");
    expect(code).toBe(500);
    expect(body.message).toContain(`Internal error occurred: failed calling webhook "bad.example.com": ${message}`);
  });

  test("whose patch does not apply fails, whatever its failurePolicy", async () => {
    answers["/missing"] = patchWith({ op: "remove", path: "/data/none" });
    await configure("Mutating", "missing", webhook("/missing", { failurePolicy: "Ignore" }));
    const { code, body } = await createConfigMap("a");
    expect(code).toBe(500);
    expect(body.message).toContain("Internal error occurred: remove operation does not apply");
  });
});

describe("a validating webhook", () => {
  test.each([
    [
      "a message",
      { message: "no way" },
      400,
      'admission webhook "deny.example.com" denied the request: no way',
      undefined,
    ],
    [
      "a code and a reason",
      { message: "pay first", code: 402, reason: "Payment" },
      402,
      'admission webhook "deny.example.com" denied the request: pay first',
      "Payment",
    ],
    [
      "a reason only",
      { reason: "Because" },
      400,
      'admission webhook "deny.example.com" denied the request: Because',
      "Because",
    ],
    [
      "nothing",
      undefined,
      400,
      'admission webhook "deny.example.com" denied the request without explanation',
      undefined,
    ],
    [
      "success",
      { status: "Success", code: 200 },
      400,
      'admission webhook "deny.example.com" denied the request without explanation',
      undefined,
    ],
  ])("denies with %s", async (_, status, code, message, reason) => {
    answers["/deny"] = (review) => reviewed(review, { allowed: false, ...(status === undefined ? {} : { status }) });
    await configure("Validating", "deny", webhook("/deny"));
    const answer = await createConfigMap("a");
    expect(outcome(answer)).toEqual({ code, message, reason });
    expect(answer.body).toMatchObject({ kind: "Status", status: "Failure" });
    expect((await api.get(`${configMaps}/a`)).code).toBe(404);
  });

  test("tells the client warnings, whatever it decides", async () => {
    const warnings = ["look out", 'the "second"'];
    answers["/warn"] = (review) => reviewed(review, { allowed: true, warnings, auditAnnotations: { k: "v" } });
    await configure("Validating", "warn", webhook("/warn"));
    const { code, headers } = await createConfigMap("a");
    expect(code).toBe(201);
    expect(headers["warning"]).toBe('299 - "look out", 299 - "the \\"second\\""');
  });

  test("sees each object of a deletion, and what of it is to go", async () => {
    for (const name of ["a", "b"]) await createConfigMap(name, { metadata: { name, labels: { gone: "soon" } } });
    answers["/keep"] = (review, ...rest) => (review.request.name === "b" ? deny : allow)(review, ...rest);
    await configure("Validating", "keep", webhook("/keep"));
    const { code, body } = await api.delete(`${configMaps}?labelSelector=gone`);
    expect({ code, message: body.message }).toEqual({
      code: 400,
      message: 'admission webhook "keep.example.com" denied the request: not on my watch',
    });
    expect(
      asked.map(({ review: { request } }) => [
        request.operation,
        request.name,
        request.object,
        request.oldObject?.metadata["name"],
      ]),
    ).toEqual(
      expect.arrayContaining([
        ["DELETE", "a", null, "a"],
        ["DELETE", "b", null, "b"],
      ]) as unknown,
    );
    expect((await api.get(`${configMaps}/a`)).code).toBe(404);
    expect((await api.get(`${configMaps}/b`)).code).toBe(200);
  });

  test("may not change anything", async () => {
    answers["/patch"] = patchWith({ op: "add", path: "/data/y", value: "2" });
    await configure("Validating", "patch", webhook("/patch"));
    expect((await createConfigMap("a")).body.message).toBe(
      'Internal error occurred: failed calling webhook "patch.example.com": received invalid webhook response: validating webhook may not return response.patch',
    );
  });

  test("is asked once where it denies an update", async () => {
    await createConfigMap("a");
    answers["/deny"] = deny;
    await configure("Validating", "deny", webhook("/deny"));
    expect((await api.patch(`${configMaps}/a`, { data: { x: "2" } })).code).toBe(400);
    expect(asked).toHaveLength(1);
  });

  test("is asked about a dry run too, and told so", async () => {
    await configure("Validating", "dry", webhook("/dry"));
    expect((await createConfigMap("a", {}, "?dryRun=All")).code).toBe(201);
    expect(asked[0]?.review.request).toMatchObject({ dryRun: true, options: { dryRun: ["All"] } });
    expect((await api.get(`${configMaps}/a`)).code).toBe(404);
  });
});

describe("a webhook that gives no answer of use", () => {
  const call = 'failed calling webhook "odd.example.com": ';
  test.each<readonly [string, Answering, string]>([
    [
      "HTML",
      (_, __, response) => void response.end("<html>"),
      `${call}failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal string`,
    ],
    [
      "nothing",
      (_, __, response) => void response.end(),
      `${call}failed to call webhook: 0-length response with status code: 200 and content type: application/json`,
    ],
    [
      "a list",
      () => [],
      `${call}failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal array`,
    ],
    [
      "another kind",
      () => ({ apiVersion: "v1", kind: "Pod" }),
      `${call}failed to call webhook: no kind "Pod" is registered for version "v1" in scheme`,
    ],
    [
      "no response",
      () => ({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" }),
      `${call}received invalid webhook response: webhook response was absent`,
    ],
    [
      "another uid",
      (review) => reviewed(review, { allowed: true, uid: "abc" }),
      `${call}received invalid webhook response: expected response.uid="`,
    ],
    [
      "no kind",
      (review) => ({ response: { uid: review.request.uid, allowed: true } }),
      `${call}received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=`,
    ],
    [
      "text for a bool",
      (review) => reviewed(review, { allowed: "yes" }),
      `${call}failed to call webhook: v1.AdmissionReview.response.allowed: `,
    ],
    [
      "500",
      () => {
        throw new Error("boom");
      },
      `${call}failed to call webhook: an error on the server ("boom") has prevented the request from succeeding`,
    ],
    [
      "404",
      (_, __, response) => void response.writeHead(404, { "content-type": "text/plain" }).end("?"),
      `${call}failed to call webhook: the server could not find the requested resource`,
    ],
    [
      "a redirect",
      (_, __, response) => void response.writeHead(307, { location: "/elsewhere" }).end(),
      `${call}failed to call webhook: the server responded with the status code 307`,
    ],
    [
      "too much",
      (_, __, response) => void response.end("x".repeat(5_000_000)),
      `${call}failed to call webhook: Post "`,
    ],
    ["a cut connection", (_, request) => void request.socket.destroy(), `/odd?timeout=10s": EOF`],
  ])("(%s) fails the request, or not, as its failurePolicy says", async (_, answer, message) => {
    answers["/odd"] = answer;
    await configure("Validating", "odd", webhook("/odd"));
    const failed = await createConfigMap("a");
    expect(outcome(failed)).toMatchObject({ code: 500, reason: "InternalError" });
    expect(failed.body.message).toContain(message);
    expect(asked.some(({ path }) => path === "/elsewhere")).toBe(false);
    await api.delete(`${group}/validatingwebhookconfigurations/odd`);
    await configure("Validating", "odd", webhook("/odd", { failurePolicy: "Ignore" }));
    expect((await createConfigMap("a")).code).toBe(201);
  });

  test("(nothing, ever) is waited for as long as it may take, by nobody else", async () => {
    answers["/hang"] = () => undefined;
    await configure("Mutating", "hang", webhook("/hang", { timeoutSeconds: 1 }));
    const waiting = createConfigMap("a");
    expect(
      (await api.post("/api/v1/namespaces/default/secrets", { metadata: { name: `s-${asked.length}` } })).code,
    ).toBe(201);
    expect((await waiting).body.message).toBe(
      `Internal error occurred: failed calling webhook "hang.example.com": failed to call webhook: Post "${at("/hang").url}?timeout=1s": context deadline exceeded`,
    );
  });

  test("(its certificate is not trusted) is not asked", async () => {
    await configure("Validating", "untrusted", webhook("/untrusted", { clientConfig: { url: at("/untrusted").url } }));
    expect((await createConfigMap("a")).body.message).toBe(
      `Internal error occurred: failed calling webhook "untrusted.example.com": failed to call webhook: Post "${at("/untrusted").url}?timeout=10s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
    expect(asked).toEqual([]);
  });

  test("(its certificates are none) is not asked", async () => {
    const caBundle = Buffer.from("certainly").toString("base64");
    await configure("Validating", "bundle", webhook("/bundle", { clientConfig: { url: at("/bundle").url, caBundle } }));
    expect((await createConfigMap("a")).body.message).toBe(
      'Internal error occurred: failed calling webhook "bundle.example.com": could not get REST client: unable to load root certificates: unable to parse bytes as PEM block',
    );
  });

  test("(nobody listens, or it is a service) cannot be asked", async () => {
    const { caBundle } = server.clientConfig;
    await configure(
      "Validating",
      "nobody",
      webhook("/nobody", { clientConfig: { url: "https://127.0.0.1:1/nobody", caBundle } }),
    );
    expect((await createConfigMap("a")).body.message).toBe(
      'Internal error occurred: failed calling webhook "nobody.example.com": failed to call webhook: Post "https://127.0.0.1:1/nobody?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused',
    );
    await api.delete(`${group}/validatingwebhookconfigurations/nobody`);
    const service = { namespace: "default", name: "checker", path: "/check" };
    await configure("Validating", "service", webhook("/service", { clientConfig: { service, caBundle } }));
    expect((await createConfigMap("a")).body.message).toBe(
      'Internal error occurred: failed calling webhook "service.example.com": failed to call webhook: Post "https://checker.default.svc:443/check?timeout=10s": service "checker" not found',
    );
  });

  test("(it is this very server) stops nothing", async () => {
    const caBundle = (await readFile(join(api.dataDir, "pki", "ca.crt"))).toString("base64");
    await configure(
      "Validating",
      "self",
      webhook("/self", { clientConfig: { url: `${api.api.url}${configMaps}`, caBundle } }),
    );
    const { code, body } = await createConfigMap("a");
    expect(code).toBe(500);
    expect(body.message).toContain('failed calling webhook "self.example.com": failed to call webhook: ');
  });
});

describe("which requests a webhook is asked about", () => {
  const names = (): readonly string[] => asked.map(({ review }) => review.request.name ?? "");

  test("those in namespaces that its namespaceSelector selects", async () => {
    await api.post("/api/v1/namespaces", { metadata: { name: "guarded", labels: { guard: "on" } } });
    await configure("Validating", "guard", webhook("/guard", { namespaceSelector: { matchLabels: { guard: "on" } } }));
    await createConfigMap("outside");
    await api.post("/api/v1/namespaces/guarded/configmaps", { metadata: { name: "inside" } });
    expect(names()).toEqual(["inside"]);
    await api.delete("/api/v1/namespaces/guarded");
  });

  test("those whose old or new object its objectSelector selects", async () => {
    const objectSelector = { matchExpressions: [{ key: "watch", operator: "Exists" }] };
    await configure("Validating", "labels", webhook("/labels", { objectSelector }));
    await createConfigMap("plain");
    await createConfigMap("marked", { metadata: { name: "marked", labels: { watch: "me" } } });
    await api.patch(`${configMaps}/marked`, { metadata: { labels: { watch: null } } });
    await api.patch(`${configMaps}/marked`, { data: { y: "2" } });
    expect(names()).toEqual(["marked", "marked"]);
  });

  test("those of which its conditions are true", async () => {
    const matchConditions = [
      { name: "not-mine", expression: "!request.name.startsWith('mine-')" },
      {
        name: "has-x",
        expression:
          "object.data.x == '1' && oldObject == null && request.userInfo.groups.exists(g, g == 'system:masters')",
      },
      {
        name: "may",
        expression: "authorizer.group('').resource('secrets').namespace('default').check('delete').allowed()",
      },
    ];
    await configure("Validating", "conditions", webhook("/conditions", { matchConditions }));
    await createConfigMap("mine-a");
    await createConfigMap("a");
    expect(names()).toEqual(["a"]);
    // A condition that fails fails the request, unless another one is false.
    const { code, body } = await createConfigMap("b", { data: { y: "2" } });
    expect({ code, message: body.message }).toEqual({
      code: 403,
      message: `configmaps "b" is forbidden: expression '${matchConditions[1]?.expression ?? ""}' resulted in error: no such key: x`,
    });
    expect((await createConfigMap("mine-b", { data: { y: "2" } })).code).toBe(201);
  });

  test("writes to status only where its rules say so", async () => {
    const containers = { operations: ["UPDATE"], apiGroups: ["stowage.dev"], apiVersions: ["*"] };
    await configure(
      "Validating",
      "status",
      webhook("/status", { rules: [{ ...containers, resources: ["containers/status"] }] }),
    );
    await configure(
      "Validating",
      "whole",
      webhook("/whole", { rules: [{ ...containers, resources: ["containers"] }] }),
    );
    const path = "/apis/stowage.dev/v1alpha1/namespaces/default/containers";
    const container = {
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Container",
      metadata: { name: "web" },
      spec: { image: "nginx" },
    };
    await api.post(path, container);
    await api.patch(`${path}/web/status`, { status: { phase: "Pending" } });
    await api.patch(`${path}/web`, { spec: { image: "nginx:2" } });
    expect(asked.map((one) => [one.path, one.review.request.subResource])).toEqual([
      ["/status", "status"],
      ["/whole", undefined],
    ]);
    await api.delete(`${path}/web`);
  });

  test("those of cluster-scoped or of namespaced kinds only", async () => {
    const rules = [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["*"] }];
    await configure(
      "Validating",
      "c",
      webhook("/cluster", { rules: rules.map((rule) => ({ ...rule, scope: "Cluster" })) }),
    );
    await configure(
      "Validating",
      "n",
      webhook("/inside", { rules: rules.map((rule) => ({ ...rule, scope: "Namespaced" })) }),
    );
    await api.post("/api/v1/namespaces", { metadata: { name: "scoped" } });
    await createConfigMap("a");
    const seen = asked.filter(({ review }) => ["scoped", "a"].includes(review.request.name ?? ""));
    expect(seen.map(({ path, review }) => [path, review.request.namespace])).toEqual([
      ["/cluster", "scoped"],
      ["/inside", "default"],
    ]);
    await api.delete("/api/v1/namespaces/scoped");
  });

  test("those through another version of the kind, in the version that its rules name", async () => {
    const version = (name: string, storage: boolean): object => {
      const properties = { spec: { type: "object", properties: { size: { type: "integer" } } } };
      return { name, served: true, storage, schema: { openAPIV3Schema: { type: "object", properties } } };
    };
    const crd = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "boxes.admission.example.com" },
      spec: {
        group: "admission.example.com",
        scope: "Namespaced",
        names: { plural: "boxes", kind: "Box" },
        versions: [version("v1", true), version("v2", false)],
      },
    };
    expect((await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)).code).toBe(201);
    const rules = [
      { operations: ["*"], apiGroups: ["admission.example.com"], apiVersions: ["v1"], resources: ["boxes"] },
    ];
    answers["/boxes"] = patchWith({ op: "add", path: "/spec/size", value: 2 });
    await configure("Mutating", "boxes", webhook("/boxes", { rules }));
    await configure("Validating", "exact", webhook("/exact", { rules, matchPolicy: "Exact" }));
    const { code, body } = await api.post("/apis/admission.example.com/v2/namespaces/default/boxes", {
      apiVersion: "admission.example.com/v2",
      kind: "Box",
      metadata: { name: "a" },
      spec: { size: 1 },
    });
    expect({ code, apiVersion: body.apiVersion, spec: body.spec }).toEqual({
      code: 201,
      apiVersion: "admission.example.com/v2",
      spec: { size: 2 },
    });
    expect(asked.map(({ path }) => path)).toEqual(["/boxes"]);
    expect(asked[0]?.review.request).toMatchObject({
      kind: { version: "v1", kind: "Box" },
      resource: { version: "v1" },
      requestKind: { version: "v2" },
      requestResource: { version: "v2" },
      object: { apiVersion: "admission.example.com/v1", spec: { size: 1 } },
    });
  });

  test("never those that say who is asked", async () => {
    answers["/all"] = deny;
    const rules = [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] }];
    await configure("Validating", "all", webhook("/all", { rules }));
    expect((await createConfigMap("a")).code).toBe(400);
    expect((await api.delete(`${group}/validatingwebhookconfigurations/all`)).code).toBe(200);
    expect((await createConfigMap("a")).code).toBe(201);
  });
});
