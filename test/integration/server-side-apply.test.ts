/** Server-side apply and managedFields, as clients see them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer, Json } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";
import { configMap, kubectlMissing, KubectlUser } from "./kubectl-user.ts";

const text = { type: "string" };
const gadgets = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "gadgets.test.dev" },
  spec: {
    group: "test.dev",
    scope: "Namespaced",
    names: { plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList" },
    versions: ["v1", "v2"].map((name) => ({
      name,
      served: true,
      storage: name === "v1",
      subresources: {
        status: {},
        scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
      },
      schema: {
        openAPIV3Schema: {
          type: "object",
          properties: {
            spec: {
              type: "object",
              properties: {
                leaf: text,
                replicas: { type: "integer" },
                set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
                atomic: { type: "array", items: text, "x-kubernetes-list-type": "atomic" },
                ports: {
                  type: "array",
                  "x-kubernetes-list-type": "map",
                  "x-kubernetes-list-map-keys": ["port", "protocol"],
                  items: {
                    type: "object",
                    required: ["port"],
                    properties: { port: { type: "integer" }, protocol: { ...text, default: "TCP" }, name: text },
                  },
                },
              },
            },
            status: { type: "object", properties: { phase: text, replicas: { type: "integer" } } },
          },
        },
      },
    })),
  },
};

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly time: string;
  readonly subresource?: string;
  readonly fieldsV1: Readonly<Record<string, unknown>>;
}

const entriesOf = (body: Json): readonly Entry[] =>
  (body.metadata as { readonly managedFields?: readonly Entry[] }).managedFields ?? [];
const ownersOf = (body: Json): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    entriesOf(body).map(({ manager, operation, subresource, fieldsV1 }) => [
      `${operation} ${manager}${subresource === undefined ? "" : ` ${subresource}`}`,
      fieldsV1,
    ]),
  );
const leaf = {};

describe("over HTTPS", () => {
  let api: ApiOverHttps;
  beforeAll(async () => {
    api = await ApiOverHttps.open();
    await api.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", gadgets);
  });
  afterAll(() => api[Symbol.asyncDispose]());

  const maps = "/api/v1/namespaces/default/configmaps";
  const things = "/apis/test.dev/v1/namespaces/default/gadgets";
  const applyType = "application/apply-patch+yaml";

  const send = (path: string, query: string, body: unknown, type = applyType): Promise<Answer> =>
    api.request("PATCH", `${path}?${query}`, {
      ...(typeof body === "string" ? { raw: body } : { body }),
      headers: { "content-type": type },
    });
  const map = (name: string, data: object, metadata: object = {}) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, ...metadata },
    data,
  });
  const gadget = (name: string, spec: object, more: object = {}) => ({
    apiVersion: "test.dev/v1",
    kind: "Gadget",
    metadata: { name },
    spec,
    ...more,
  });

  test("creates (201) what is not there, and writes (200) what is; the same again is no write", async () => {
    const created = await send(`${maps}/made`, "fieldManager=one", map("made", { a: "1" }));
    expect(created.code).toBe(201);
    const again = await send(`${maps}/made`, "fieldManager=one", map("made", { a: "1" }));
    expect(again.code).toBe(200);
    expect(again.body.metadata).toEqual(created.body.metadata);
    const changed = await send(`${maps}/made`, "fieldManager=one", map("made", { b: "2" }));
    expect(changed.body.data).toEqual({ b: "2" });
    expect(changed.body.metadata.resourceVersion).not.toBe(created.body.metadata.resourceVersion);
  });

  test("takes YAML", async () => {
    const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: written\ndata:\n  a: text\n";
    expect(await send(`${maps}/written`, "fieldManager=one", yaml)).toMatchObject({
      code: 201,
      body: { data: { a: "text" } },
    });
  });

  test("refuses with 409, and says whose what is", async () => {
    await send(`${maps}/mine`, "fieldManager=one", map("mine", { a: "1", b: "1" }));
    const refused = await send(`${maps}/mine`, "fieldManager=two", map("mine", { a: "2", b: "2", c: "2" }));
    expect(refused.body).toMatchObject({
      kind: "Status",
      code: 409,
      reason: "Conflict",
      message: 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b',
      details: {
        causes: [
          { reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.a" },
          { reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.b" },
        ],
      },
    });
    const forced = await send(`${maps}/mine`, "fieldManager=two&force=true", map("mine", { a: "2" }));
    expect(ownersOf(forced.body)).toEqual({
      "Apply one": { "f:data": { "f:b": leaf } },
      "Apply two": { "f:data": { "f:a": leaf } },
    });
  });

  test.each<[string, string, unknown, string, number, string]>([
    [
      "no manager",
      "",
      map("bad", {}),
      applyType,
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      "a manager that cannot be printed",
      "fieldManager=a%07b",
      map("bad", {}),
      applyType,
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\u0007b": invalid character U+0007 (at position 1)',
    ],
    [
      "force elsewhere",
      "force=true",
      {},
      "application/merge-patch+json",
      422,
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    ],
    [
      "another kind",
      "fieldManager=one",
      { ...map("bad", {}), kind: "Secret" },
      applyType,
      400,
      "invalid object type: /v1, Kind=Secret",
    ],
    [
      "managedFields",
      "fieldManager=one",
      map("bad", {}, { managedFields: [] }),
      applyType,
      400,
      "metadata.managedFields must be nil",
    ],
    [
      "another name",
      "fieldManager=one",
      map("other", {}),
      applyType,
      400,
      "the name of the object (other) does not match the name on the URL (bad)",
    ],
    [
      "no name",
      "fieldManager=one",
      { apiVersion: "v1", kind: "ConfigMap" },
      applyType,
      400,
      "the name of the object (bad based on URL) was undeterminable: name must be provided",
    ],
    [
      "another namespace",
      "fieldManager=one",
      map("bad", {}, { namespace: "other" }),
      applyType,
      400,
      "the namespace of the provided object does not match the namespace sent on the request",
    ],
    [
      "a field that there is not",
      "fieldManager=one&fieldValidation=Ignore",
      { ...map("bad", {}), colour: "red" },
      applyType,
      400,
      "failed to create typed patch object (/bad; /v1, Kind=ConfigMap): .colour: field not declared in schema",
    ],
    [
      "an object that is gone",
      "fieldManager=one",
      map("bad", {}, { uid: "11111111-2222-3333-4444-555555555555" }),
      applyType,
      409,
      'Operation cannot be fulfilled on configmaps "bad": uid mismatch: the provided object specified uid 11111111-2222-3333-4444-555555555555, and no existing object was found',
    ],
    [
      "a list",
      "fieldManager=one",
      [],
      applyType,
      400,
      "json: cannot unmarshal array into Go value of type map[string]interface {}",
    ],
    [
      "a key twice",
      "fieldManager=one&fieldValidation=Strict",
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndata: {a: "1", a: "2"}\n',
      applyType,
      400,
      'error strict decoding YAML: duplicate field "data.a"',
    ],
    [
      "CBOR",
      "fieldManager=one",
      {},
      "application/apply-patch+cbor",
      415,
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
    ],
  ])("refuses %s", async (_, query, body, type, code, message) => {
    expect((await send(`${maps}/bad`, query, body, type)).body).toMatchObject({ code, message });
    expect((await api.get(`${maps}/bad`)).code).toBe(404);
  });

  test("holds to a resourceVersion in the configuration", async () => {
    const { body } = await send(`${maps}/versioned`, "fieldManager=one", map("versioned", { a: "1" }));
    const { resourceVersion } = body.metadata;
    const next = await send(`${maps}/versioned`, "fieldManager=one", map("versioned", { a: "2" }, { resourceVersion }));
    expect(next.code).toBe(200);
    const stale = await send(
      `${maps}/versioned`,
      "fieldManager=one",
      map("versioned", { a: "3" }, { resourceVersion }),
    );
    expect(stale.body).toMatchObject({ code: 409, reason: "Conflict" });
  });

  test("in a dry run shows what would be, owners too", async () => {
    const tried = await send(`${maps}/tried`, "fieldManager=one&dryRun=All", map("tried", { a: "1" }));
    expect(tried.code).toBe(201);
    expect(ownersOf(tried.body)).toEqual({ "Apply one": { "f:data": { "f:a": leaf } } });
    expect((await api.get(`${maps}/tried`)).code).toBe(404);
  });

  test("of lists: maps by their keys and their defaults, sets by value, others as a whole", async () => {
    const spec = { ports: [{ port: 80, name: "web" }], set: ["a"], atomic: ["a"] };
    await send(`${things}/lists`, "fieldManager=one", gadget("lists", spec));
    const shared = { ports: [{ port: 80, protocol: "UDP" }, { port: 80 }], set: ["b"] };
    const { body } = await send(`${things}/lists`, "fieldManager=two", gadget("lists", shared));
    expect(body.spec).toMatchObject({
      ports: [
        { port: 80, protocol: "UDP" },
        { port: 80, protocol: "TCP", name: "web" },
      ],
      set: ["a", "b"],
    });
    expect(ownersOf(body)["Apply two"]).toEqual({
      "f:spec": {
        "f:ports": {
          'k:{"port":80,"protocol":"TCP"}': { ".": leaf, "f:port": leaf },
          'k:{"port":80,"protocol":"UDP"}': { ".": leaf, "f:port": leaf, "f:protocol": leaf },
        },
        "f:set": { 'v:"b"': leaf },
      },
    });
    const refused = await send(`${things}/lists`, "fieldManager=two", gadget("lists", { ...shared, atomic: ["b"] }));
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.atomic');
    const left = await send(`${things}/lists`, "fieldManager=one", gadget("lists", {}));
    expect(left.body.spec).toEqual({
      ports: [
        { port: 80, protocol: "UDP" },
        { port: 80, protocol: "TCP" },
      ],
      set: ["b"],
    });
  });

  test("status, scale and the object have owners of their own", async () => {
    await send(
      `${things}/parts`,
      "fieldManager=one",
      gadget("parts", { leaf: "a", replicas: 1 }, { status: { phase: "No" } }),
    );
    const status = gadget("parts", { leaf: "ignored" }, { status: { phase: "Yes" } });
    expect((await send(`${things}/none/status`, "fieldManager=one", status)).code).toBe(404);
    const applied = await send(`${things}/parts/status`, "fieldManager=one", status);
    expect(applied).toMatchObject({ code: 200, body: { spec: { leaf: "a" }, status: { phase: "Yes" } } });
    await api.patch(`${things}/parts/scale?fieldManager=scaler`, { spec: { replicas: 3 } });
    const { body } = await api.get(`${things}/parts`);
    expect(ownersOf(body)).toEqual({
      "Apply one": { "f:spec": { "f:leaf": leaf } },
      "Apply one status": { "f:status": { "f:phase": leaf } },
      "Update scaler scale": { "f:spec": { "f:replicas": leaf } },
    });
    const refused = await send(`${things}/parts`, "fieldManager=one", gadget("parts", { leaf: "a", replicas: 1 }));
    expect(refused.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using test.dev/v1: .spec.replicas',
    );
  });

  test("of a Scale owns the replicas of the object", async () => {
    await send(`${things}/scaled`, "fieldManager=one", gadget("scaled", { leaf: "a", replicas: 1 }));
    const scale = (spec: object): object => ({ apiVersion: "autoscaling/v1", kind: "Scale", spec });
    const refused = await send(`${things}/scaled/scale`, "fieldManager=scaler", scale({ replicas: 2 }));
    expect(refused).toMatchObject({
      code: 409,
      body: { message: 'Apply failed with 1 conflict: conflict with "one": .spec.replicas' },
    });
    const forced = await send(`${things}/scaled/scale`, "fieldManager=scaler&force=true", scale({ replicas: 2 }));
    expect(forced).toMatchObject({ code: 200, body: { kind: "Scale", spec: { replicas: 2 } } });
    const silent = await send(`${things}/scaled/scale`, "fieldManager=scaler", scale({}));
    expect(silent).toMatchObject({ code: 200, body: { spec: { replicas: 2 } } });
    const { body } = await api.get(`${things}/scaled`);
    expect(body).toMatchObject({ spec: { leaf: "a", replicas: 2 } });
    expect(ownersOf(body)).toEqual({
      "Apply one": { "f:spec": { "f:leaf": leaf } },
      "Apply scaler scale": { "f:spec": { "f:replicas": leaf } },
    });
    expect((await send(`${things}/none/scale`, "fieldManager=scaler", scale({ replicas: 2 }))).code).toBe(404);
    const wrong = await send(`${things}/scaled/scale`, "fieldManager=scaler", gadget("scaled", {}));
    expect(wrong).toMatchObject({ code: 400 });
  });

  test("in another version meets the owners of the first", async () => {
    await send(`${things}/moved`, "fieldManager=one", gadget("moved", { leaf: "a", set: ["a"] }));
    const newer = things.replace("/v1/", "/v2/");
    const second = { ...gadget("moved", { leaf: "b" }), apiVersion: "test.dev/v2" };
    expect((await send(`${newer}/moved`, "fieldManager=two", second)).body.message).toContain('"one": .spec.leaf');
    const same = { ...second, spec: { leaf: "a" } };
    const { body } = await send(`${newer}/moved`, "fieldManager=one", same);
    expect(body.spec).toEqual({ leaf: "a" });
    expect(entriesOf(body)).toMatchObject([{ manager: "one", apiVersion: "test.dev/v2" }]);
  });

  test("every other write says who wrote what", async () => {
    await api.post(`${maps}?fieldManager=creator`, map("tracked", { a: "1", b: "1" }));
    await api.patch(`${maps}/tracked?fieldManager=merger`, { data: { a: "2" } });
    await api.patch(`${maps}/tracked?fieldManager=strategist`, { data: { c: "3" } }, "strategic-merge-patch");
    await api.patch(`${maps}/tracked?fieldManager=patcher`, [{ op: "add", path: "/data/d", value: "4" }], "json-patch");
    const { body } = await api.get(`${maps}/tracked`);
    const { b, ...data } = body.data as Record<string, string>;
    expect(b).toBe("1");
    const put = await api.put(`${maps}/tracked?fieldManager=updater`, { ...body, data: { ...data, d: "5" } });
    expect(ownersOf(put.body)).toEqual({
      "Update creator": { "f:data": leaf },
      "Update merger": { "f:data": { "f:a": leaf } },
      "Update strategist": { "f:data": { "f:c": leaf } },
      "Update updater": { "f:data": { "f:d": leaf } },
    });
    const named = await api.request("POST", maps, {
      body: map("agent", { a: "1" }),
      headers: { "user-agent": "kubectl/v1.32 (linux)" },
    });
    expect(Object.keys(ownersOf(named.body))).toEqual(["Update kubectl"]);
  });

  test("what changes nothing is no write, whoever asks", async () => {
    const { body } = await api.post(`${maps}?fieldManager=one`, map("still", { a: "1" }));
    const again = await api.put(`${maps}/still?fieldManager=two`, { ...body, metadata: { name: "still" } });
    expect(again.body.metadata).toEqual(body.metadata);
    const patched = await api.patch(`${maps}/still?fieldManager=three`, { data: { a: "1" } });
    expect(patched.body.metadata).toEqual(body.metadata);
  });

  test("owners can be written, and reset", async () => {
    const { body } = await api.post(`${maps}?fieldManager=one`, map("reset", { a: "1" }));
    const entry = { ...entriesOf(body)[0], manager: "renamed", operation: "Apply" };
    const renamed = await api.patch(`${maps}/reset`, { metadata: { managedFields: [entry] } });
    expect(Object.keys(ownersOf(renamed.body))).toEqual(["Apply renamed"]);
    const ignored = await api.patch(`${maps}/reset`, { metadata: { managedFields: [{ manager: "x" }] } });
    expect(Object.keys(ownersOf(ignored.body))).toEqual(["Apply renamed"]);
    const reset = await api.patch(`${maps}/reset`, { metadata: { managedFields: [{}] } });
    expect(entriesOf(reset.body)).toEqual([]);
    const applied = await send(`${maps}/reset`, "fieldManager=two", map("reset", { a: "1" }));
    expect(Object.keys(ownersOf(applied.body))).toEqual(["Apply two", "Update before-first-apply"]);
  });

  test("many at once lose nothing", async () => {
    const managers = Array.from({ length: 12 }, (_, i) => `m${i}`);
    const answers = await Promise.all(
      managers.map((manager) => send(`${maps}/busy`, `fieldManager=${manager}`, map("busy", { [manager]: "1" }))),
    );
    expect(answers.filter(({ code }) => code === 201)).toHaveLength(1);
    expect(answers.filter(({ code }) => code === 200)).toHaveLength(11);
    const { body } = await api.get(`${maps}/busy`);
    expect(Object.keys(body.data).toSorted()).toEqual(managers.toSorted());
    expect(Object.keys(ownersOf(body)).toSorted()).toEqual(managers.map((manager) => `Apply ${manager}`).toSorted());
  });
});

describe.skipIf(kubectlMissing)(`kubectl${kubectlMissing ? `: skipped, ${kubectlMissing}` : ""}`, () => {
  let user: KubectlUser;
  beforeAll(async () => {
    user = await KubectlUser.start();
    await user.ok("apply -f -", JSON.stringify(gadgets));
    await user.ok("wait --for=condition=Established crd/gadgets.test.dev");
  });
  afterAll(() => user[Symbol.asyncDispose]());

  const container = (spec: object): string =>
    JSON.stringify({ apiVersion: "stowage.dev/v1alpha1", kind: "Container", metadata: { name: "web" }, spec });
  const gadget = (spec: object, status?: object): string =>
    JSON.stringify({
      apiVersion: "test.dev/v1",
      kind: "Gadget",
      metadata: { name: "one" },
      spec,
      ...(status && { status }),
    });
  const shown = async (what: string): Promise<Json> => user.json<Json>(`get ${what} --show-managed-fields`);

  test("applies a Container: env and ports have an owner for each entry", async () => {
    const mine = {
      image: "nginx",
      runState: "Stopped",
      env: [{ name: "A", value: "1" }],
      ports: [{ containerPort: 80 }],
    };
    await user.ok("apply --server-side -f -", container(mine));
    const env = [{ name: "B", value: "2" }];
    await user.ok("apply --server-side --field-manager other -f -", container({ image: "nginx", env }));
    expect(await user.ok("get ctr web -o jsonpath={.spec.env[*].name}")).toBe("A B");
    expect(ownersOf(await shown("ctr web"))).toMatchObject({
      "Apply kubectl": {
        "f:spec": {
          "f:env": { 'k:{"name":"A"}': { ".": leaf, "f:name": leaf, "f:value": leaf } },
          "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": leaf, "f:containerPort": leaf } },
        },
      },
      "Apply other": { "f:spec": { "f:env": { 'k:{"name":"B"}': leaf_ }, "f:image": leaf } },
    });
    const refused = await user.fails(
      "apply --server-side --field-manager other -f -",
      container({ image: "nginx", env: [{ name: "A", value: "3" }] }),
    );
    expect(refused).toContain('conflict with "kubectl": .spec.env[name="A"].value');
    await user.ok("apply --server-side -f -", container({ image: "nginx", runState: "Stopped" }));
    expect(await user.json("get ctr web")).toMatchObject({ spec: { env } });
  });

  test("applies a custom resource and, below it, its status", async () => {
    await user.ok("apply --server-side -f -", gadget({ leaf: "a", set: ["a"], ports: [{ port: 80 }] }));
    await user.ok("apply --server-side --field-manager other -f -", gadget({ set: ["b"], atomic: ["a"] }));
    await user.ok("apply --server-side --subresource status -f -", gadget({}, { phase: "Ready" }));
    expect(await user.json("get gadget one")).toMatchObject({
      spec: { leaf: "a", set: ["a", "b"], atomic: ["a"], ports: [{ port: 80, protocol: "TCP" }] },
      status: { phase: "Ready" },
    });
    await user.ok("apply --server-side -f -", gadget({ ports: [{ port: 80 }] }));
    const { spec } = await user.json<Json>("get gadget one");
    expect(spec).toEqual({ atomic: ["a"], ports: [{ port: 80, protocol: "TCP" }], set: ["b"] });
  });

  test("shows beforehand what it would do", async () => {
    await user.ok("apply --server-side -f -", configMap("seen", { a: "1" }));
    await user.ok("apply --server-side --dry-run=server -f -", configMap("seen", { a: "2" }));
    const { code, stdout } = await user.run("diff --server-side -f -", configMap("seen", { a: "2" }));
    expect(code).toBe(1);
    expect(stdout).toMatch(/-\s+a: "1"\n\+\s+a: "2"/);
    expect(await user.ok("get cm seen -o jsonpath={.data.a}")).toBe("1");
    expect((await user.run("diff --server-side -f -", configMap("seen", { a: "1" }))).code).toBe(0);
  });

  test("goes over from client-side apply, and back, without losing anything", async () => {
    await user.ok("apply -f -", configMap("moved", { a: "1", b: "1" }));
    expect(Object.keys(ownersOf(await shown("cm moved")))).toEqual(["Update kubectl-client-side-apply"]);
    await user.ok("apply --server-side -f -", configMap("moved", { a: "2" }));
    const moved = await shown("cm moved");
    expect(moved.data).toEqual({ a: "2" });
    expect(Object.keys(ownersOf(moved)).toSorted()).toEqual(["Apply kubectl", "Apply kubectl-last-applied"]);
    expect(JSON.parse(await user.ok("apply view-last-applied cm moved -o json"))).toMatchObject({ data: { a: "2" } });
    await user.ok("apply -f -", configMap("moved", { a: "3", c: "3" }));
    expect((await shown("cm moved")).data).toEqual({ a: "3", c: "3" });
  });

  test("the controllers write under their own names", async () => {
    await user.ok("create namespace watched");
    await user.ok("delete namespace watched --wait=true");
    await user.ok(["wait", "--for=jsonpath={.status.conditions[0].type}", "ctr/web", "--timeout=30s"]);
    expect(Object.keys(ownersOf(await shown("ctr web")))).toContain("Update stowage-scheduler-controller status");
  });
});

/** Some fields below an item, which owns itself too. */
const leaf_: unknown = expect.objectContaining({ ".": {} });
