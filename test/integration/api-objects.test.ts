/** What clients see of create, get, update, patch and delete. Wording and codes are kube-apiserver's. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containers } from "../../crds/container.ts";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open();
});
afterAll(() => api[Symbol.asyncDispose]());

const configMaps = "/api/v1/namespaces/default/configmaps";
const containersPath = "/apis/stowage.dev/v1alpha1/namespaces/default/containers";

const configMap = (name: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  ...more,
});
const container = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: "stowage.dev/v1alpha1",
  kind: "Container",
  metadata: { name, ...metadata },
  spec: { image: "busybox", ...spec },
});

describe("create", () => {
  test("answers 201 with what the server fills in", async () => {
    const { code, body } = await api.post(configMaps, configMap("new", { data: { a: "1" } }));
    expect(code).toBe(201);
    expect(body).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } });
    expect(body.metadata).toEqual({
      name: "new",
      namespace: "default",
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      resourceVersion: expect.stringMatching(/^[0-9]+$/) as string,
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      managedFields: [expect.objectContaining({ operation: "Update" })],
    });
    expect((await api.get(`${configMaps}/new`)).body).toEqual(body);
  });

  test("twice answers 409 AlreadyExists", async () => {
    await api.post(configMaps, configMap("twice"));
    const { code, body } = await api.post(configMaps, configMap("twice"));
    expect(code).toBe(409);
    expect(body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'configmaps "twice" already exists',
      reason: "AlreadyExists",
      details: { name: "twice", kind: "configmaps" },
      code: 409,
    });
  });

  test("makes up names from generateName", async () => {
    const bodies = await Promise.all(
      Array.from({ length: 20 }, () => api.post(configMaps, configMap("", { metadata: { generateName: "made-" } }))),
    );
    const names = bodies.map(({ body }) => body.metadata.name);
    expect(new Set(names).size).toBe(20);
    for (const name of names) expect(name).toMatch(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test.each([
    {
      why: "a resourceVersion is not for what is not there yet",
      body: configMap("x", { metadata: { name: "x", resourceVersion: "1" } }),
      message: "resourceVersion should not be set on objects to be created",
    },
    {
      why: "the namespace in the body must be that in the URL",
      body: configMap("x", { metadata: { name: "x", namespace: "elsewhere" } }),
      message: "the namespace of the provided object does not match the namespace sent on the request",
    },
    {
      why: "another version is not meant",
      body: configMap("x", { apiVersion: "v2" }),
      message: "the API version in the data (v2) does not match the expected API version (v1)",
    },
    { why: "another kind is not meant", body: configMap("x", { kind: "Secret" }), message: "cannot be handled as a" },
    { why: "a body is an object", body: [1], message: "cannot unmarshal array" },
    {
      why: "labels are strings",
      body: configMap("x", { metadata: { name: "x", labels: { a: 1 } } }),
      message: "cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    },
  ])("400: $why", async ({ body, message }) => {
    const answer = await api.post(configMaps, body);
    expect(answer.code).toBe(400);
    expect(answer.body).toMatchObject({ reason: "BadRequest", message: expect.stringContaining(message) as string });
  });

  test("422 names each wrong field", async () => {
    const { code, body } = await api.post(containersPath, container("Wrong_Name", { runState: "Jumping" }));
    expect(code).toBe(422);
    expect(body.reason).toBe("Invalid");
    expect(body.message).toContain('Container.stowage.dev "Wrong_Name" is invalid: [');
    expect(body.details.causes.map(({ field }) => field)).toEqual(["metadata.name", "spec.runState", "<nil>"]);
  });

  test("in a namespace that is not there answers 404 for the namespace", async () => {
    const { code, body } = await api.post("/api/v1/namespaces/nowhere/configmaps", configMap("x"));
    expect(code).toBe(404);
    expect(body.message).toBe('namespaces "nowhere" not found');
  });

  test("of a namespaced kind needs a namespace", async () => {
    expect((await api.post("/api/v1/configmaps", configMap("x"))).code).toBe(405);
  });

  test("fills in defaults, and drops status where it is a subresource", async () => {
    const { body } = await api.post(containersPath, { ...container("defaults"), status: { phase: "Running" } });
    expect(body.spec).toMatchObject({ restartPolicy: "Always", runState: "Running" });
    expect(body.status).toBeUndefined();
    expect(body.metadata.generation).toBe(1);
  });
});

describe("fields that a kind does not know", () => {
  const odd = container("odd", { colour: "red" });

  test("are pruned with a warning, by default", async () => {
    const { code, body, headers } = await api.post(containersPath, odd);
    expect(code).toBe(201);
    expect(body.spec).not.toHaveProperty("colour");
    expect(headers["warning"]).toBe('299 - "unknown field \\"spec.colour\\""');
  });

  test("are refused when the client is strict", async () => {
    const { code, body } = await api.post(`${containersPath}?fieldValidation=Strict`, odd);
    expect(code).toBe(400);
    expect(body.message).toContain('strict decoding error: unknown field "spec.colour"');
  });

  test("are pruned in silence when it says so", async () => {
    const { headers } = await api.post(
      `${containersPath}?fieldValidation=Ignore`,
      container("quiet", { colour: "red" }),
    );
    expect(headers["warning"]).toBeUndefined();
  });

  test("given twice are told like unknown ones", async () => {
    const raw = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}';
    const strict = await api.request("POST", `${configMaps}?fieldValidation=Strict`, { raw });
    expect(strict.code).toBe(400);
    expect(strict.body.message).toContain('duplicate field "data.a"');
    const { headers } = await api.request("POST", configMaps, { raw });
    expect(headers["warning"]).toBe('299 - "duplicate field \\"data.a\\""');
  });
});

describe("update", () => {
  test("replaces, keeps what only the server decides, and counts generations of the spec only", async () => {
    const { body: created } = await api.post(containersPath, container("up"));
    const { code, body } = await api.put(`${containersPath}/up`, {
      ...container("up", { image: "nginx" }),
      metadata: { name: "up", resourceVersion: created.metadata.resourceVersion, labels: { a: "b" } },
    });
    expect(code).toBe(200);
    expect(body.metadata).toMatchObject({
      uid: created.metadata.uid,
      creationTimestamp: created.metadata.creationTimestamp,
      generation: 2,
      labels: { a: "b" },
    });
    const labelled = await api.put(`${containersPath}/up`, {
      ...body,
      metadata: { ...body.metadata, labels: { a: "c" } },
    });
    expect(labelled.body.metadata.generation).toBe(2);
  });

  test("that changes nothing writes nothing", async () => {
    const { body } = await api.post(containersPath, container("same"));
    const again = await api.put(`${containersPath}/same`, body);
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  test("on an old state answers 409 Conflict", async () => {
    const { body } = await api.post(configMaps, configMap("stale"));
    await api.patch(`${configMaps}/stale`, { data: { a: "1" } });
    const { code, body: status } = await api.put(`${configMaps}/stale`, body);
    expect(code).toBe(409);
    expect(status).toMatchObject({
      reason: "Conflict",
      message:
        'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  test("without resourceVersion replaces a ConfigMap, and is refused for a custom resource", async () => {
    await api.post(configMaps, configMap("free"));
    expect((await api.put(`${configMaps}/free`, configMap("free", { data: { a: "1" } }))).code).toBe(200);
    await api.post(containersPath, container("bound"));
    const { code, body } = await api.put(`${containersPath}/bound`, container("bound", { image: "nginx" }));
    expect(code).toBe(422);
    expect(body.message).toContain("metadata.resourceVersion: Invalid value: 0x0: must be specified for an update");
  });

  test("of an object with another uid answers 409", async () => {
    await api.post(configMaps, configMap("again"));
    const other = configMap("again", { metadata: { name: "again", uid: "11111111-2222-3333-4444-555555555555" } });
    const { code, body } = await api.put(`${configMaps}/again`, other);
    expect(code).toBe(409);
    expect(body.message).toContain("Precondition failed: UID in precondition: 11111111-2222-3333-4444-555555555555");
  });

  test("does not create", async () => {
    expect((await api.put(`${configMaps}/never`, configMap("never"))).code).toBe(404);
  });

  test("must name what the URL names", async () => {
    const { code, body } = await api.put(`${configMaps}/one`, configMap("other"));
    expect(code).toBe(400);
    expect(body.message).toBe("the name of the object (other) does not match the name on the URL (one)");
  });

  test("of many at once by resourceVersion lets one win", async () => {
    const { body } = await api.post(configMaps, configMap("race"));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => api.put(`${configMaps}/race`, { ...body, data: { by: String(i) } })),
    );
    expect(answers.map(({ code }) => code).toSorted()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
  });
});

describe("patch", () => {
  test("merges, and removes what is null", async () => {
    await api.post(configMaps, configMap("merge", { data: { a: "1", b: "2" } }));
    const { code, body } = await api.patch(`${configMaps}/merge`, { data: { a: null, c: "3" } });
    expect(code).toBe(200);
    expect(body.data).toEqual({ b: "2", c: "3" });
  });

  test("applies JSON patches, and says when a test in one fails", async () => {
    await api.post(configMaps, configMap("ops", { data: { a: "1" } }));
    const good = await api.patch(`${configMaps}/ops`, [{ op: "replace", path: "/data/a", value: "2" }], "json-patch");
    expect(good.body.data).toEqual({ a: "2" });
    const bad = await api.patch(`${configMaps}/ops`, [{ op: "test", path: "/data/a", value: "9" }], "json-patch");
    expect(bad.code).toBe(422);
  });

  test("knows strategic merge for built-in kinds only", async () => {
    await api.post(configMaps, configMap("strategic", { metadata: { name: "strategic", finalizers: ["a.io/x"] } }));
    const { body } = await api.patch(
      `${configMaps}/strategic`,
      { metadata: { finalizers: ["b.io/y"] } },
      "strategic-merge-patch",
    );
    expect(body.metadata.finalizers.toSorted()).toEqual(["a.io/x", "b.io/y"]);
    await api.patch(`${configMaps}/strategic`, { metadata: { finalizers: null } });
    await api.post(containersPath, container("custom"));
    const refused = await api.patch(`${containersPath}/custom`, { spec: {} }, "strategic-merge-patch");
    expect(refused.code).toBe(415);
    expect(refused.body.message).toContain("accepted media types include: application/json-patch+json");
  });

  test("of many at once loses none", async () => {
    await api.post(configMaps, configMap("counted"));
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => api.patch(`${configMaps}/counted`, { data: { [`k${i}`]: "x" } })),
    );
    expect(Object.keys((await api.get(`${configMaps}/counted`)).body.data as object)).toHaveLength(20);
  });

  test("with a resourceVersion holds only for that state", async () => {
    const { body } = await api.post(configMaps, configMap("held"));
    const { resourceVersion } = body.metadata;
    expect((await api.patch(`${configMaps}/held`, { metadata: { resourceVersion }, data: { a: "1" } })).code).toBe(200);
    expect((await api.patch(`${configMaps}/held`, { metadata: { resourceVersion }, data: { a: "2" } })).code).toBe(409);
  });

  test("cannot rename", async () => {
    await api.post(configMaps, configMap("named"));
    expect((await api.patch(`${configMaps}/named`, { metadata: { name: "other" } })).code).toBe(400);
  });
});

describe("status", () => {
  test("is written below /status, and nothing else is", async () => {
    const { body } = await api.post(containersPath, container("st"));
    const { body: written } = await api.put(`${containersPath}/st/status`, {
      ...body,
      metadata: { ...body.metadata, labels: { no: "no" } },
      spec: { image: "other" },
      status: { phase: "Running" },
    });
    expect(written.status).toEqual({ phase: "Running" });
    expect(written.spec.image).toBe("busybox");
    expect(written.metadata).toMatchObject({ generation: 1 });
    expect(written.metadata.labels).toBeUndefined();
    const main = await api.put(`${containersPath}/st`, { ...written, status: { phase: "Failed" } });
    expect(main.body.status).toEqual({ phase: "Running" });
    const patched = await api.patch(`${containersPath}/st/status`, {
      status: { phase: "Stopped" },
      spec: { image: "x" },
    });
    expect(patched.body).toMatchObject({ status: { phase: "Stopped" }, spec: { image: "busybox" } });
  });

  test("is not there for kinds without it", async () => {
    await api.post(configMaps, configMap("plain"));
    expect((await api.get(`${configMaps}/plain/status`)).code).toBe(404);
  });
});

describe("delete", () => {
  test("answers a Status with the uid of what is gone", async () => {
    const { body } = await api.post(containersPath, container("gone"));
    const { code, body: status } = await api.delete(`${containersPath}/gone`);
    expect(code).toBe(200);
    expect(status).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { name: "gone", group: "stowage.dev", kind: "containers", uid: body.metadata.uid },
    });
    expect((await api.delete(`${containersPath}/gone`)).body.message).toBe('containers.stowage.dev "gone" not found');
  });

  test("waits for finalizers, and ends with the last of them", async () => {
    await api.post(containersPath, container("fin", {}, { finalizers: ["a.io/x"] }));
    const { code, body } = await api.delete(`${containersPath}/fin`);
    expect(code).toBe(200);
    expect(body.kind).toBe("Container");
    expect(body.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2, finalizers: ["a.io/x"] });
    const { deletionTimestamp } = body.metadata;
    const again = await api.delete(`${containersPath}/fin`);
    expect(again.body.metadata).toMatchObject({ deletionTimestamp, resourceVersion: body.metadata.resourceVersion });
    const added = await api.patch(`${containersPath}/fin`, { metadata: { finalizers: ["a.io/x", "b.io/y"] } });
    expect(added.code).toBe(422);
    expect(added.body.message).toContain("no new finalizers can be added if the object is being deleted");
    expect((await api.patch(`${containersPath}/fin`, { metadata: { finalizers: [] } })).code).toBe(200);
    expect((await api.get(`${containersPath}/fin`)).code).toBe(404);
  });

  test.each([
    { policy: "Foreground", finalizer: "foregroundDeletion" },
    { policy: "Orphan", finalizer: "orphan" },
  ])("with propagationPolicy=$policy leaves the rest to the garbage collector", async ({ policy, finalizer }) => {
    const name = policy.toLowerCase();
    await api.post(configMaps, configMap(name));
    const { body } = await api.delete(`${configMaps}/${name}`, { propagationPolicy: policy });
    expect(body.metadata.finalizers).toEqual([finalizer]);
  });

  test("holds to its preconditions", async () => {
    const { body } = await api.post(configMaps, configMap("pre"));
    const wrong = await api.delete(`${configMaps}/pre`, { preconditions: { uid: "other" } });
    expect(wrong.code).toBe(409);
    expect(wrong.body.message).toContain("the UID in the precondition (other) does not match the UID in record");
    const old = await api.delete(`${configMaps}/pre`, { preconditions: { resourceVersion: "1" } });
    expect(old.code).toBe(409);
    const { uid, resourceVersion } = body.metadata;
    expect((await api.delete(`${configMaps}/pre`, { preconditions: { uid, resourceVersion } })).code).toBe(200);
  });

  test("refuses a policy that there is not", async () => {
    const { code, body } = await api.delete(`${configMaps}/any?propagationPolicy=Sideways`);
    expect(code).toBe(422);
    expect(body.message).toContain('propagationPolicy: Unsupported value: "Sideways"');
  });

  test("of a collection takes what is selected", async () => {
    await Promise.all(
      ["a", "b", "c"].map((n) =>
        api.post(
          configMaps,
          configMap(`col-${n}`, { metadata: { name: `col-${n}`, labels: { col: n === "c" ? "no" : "yes" } } }),
        ),
      ),
    );
    const { code, body } = await api.delete(`${configMaps}?labelSelector=col%3Dyes`);
    expect(code).toBe(200);
    expect(body.items.map((item) => item.metadata.name)).toEqual(["col-a", "col-b"]);
    const left = await api.get(`${configMaps}?labelSelector=col`);
    expect(left.body.items.map((item) => item.metadata.name)).toEqual(["col-c"]);
  });

  // As kube-apiserver 1.20 answers: installer.go knows no such path, customresource_handler.go has no such verb.
  test.each([
    { kind: "a built-in kind", everywhere: "/api/v1/configmaps", path: configMaps, object: configMap, refusal: 405 },
    {
      ...{ kind: "a custom kind", everywhere: "/apis/stowage.dev/v1alpha1/containers" },
      ...{ path: containersPath, object: container, refusal: 404 },
    },
  ])(
    "of $kind in all namespaces at once is refused, and nothing goes",
    async ({ everywhere, path, object, refusal }) => {
      await api.post(path, object("everywhere"));
      expect((await api.delete(everywhere)).code).toBe(refusal);
      expect((await api.get(`${path}/everywhere`)).code).toBe(200);
      expect((await api.post(everywhere, object("nowhere"))).code).toBe(refusal);
    },
  );
});

describe("dryRun=All", () => {
  test("does everything but write", async () => {
    const created = await api.post(`${containersPath}?dryRun=All`, container("dry"));
    expect(created.code).toBe(201);
    expect(created.body.spec.restartPolicy).toBe("Always");
    expect(created.body.metadata.uid).toBeDefined();
    expect((await api.get(`${containersPath}/dry`)).code).toBe(404);

    await api.post(containersPath, container("wet"));
    const patched = await api.patch(`${containersPath}/wet?dryRun=All`, { spec: { image: "nginx" } });
    expect(patched.body.spec.image).toBe("nginx");
    expect((await api.get(`${containersPath}/wet`)).body.spec.image).toBe("busybox");
    expect((await api.delete(`${containersPath}/wet?dryRun=All`)).code).toBe(200);
    expect((await api.delete(`${containersPath}/wet`, { dryRun: ["All"] })).code).toBe(200);
    expect((await api.get(`${containersPath}/wet`)).code).toBe(200);
    expect((await api.post(`${containersPath}?dryRun=All`, container("wet"))).code).toBe(409);
  });

  test("knows no other value", async () => {
    const { code, body } = await api.post(`${containersPath}?dryRun=Some`, container("dry"));
    expect(code).toBe(422);
    expect(body.message).toContain('dryRun: Unsupported value: "Some": supported values: "All"');
  });
});

describe("built-in kinds", () => {
  test("a Secret takes stringData and shows base64", async () => {
    const path = "/api/v1/namespaces/default/secrets";
    const secret = (name: string, more: object): object => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      ...more,
    });
    const { body } = await api.post(path, secret("s", { stringData: { a: "b" } }));
    expect(body).toMatchObject({ type: "Opaque", data: { a: "Yg==" } });
    expect(body.stringData).toBeUndefined();
    const bad = await api.post(path, secret("t", { data: { a: "not base64" } }));
    expect(bad.code).toBe(400);
    expect(bad.body.message).toContain("illegal base64 data at input byte 3");
    const key = await api.post(path, secret("t", { data: { "a b": "Yg==" } }));
    expect(key.code).toBe(422);
    const tls = await api.post(path, secret("t", { type: "kubernetes.io/tls" }));
    expect(tls.body.details.causes.map(({ field }) => field)).toEqual(["data[tls.crt]", "data[tls.key]"]);
    await api.patch(`${path}/s`, { immutable: true });
    expect((await api.patch(`${path}/s`, { data: { a: "Yw==" } })).code).toBe(422);
  });

  test("an Event is about something in its namespace", async () => {
    const event = (namespace: string): object => ({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `e.${namespace}` },
      involvedObject: { kind: "Container", name: "web", namespace },
      reason: "Started",
      type: "Normal",
    });
    const path = "/api/v1/namespaces/default/events";
    expect((await api.post(path, event("default"))).code).toBe(201);
    expect((await api.post(path, event("other"))).code).toBe(422);
    const found = await api.get(`${path}?fieldSelector=involvedObject.name%3Dweb,type!%3DWarning`);
    expect(found.body.items).toHaveLength(1);
    expect((await api.get(`${path}?fieldSelector=reason%3DKilled`)).body.items).toHaveLength(0);
  });
});

test("keys that mean something to JavaScript are keys like any other", async () => {
  const data = { constructor: "a", toString: "b", hasOwnProperty: "c" };
  const { code, body } = await api.post(configMaps, configMap("keys", { data }));
  expect(code).toBe(201);
  expect(body.data).toEqual(data);
  const raw = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"data":{"__proto__":"x"}}';
  expect((await api.request("POST", configMaps, { raw })).code).toBe(400);
  for (const name of ["constructor", "__proto__", "toString"]) {
    expect((await api.get(`${configMaps}/${name}`)).code).toBe(404);
    expect((await api.get(`/api/v1/namespaces/default/${name}`)).code).toBe(404);
    expect((await api.get(`${configMaps}?fieldSelector=${name}%3Dx`)).code).toBe(400);
  }
  expect((await api.get(`${containersPath}/x/constructor`)).code).toBe(404);
});

test("the client in process sees the same", async () => {
  const { body } = await api.post(containersPath, container("both"));
  expect(await api.client.get(containers, { namespace: "default", name: "both" })).toEqual(body);
});
