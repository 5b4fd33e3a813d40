/** What clients learn about fields, as JSON, as protobuf and through `kubectl explain`. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import { capture } from "../lab/stowage.ts";
import { ApiOverHttps } from "./api-over-https.ts";

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const specOf = (more: object): object => ({
  openAPIV3Schema: {
    type: "object",
    description: "A boat floats.",
    required: ["spec"],
    properties: {
      spec: {
        type: "object",
        description: "What it is to be.",
        required: ["name", "note"],
        properties: {
          name: { type: "string", description: "What it is called." },
          note: { type: "string", nullable: true },
          port: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
          free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          sails: {
            type: "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            items: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
          },
          ...more,
        },
      },
    },
  },
});
const boats = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "boats.sea.example" },
  spec: {
    group: "sea.example",
    scope: "Namespaced",
    names: { plural: "boats", kind: "Boat" },
    versions: [
      { name: "v1", served: true, storage: true, schema: specOf({}) },
      {
        name: "v2",
        served: true,
        storage: false,
        schema: specOf({ keel: { type: "string", description: "Only in v2." } }),
        subresources: { scale: { specReplicasPath: ".spec.n", statusReplicasPath: ".status.n" } },
      },
    ],
  },
};

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open();
  expect((await api.post(crds, boats)).code).toBe(201);
});
afterAll(() => api[Symbol.asyncDispose]());

const protobuf2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const protobuf3 = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";

const dig = (value: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((node, key) => (isJsonObject(node) ? getOwn(node, key) : undefined), value);

/** What of gnostic's messages is looked at here. Source: openapiv2/OpenAPIv2.proto and openapiv3/OpenAPIv3.proto. */
const gnostic = protobuf.parse(
  `syntax = "proto3";
  message Any { string yaml = 2; }
  message NamedAny { string name = 1; Any value = 2; }
  message Info { string title = 1; string version = 2; }
  message TypeItem { repeated string value = 1; }
  message ItemsItem { repeated Schema schema = 1; }
  message Named { string name = 1; Schema value = 2; }
  message Properties { repeated Named additional_properties = 1; }
  message Schema {
    string ref = 1; string description = 4; repeated string required = 19; TypeItem type = 22; ItemsItem items = 23;
    Properties properties = 25; repeated NamedAny vendor_extension = 31;
  }
  message Body { string name = 2; string in = 3; Schema schema = 5; }
  message Query { string in = 2; string name = 4; string type = 6; }
  message NonBody { Query query = 3; }
  message Parameter { Body body = 1; NonBody non_body = 2; }
  message Item { Parameter parameter = 1; }
  message Operation {
    string operation_id = 5; repeated string consumes = 7; repeated Item parameters = 8;
    repeated NamedAny vendor_extension = 13;
  }
  message PathItem { Operation get = 2; Operation patch = 8; }
  message NamedPath { string name = 1; PathItem value = 2; }
  message Paths { repeated NamedPath path = 2; }
  message Document2 { string swagger = 1; Info info = 2; Paths paths = 8; Properties definitions = 9; }

  message Schema3 { repeated string required = 23; string type = 25; string description = 34; }
  message SchemaOrReference { Schema3 schema = 1; }
  message Named3 { string name = 1; SchemaOrReference value = 2; }
  message Schemas { repeated Named3 additional_properties = 1; }
  message Components { Schemas schemas = 1; }
  message Document3 { string openapi = 1; Components components = 5; }`,
).root;

async function decoded(path: string, accept: string, message: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await api.open("GET", path, { headers: { accept } });
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-type"]).toBe(accept.replace("@", "."));
  const type = gnostic.lookupType(message);
  return type.toObject(type.decode(await buffer(response)), { defaults: true });
}

interface Named {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
}
const named = (pairs: unknown, name: string): Readonly<Record<string, unknown>> | undefined =>
  (pairs as readonly Named[]).find((pair) => pair.name === name)?.value;

describe("version 2", () => {
  test("is JSON unless protobuf is asked for, and is not sent again to whoever has it", async () => {
    const { body, headers } = await api.get("/openapi/v2", { accept: "*/*" });
    expect(body).toMatchObject({ swagger: "2.0" });
    expect(headers["content-type"]).toBe("application/json");
    expect(headers["vary"]).toContain("Accept");
    const again = await api.get("/openapi/v2", { "if-none-match": headers["etag"] ?? "" });
    expect([again.code, again.text]).toEqual([304, ""]);
    expect((await api.get("/openapi/v2", { accept: "text/html" })).code).toBe(406);
  });

  test("as protobuf says the same in gnostic's messages", async () => {
    const document = await decoded("/openapi/v2", protobuf2, "Document2");
    const boat = named(dig(document, "definitions", "additionalProperties"), "example.sea.v2.Boat");
    expect(boat).toMatchObject({ description: "A boat floats.", type: { value: ["object"] }, required: ["spec"] });
    const kind = named(boat?.["vendorExtension"], "x-kubernetes-group-version-kind");
    expect(JSON.parse(String(kind?.["yaml"]))).toEqual([{ group: "sea.example", version: "v2", kind: "Boat" }]);
    const spec = named(dig(boat, "properties", "additionalProperties"), "spec");
    const sails = named(dig(spec, "properties", "additionalProperties"), "sails");
    expect(sails).toMatchObject({ type: { value: ["array"] }, items: { schema: [{ required: ["name"] }] } });
    const metadata = named(dig(boat, "properties", "additionalProperties"), "metadata");
    expect(metadata?.["ref"]).toBe("#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    const paths = dig(document, "paths", "path");
    const patch = dig(named(paths, "/apis/sea.example/v2/namespaces/{namespace}/boats/{name}"), "patch");
    expect(patch).toMatchObject({
      consumes: ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"],
    });
    const action = named(dig(patch, "vendorExtension"), "x-kubernetes-action");
    expect(action?.["yaml"]).toBe('"patch"\n');
  });

  test("has no more types, fields and demands than version 2 can say", async () => {
    const { body } = await api.get("/openapi/v2");
    const spec = dig(body, "definitions", "example.sea.v1.Boat", "properties", "spec");
    expect(dig(spec, "required")).toEqual(["name"]);
    expect(dig(spec, "properties")).toMatchObject({
      note: {},
      port: { "x-kubernetes-int-or-string": true },
      free: { "x-kubernetes-preserve-unknown-fields": true },
    });
    for (const field of ["note", "port", "free"]) expect(dig(spec, "properties", field)).not.toHaveProperty("type");
  });

  test("knows what is below an object", async () => {
    const { body } = await api.get("/openapi/v2");
    const path = "/apis/sea.example/v2/namespaces/{namespace}/boats/{name}/scale";
    expect(dig(body, "paths", path, "get")).toMatchObject({
      "x-kubernetes-group-version-kind": { group: "autoscaling", version: "v1", kind: "Scale" },
      responses: { "200": { schema: { $ref: "#/definitions/io.k8s.api.autoscaling.v1.Scale" } } },
    });
    expect(dig(body, "definitions", "io.k8s.api.autoscaling.v1.Scale")).toBeDefined();
  });

  test("leads somewhere with every reference", async () => {
    const { text, body } = await api.get("/openapi/v2");
    const names = new Set([...text.matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, name = ""]) => name));
    expect([...names].filter((name) => dig(body, "definitions", name) === undefined)).toEqual([]);
  });
});

describe("version 3", () => {
  const hashed = async (path: string): Promise<string> =>
    (await api.get("/openapi/v3")).body.paths[path]?.serverRelativeURL ?? "";

  test("has a document for each group and version, named by its hash, that never changes", async () => {
    const url = await hashed("apis/sea.example/v1");
    const { code, headers, body } = await api.get(url);
    expect(code).toBe(200);
    expect(headers["cache-control"]).toBe("public, immutable");
    expect(Date.parse(headers["expires"] ?? "")).toBeGreaterThan(Date.now());
    expect(url).toContain(`hash=${(headers["etag"] ?? "").replaceAll('"', "")}`);
    expect(dig(body, "components", "schemas", "example.sea.v1.Boat")).toBeDefined();
    expect((await api.get(url, { "if-none-match": headers["etag"] ?? "" })).code).toBe(304);
    const plain = await api.get("/openapi/v3/apis/sea.example/v1");
    expect(plain.headers["cache-control"]).toBe("no-cache, private");
  });

  test("leads from an old hash to the new one", async () => {
    const { code, headers } = await api.get("/openapi/v3/apis/sea.example/v1?hash=OLD");
    expect([code, headers["location"]]).toEqual([301, await hashed("apis/sea.example/v1")]);
  });

  test("as protobuf says the same in gnostic's messages", async () => {
    const document = await decoded("/openapi/v3/apis/sea.example/v2", protobuf3, "Document3");
    const boat = named(dig(document, "components", "schemas", "additionalProperties"), "example.sea.v2.Boat");
    expect(boat).toMatchObject({ schema: { type: "object", description: "A boat floats.", required: ["spec"] } });
  });

  test("follows CustomResourceDefinitions, and leaves other documents as they were", async () => {
    const [before, other] = [await hashed("apis/sea.example/v1"), await hashed("apis/stowage.dev/v1alpha1")];
    const path = "/spec/versions/0/schema/openAPIV3Schema/description";
    await api.patch(`${crds}/boats.sea.example`, [{ op: "replace", path, value: "A boat sinks." }], "json-patch");
    expect(await hashed("apis/sea.example/v1")).not.toBe(before);
    expect(await hashed("apis/stowage.dev/v1alpha1")).toBe(other);
    await api.patch(`${crds}/boats.sea.example`, [{ op: "replace", path, value: "A boat floats." }], "json-patch");
    expect(await hashed("apis/sea.example/v1")).toBe(before);
  });
});

const found = spawnSync("kubectl", ["version", "--client"], { encoding: "utf8" });
const missing = found.status === 0 ? undefined : "kubectl is not in PATH";
if (missing !== undefined) console.log(`skipped: kubectl explain, because ${missing}`);

describe.skipIf(missing !== undefined)("kubectl explain", () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "stowage-explain-"));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const explain = async (...args: readonly string[]): Promise<string> => {
    const env = { PATH: process.env["PATH"], HOME: home, KUBECONFIG: api.kubeconfig };
    const { code, stdout, stderr } = await capture("kubectl", ["explain", ...args], { env });
    expect([code, stderr]).toEqual([0, ""]);
    return stdout;
  };

  test.each([
    { name: "boat-v1", args: ["boats", "--recursive", "--api-version=sea.example/v1"] },
    { name: "boat-v2", args: ["boats", "--recursive", "--api-version=sea.example/v2"] },
    { name: "boat-v2-keel", args: ["boats.spec.keel", "--api-version=sea.example/v2"] },
    { name: "boat-openapi2", args: ["boats.spec", "--output=plaintext-openapiv2", "--api-version=sea.example/v1"] },
    { name: "metadata", args: ["boats.metadata.ownerReferences", "--recursive"] },
  ])("$name", async ({ name, args }) => {
    const text = await explain(...args);
    const file = fileURLToPath(new URL(`../golden/explain/${name}.txt`, import.meta.url));
    if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, text);
    expect(text).toBe(await readFile(file, "utf8"));
  });

  test.each(["configmap.data", "secret.type", "namespace.spec.finalizers", "container.spec.ports", "crd.spec.names"])(
    "%s, by both versions of OpenAPI",
    async (field) => {
      expect(await explain(field)).toContain("FIELD");
      expect(await explain(field, "--output=plaintext-openapiv2")).toContain("FIELD");
    },
  );

  test("all of every kind there is", async () => {
    const { resources } = (await api.get("/api/v1")).body;
    const own = (await api.get("/apis/stowage.dev/v1alpha1")).body.resources;
    const names = [...resources, ...own].map(({ name }) => name).filter((name) => !name.includes("/"));
    for (const name of names) expect(await explain(name, "--recursive")).toContain("metadata");
  });
});
