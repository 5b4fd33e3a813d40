/** Kinds that are defined at run time: their versions, schemas, rules, scale and columns, as clients see them. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { capture } from "../lab/stowage.ts";
import type { Webhook } from "../lab/webhook.ts";
import { startWebhook } from "../lab/webhook.ts";
import type { Json } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "stowage-custom-"));
  api = await ApiOverHttps.open();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const group = "custom.example";
const at = (version: string, plural: string): string => `/apis/${group}/${version}/namespaces/default/${plural}`;

type Fields = Readonly<Record<string, unknown>>;

const version = (
  name: string,
  more: Fields = {},
  schema: Fields = { "x-kubernetes-preserve-unknown-fields": true },
) => ({
  name,
  served: true,
  storage: false,
  schema: { openAPIV3Schema: { type: "object", ...schema } },
  ...more,
});
const stored = { storage: true };

function definition(plural: string, kind: string, versions: readonly Fields[], more: Fields = {}) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope: "Namespaced", names: { plural, kind }, versions, ...more },
  };
}

async function define(plural: string, kind: string, versions: readonly Fields[], more: Fields = {}): Promise<Json> {
  const { code, body } = await api.post(crds, definition(plural, kind, versions, more));
  expect(body.message).toBeUndefined();
  expect(code).toBe(201);
  return body;
}

const object = (apiVersion: string, kind: string, name: string, more: Fields = {}) => ({
  apiVersion: `${group}/${apiVersion}`,
  kind,
  metadata: { name },
  ...more,
});

/** What the store has under a kind's prefix. */
async function storedTexts(plural: string): Promise<string[]> {
  const { items } = await api.store.list(`/${group}/${plural}/`);
  return items.map(({ value }) => Buffer.from(value).toString());
}

describe("versions without conversion", () => {
  test("are stored in one version and served in all", async () => {
    await define("apples", "Apple", [version("v1"), version("v2", stored)]);
    const created = await api.post(at("v1", "apples"), object("v1", "Apple", "a", { size: 1 }));
    expect(created.body).toMatchObject({ apiVersion: `${group}/v1`, size: 1 });
    expect((await api.get(`${at("v2", "apples")}/a`)).body).toMatchObject({ apiVersion: `${group}/v2`, size: 1 });
    expect((await storedTexts("apples"))[0]).toContain(`"apiVersion":"${group}/v2"`);
    const { body } = await api.get(at("v1", "apples"));
    expect(body).toMatchObject({ apiVersion: `${group}/v1`, items: [{ apiVersion: `${group}/v1` }] });
    await using watch = await api.watch(
      `${at("v1", "apples")}?watch=1&resourceVersion=${body.metadata.resourceVersion}`,
    );
    await api.patch(`${at("v2", "apples")}/a`, { size: 2 });
    expect((await watch.next()).object).toMatchObject({ apiVersion: `${group}/v1`, size: 2 });
  });

  test("that were stored in an older version stay readable, and are stored anew by an update without changes", async () => {
    await define("pears", "Pear", [version("v1", stored), version("v2")]);
    await api.post(at("v1", "pears"), object("v1", "Pear", "a"));
    const switched = await api.patch(`${crds}/pears.${group}`, {
      spec: { versions: [version("v1"), version("v2", stored)] },
    });
    expect(switched.body.status.storedVersions).toEqual(["v1", "v2"]);
    const { body } = await api.get(`${at("v2", "pears")}/a`);
    expect(body.apiVersion).toBe(`${group}/v2`);
    expect((await storedTexts("pears"))[0]).toContain(`"apiVersion":"${group}/v1"`);
    expect((await api.put(`${at("v2", "pears")}/a`, body)).code).toBe(200);
    expect((await storedTexts("pears"))[0]).toContain(`"apiVersion":"${group}/v2"`);

    const only = { spec: { versions: [version("v2", stored)] } };
    const refused = await api.patch(`${crds}/pears.${group}`, only);
    expect(refused.code).toBe(422);
    expect(refused.body.message).toContain(
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
    );
    await api.patch(`${crds}/pears.${group}/status`, { status: { storedVersions: ["v2"] } });
    expect((await api.patch(`${crds}/pears.${group}`, only)).code).toBe(200);
    expect((await api.get(at("v1", "pears"))).code).toBe(404);
    expect((await api.get(`${at("v2", "pears")}/a`)).code).toBe(200);
  });

  test("that are served no longer end their watches", async () => {
    const old = version("v1", { deprecated: true });
    await define("plums", "Plum", [old, version("v2", stored)]);
    const { headers, body } = await api.get(at("v1", "plums"));
    expect(headers["warning"]).toBe(`299 - "${group}/v1 Plum is deprecated; use ${group}/v2 Plum"`);
    await using watch = await api.watch(
      `${at("v1", "plums")}?watch=1&resourceVersion=${body.metadata.resourceVersion}`,
    );
    await api.patch(`${crds}/plums.${group}`, {
      spec: { versions: [{ ...old, served: false }, version("v2", stored)] },
    });
    expect(await watch.rest()).toEqual([]);
    expect((await api.get(at("v1", "plums"))).code).toBe(404);
    expect((await api.get(at("v2", "plums"))).code).toBe(200);
  });

  test("are validated, defaulted and pruned by their own schema", async () => {
    const field = (schema: Fields): Fields => ({ properties: { size: schema } });
    await define("figs", "Fig", [
      version("v1", stored, field({ type: "integer", default: 1 })),
      version("v2", {}, field({ type: "integer", maximum: 5, default: 2 })),
    ]);
    expect((await api.post(at("v1", "figs"), object("v1", "Fig", "a"))).body).toMatchObject({ size: 1 });
    expect((await api.post(at("v2", "figs"), object("v2", "Fig", "b"))).body).toMatchObject({ size: 2 });
    const big = { size: 9, extra: true };
    expect((await api.post(at("v1", "figs"), object("v1", "Fig", "c", big))).body).not.toHaveProperty("extra");
    expect((await api.post(at("v2", "figs"), object("v2", "Fig", "d", big))).code).toBe(422);
  });
});

test("objects take the defaults that their definition gained, when they are read", async () => {
  const schema = (properties: Fields): Fields => ({ properties: { spec: { type: "object", properties } } });
  const size = { type: "integer" };
  await define("dates", "Date", [version("v1", stored, schema({ size }))]);
  await api.post(at("v1", "dates"), object("v1", "Date", "old", { spec: {} }));
  const versions = [version("v1", stored, schema({ size: { ...size, default: 7 } }))];
  await api.patch(`${crds}/dates.${group}`, { spec: { versions } });
  await api.post(at("v1", "dates"), object("v1", "Date", "young", { spec: {} }));
  const { body } = await api.get(at("v1", "dates"));
  expect(body.items.map(({ spec }) => spec)).toEqual([{ size: 7 }, { size: 7 }]);
  expect((await api.get(`${at("v1", "dates")}/old`)).body.spec).toEqual({ size: 7 });
  await using watch = await api.watch(`${at("v1", "dates")}?watch=1&resourceVersion=0`);
  expect((await watch.next()).object.spec).toEqual({ size: 7 });
  expect((await storedTexts("dates"))[0]).not.toContain('"size"');
  expect((await api.get(`${at("v1", "dates")}/young`)).text).not.toContain("defaults");
});

describe("scale", () => {
  const paths = {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".status.selector",
  };
  const path = at("v1", "sets");
  beforeAll(async () => {
    await define("sets", "Set", [version("v1", { ...stored, subresources: { status: {}, scale: paths } })]);
    await api.post(path, object("v1", "Set", "a", { spec: { replicas: 1 } }));
    await api.patch(`${path}/a/status`, { status: { replicas: 1, selector: "app=a" } });
  });

  test("is read and written as autoscaling/v1 Scale", async () => {
    const { body } = await api.get(`${path}/a/scale`);
    expect(body).toMatchObject({
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      metadata: { name: "a", namespace: "default" },
      spec: { replicas: 1 },
      status: { replicas: 1, selector: "app=a" },
    });
    const put = await api.put(`${path}/a/scale`, { ...body, spec: { replicas: 2 } });
    expect(put).toMatchObject({ code: 200, body: { spec: { replicas: 2 } } });
    const stale = await api.put(`${path}/a/scale`, { ...body, spec: { replicas: 3 } });
    expect(stale.code).toBe(409);
    for (const [type, patch, replicas] of [
      ["merge-patch", { spec: { replicas: 4 } }, 4],
      ["json-patch", [{ op: "replace", path: "/spec/replicas", value: 6 }], 6],
    ] as const)
      expect((await api.patch(`${path}/a/scale`, patch, type)).body.spec).toEqual({ replicas });
    const strategic = await api.patch(`${path}/a/scale`, { spec: { replicas: 5 } }, "strategic-merge-patch");
    expect(strategic.code).toBe(415);
    const owner = (await api.get(`${path}/a`)).body;
    expect(owner).toMatchObject({ metadata: { generation: 4 }, spec: { replicas: 6 }, status: { replicas: 1 } });
  });

  test("is written in the name of who scales", async () => {
    const { body } = await api.get(`${path}/a`);
    expect(body.metadata).toMatchObject({
      managedFields: expect.arrayContaining([
        expect.objectContaining({ subresource: "scale", fieldsV1: { "f:spec": { "f:replicas": {} } } }),
      ]) as unknown,
    });
  });

  test("is refused where it makes no sense", async () => {
    const negative = await api.patch(`${path}/a/scale`, { spec: { replicas: -1 } });
    expect(negative.code).toBe(422);
    expect(negative.body.message).toBe(
      `Set.${group} "a" is invalid: .spec.replicas: Invalid value: -1: should be a non-negative integer`,
    );
    const words = await api.patch(`${path}/a/scale`, { spec: { replicas: "many" } });
    expect(words.code).toBe(422);
    await api.post(path, object("v1", "Set", "none"));
    const none = await api.get(`${path}/none/scale`);
    expect(none.code).toBe(500);
    expect(none.body.message).toBe('Internal error occurred: the spec replicas field ".spec.replicas" does not exist');
    const empty = await api.patch(`${path}/none/scale`, { metadata: { labels: null } });
    expect(empty.body.message).toBe('the spec replicas field ".spec.replicas" cannot be empty');
    expect((await api.patch(`${path}/none/scale`, { spec: { replicas: 1 } })).code).toBe(200);
    expect((await api.get(`${path}/nobody/scale`)).code).toBe(404);
    expect((await api.delete(`${path}/a/scale`)).code).toBe(405);
  });

  test("is in discovery, and in a Table", async () => {
    const { body } = await api.get(`/apis/${group}/v1`);
    expect(body.resources).toContainEqual(
      expect.objectContaining({ name: "sets/scale", group: "autoscaling", version: "v1", kind: "Scale" }),
    );
    const table = await api.get(`${path}/a/scale`, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    expect(table.body.columnDefinitions.map(({ name }) => name)).toEqual(["Name", "Desired", "Available", "Age"]);
    expect(table.body.rows[0]?.cells.slice(0, 3)).toEqual(["a", 6, 1]);
  });
});

describe("rules and schemas", () => {
  const path = at("v1", "pots");
  const spec = (size: Fields, more: Fields = {}): Fields => ({
    properties: {
      spec: {
        type: "object",
        properties: { size: { type: "integer", ...size }, colour: { type: "string", maxLength: 20 }, ...more },
        "x-kubernetes-validations": [
          { rule: "!has(self.colour) || self.colour != 'beige'", message: "no beige", fieldPath: ".colour" },
          { rule: "!has(oldSelf.colour) || has(self.colour)", message: "a colour stays" },
          {
            rule: "oldSelf.hasValue() || self.size > 0",
            optionalOldSelf: true,
            messageExpression: "'a new pot of size ' + string(self.size)",
          },
        ],
      },
    },
  });
  const pot = (name: string, more: Fields) => object("v1", "Pot", name, { spec: more });
  beforeAll(async () => {
    await define("pots", "Pot", [version("v1", stored, spec({}))]);
  });

  test("are told with the field, the message and the reason", async () => {
    const { code, body } = await api.post(path, pot("wrong", { size: 0, colour: "beige" }));
    expect(code).toBe(422);
    expect(body.details.causes).toEqual([
      { reason: "FieldValueInvalid", message: 'Invalid value: "object": no beige', field: "spec.colour" },
      { reason: "FieldValueInvalid", message: 'Invalid value: "object": a new pot of size 0', field: "spec" },
    ]);
    await api.post(path, pot("green", { size: 1, colour: "green" }));
    const bare = await api.patch(`${path}/green`, { spec: { colour: null } });
    expect(bare.body.message).toContain("a colour stays");
    expect((await api.patch(`${path}/green`, { spec: { size: 0 } })).code).toBe(200);
  });

  test("do not refuse an update for what was wrong before and has not changed", async () => {
    await api.post(path, pot("old", { size: 7, colour: "white" }));
    const stricter = [version("v1", stored, spec({ maximum: 5 }))];
    await api.patch(`${crds}/pots.${group}`, { spec: { versions: stricter } });
    expect((await api.post(path, pot("new", { size: 7 }))).code).toBe(422);
    expect((await api.patch(`${path}/old`, { spec: { colour: "black" } })).code).toBe(200);
    expect((await api.patch(`${path}/old`, { spec: { size: 8 } })).code).toBe(422);
  });
});

test("selectable fields select in lists, watches and deletions", async () => {
  const schema = {
    properties: { spec: { type: "object", properties: { host: { type: "string" }, up: { type: "boolean" } } } },
  };
  const selectableFields = [{ jsonPath: ".spec.host" }, { jsonPath: ".spec.up" }];
  await define("sites", "Site", [version("v1", { ...stored, selectableFields }, schema)]);
  const path = at("v1", "sites");
  for (const [name, host, up] of [
    ["a", "x", true],
    ["b", "y", true],
    ["c", "x", false],
  ] as const)
    await api.post(path, object("v1", "Site", name, { spec: { host, up } }));
  const names = async (selector: string): Promise<string[]> =>
    (await api.get(`${path}?fieldSelector=${selector}`)).body.items.map(({ metadata }) => metadata.name);
  expect(await names("spec.host=x")).toEqual(["a", "c"]);
  expect(await names("spec.host!=x")).toEqual(["b"]);
  expect(await names("spec.host=x,spec.up=false")).toEqual(["c"]);
  expect((await api.get(`${path}?fieldSelector=spec.nope=1`)).code).toBe(400);
  const { body } = await api.get(path);
  await using watch = await api.watch(
    `${path}?watch=1&fieldSelector=spec.host=x&resourceVersion=${body.metadata.resourceVersion}`,
  );
  await api.patch(`${path}/b`, { spec: { host: "x" } });
  await api.patch(`${path}/a`, { spec: { host: "z" } });
  expect(await watch.take(2)).toEqual(["ADDED b", "DELETED a"]);
  await api.delete(`${path}?fieldSelector=spec.host=x`);
  expect(await names("")).toEqual(["a"]);
});

describe("versions with a conversion webhook", () => {
  interface Review {
    readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Json[] };
  }
  /** v1 has `hostPort: "host:port"`, v2 has `host` and `port`. */
  const convertOne = (given: Json, apiVersion: string): Fields => {
    const { hostPort, host, port, ...rest } = given as unknown as Record<string, string>;
    if (apiVersion.endsWith("/v1")) return { ...rest, apiVersion, hostPort: `${host ?? ""}:${port ?? ""}` };
    const [before, after] = (hostPort ?? "").split(":");
    return { ...rest, apiVersion, host: before, port: after };
  };
  const respond = ({ request }: Review, more: Fields): Fields => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "ConversionReview",
    response: { uid: request.uid, result: { status: "Success" }, ...more },
  });
  const properly = (review: Review): Fields => {
    const { objects, desiredAPIVersion } = review.request;
    return respond(review, { convertedObjects: objects.map((one) => convertOne(one, desiredAPIVersion)) });
  };
  let answer: (review: Review) => unknown = properly;
  let webhook: Webhook;
  beforeAll(async () => {
    webhook = await startWebhook(folder, (body) => answer(body as Review));
    const conversion = {
      strategy: "Webhook",
      webhook: { clientConfig: webhook.clientConfig, conversionReviewVersions: ["v1"] },
    };
    await define("ports", "Port", [version("v1"), version("v2", stored)], { conversion });
  });
  afterAll(() => webhook[Symbol.asyncDispose]());

  test("are converted on the way in and out, in lists, watches and updates", async () => {
    answer = properly;
    const created = await api.post(at("v1", "ports"), object("v1", "Port", "a", { hostPort: "h:80" }));
    expect(created.body).toMatchObject({ apiVersion: `${group}/v1`, hostPort: "h:80" });
    expect((await storedTexts("ports"))[0]).toContain('"host":"h","port":"80"');
    const sent = webhook.requests.length;
    expect((await api.get(`${at("v2", "ports")}/a`)).body).toMatchObject({ host: "h", port: "80" });
    expect(webhook.requests).toHaveLength(sent);
    await api.post(at("v2", "ports"), object("v2", "Port", "b", { host: "i", port: "90" }));
    const { body } = await api.get(at("v1", "ports"));
    expect(body.items).toMatchObject([{ hostPort: "h:80" }, { hostPort: "i:90" }]);
    await using watch = await api.watch(
      `${at("v1", "ports")}?watch=1&resourceVersion=${body.metadata.resourceVersion}`,
    );
    await api.patch(`${at("v2", "ports")}/a`, { port: "81" });
    expect((await watch.next()).object).toMatchObject({ apiVersion: `${group}/v1`, hostPort: "h:81" });
    await api.patch(`${at("v1", "ports")}/a`, { hostPort: "j:82" });
    expect((await api.get(`${at("v2", "ports")}/a`)).body).toMatchObject({ host: "j", port: "82" });
  });

  test("may get other labels and annotations by it, and keep the rest of their metadata", async () => {
    answer = (review) => {
      const { objects, desiredAPIVersion } = review.request;
      const convertedObjects = objects.map((one) => ({
        ...convertOne(one, desiredAPIVersion),
        metadata: { ...one.metadata, labels: { converted: "yes" }, generation: 99, finalizers: ["x/y"] },
      }));
      return respond(review, { convertedObjects });
    };
    await api.post(at("v2", "ports"), object("v2", "Port", "labelled", { host: "h", port: "1" }));
    const { metadata } = (await api.get(`${at("v1", "ports")}/labelled`)).body;
    expect(metadata).toMatchObject({ labels: { converted: "yes" }, generation: 1 });
    expect(metadata.finalizers).toBeUndefined();
  });

  const from = `conversion webhook for ${group}/v2, Kind=Port`;
  test.each<{ why: string; wrong: (review: Review) => unknown; says: string | RegExp }>([
    {
      why: "it says so",
      wrong: (review) => respond(review, { result: { status: "Failure", message: "not today" } }),
      says: `${from} failed: not today`,
    },
    {
      why: "it says nothing",
      wrong: (review) => respond(review, { result: { status: "Failed" } }),
      says: `${from} failed: response.result.status was 'Failed', not 'Success'`,
    },
    {
      why: "it answers another request",
      wrong: (review) => respond(review, { uid: "other" }),
      says: new RegExp(`^${from} failed: expected response.uid="[-0-9a-f]{36}", got "other"$`),
    },
    {
      why: "it answers something else",
      wrong: () => ({ apiVersion: "v1", kind: "Pod" }),
      says: `${from} failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /v1, Kind=Pod`,
    },
    {
      why: "objects are missing",
      wrong: (review) => respond(review, { convertedObjects: [] }),
      says: `${from} returned 0 objects, expected 1`,
    },
    {
      why: "the version is wrong",
      wrong: (review) => respond(review, { convertedObjects: review.request.objects }),
      says: `${from} returned invalid converted object at index 0: invalid groupVersion (expected ${group}/v1, received ${group}/v2)`,
    },
    {
      why: "the name has changed",
      wrong: (review) =>
        respond(review, {
          convertedObjects: review.request.objects.map((one) => ({
            ...convertOne(one, `${group}/v1`),
            metadata: { ...one.metadata, name: "other" },
          })),
        }),
      says: `${from} returned invalid converted object at index 0: must have the same name: a != other`,
    },
    {
      why: "it breaks",
      wrong: () => {
        throw new Error("boom");
      },
      says: `${from} failed: an error on the server ("boom") has prevented the request from succeeding`,
    },
  ])("cannot be read when $why", async ({ wrong, says }) => {
    answer = wrong;
    const { code, body } = await api.get(`${at("v1", "ports")}/a`);
    expect(code).toBe(500);
    expect(body.message).toEqual(typeof says === "string" ? says : expect.stringMatching(says));
    expect((await api.get(`${at("v2", "ports")}/a`)).code).toBe(200);
    answer = properly;
    expect((await api.get(`${at("v1", "ports")}/a`)).code).toBe(200);
  });

  test("are listed again once the webhook is well", async () => {
    const list = () => api.get(at("v1", "ports"));
    expect((await list()).code).toBe(200);
    answer = (review) => respond(review, { result: { status: "Failure", message: "not today" } });
    await api.patch(`${at("v2", "ports")}/a`, { port: "83" });
    const { code, body } = await list();
    expect(code).toBe(500);
    expect(body.message).toMatch(/^conversion webhook for custom\.example\/v2, Kind=Port(?:List)? failed: not today$/);
    answer = properly;
    await expect.poll(async () => (await list()).code, { timeout: 20_000, interval: 50 }).toBe(200);
  });
});

const found = spawnSync("kubectl", ["version", "--client"], { encoding: "utf8" });
const missing = found.status === 0 ? undefined : "kubectl is not in PATH";
if (missing !== undefined) console.log(`skipped: kubectl and kinds defined at run time, because ${missing}`);

describe.skipIf(missing !== undefined)("kubectl", () => {
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: api.kubeconfig };
    const { code, stdout, stderr } = await capture("kubectl", args, { env });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    return stdout;
  };
  const path = at("v2", "crews");
  beforeAll(async () => {
    const schema = {
      properties: {
        spec: {
          type: "object",
          properties: { size: { type: "integer", description: "How many there are." } },
        },
        status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    };
    const scale = { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" };
    const columns = [
      { name: "Size", type: "integer", jsonPath: ".spec.size" },
      { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: "First", type: "string", jsonPath: ".status.members[0]", priority: 1 },
      { name: "Since", type: "date", jsonPath: ".metadata.creationTimestamp" },
    ];
    const subresources = { status: {}, scale };
    await define("crews", "Crew", [
      version("v1", { subresources }, schema),
      version("v2", { ...stored, subresources, additionalPrinterColumns: columns }, schema),
    ]);
    await api.post(path, object("v2", "Crew", "night", { spec: { size: 1 } }));
    const status = { size: 1, members: ["ann"], conditions: [{ type: "Ready", status: "True" }] };
    await api.patch(`${path}/night/status`, { status });
  });

  test("scales what its definition says can be scaled", async () => {
    expect(await kubectl("scale", "crew/night", "--replicas=3")).toBe("crew.custom.example/night scaled\n");
    expect(await kubectl("scale", "crew/night", "--current-replicas=3", "--replicas=4")).toContain("scaled");
    expect((await api.get(`${path}/night`)).body).toMatchObject({ spec: { size: 4 }, metadata: { generation: 3 } });
    expect(await kubectl("get", "crew", "night", "--subresource=scale")).toMatch(/NAME +DESIRED +AVAILABLE +AGE/);
  });

  test("shows the columns of each version", async () => {
    const [head = "", row = ""] = (await kubectl("get", "crews", "-o", "wide")).split("\n");
    expect(head.split(/ +/)).toEqual(["NAME", "SIZE", "READY", "FIRST", "SINCE"]);
    expect(row).toMatch(/^night +4 +True +ann +[0-9]+s$/);
    expect(await kubectl("get", "crews.v1.custom.example")).toMatch(/^NAME +AGE\n/);
  });

  test("explains its fields", async () => {
    expect(await kubectl("explain", "crew.spec.size")).toContain("How many there are.");
  });
});
