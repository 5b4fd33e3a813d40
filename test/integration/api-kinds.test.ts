/** Kinds that come and go, and the namespaces that objects live in. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kinds } from "../../crds/index.ts";
import { groupResource } from "../../crds/meta.ts";
import { ApiServer } from "../../api/server.ts";
import { systemClock } from "../../process/clock.ts";
import type { Json } from "./api-over-https.ts";
import { ApiOverHttps } from "./api-over-https.ts";

let api: ApiOverHttps;
beforeAll(async () => {
  api = await ApiOverHttps.open();
});
afterAll(() => api[Symbol.asyncDispose]());

const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

function definition(plural: string, kind: string, more: object = {}) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.test.example` },
    spec: {
      group: "test.example",
      scope: "Namespaced",
      names: { plural, kind },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: { type: "object", properties: { size: { type: "integer", default: 3, maximum: 10 } } },
              },
            },
          },
          additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
        },
      ],
      ...more,
    },
  };
}

const object = (kind: string, name: string, more: object = {}): object => ({
  apiVersion: "test.example/v1",
  kind,
  metadata: { name },
  spec: {},
  ...more,
});

/** What happens a moment after the answer. */
const waiting = { timeout: 20_000, interval: 5 };

const conditions = (crd: Json): Record<string, string> =>
  Object.fromEntries(crd.status.conditions.map(({ type, status }) => [type, status]));

describe("a CustomResourceDefinition", () => {
  test("serves its kind as soon as it is created", async () => {
    const path = "/apis/test.example/v1/namespaces/default/boxes";
    expect((await api.get(path)).code).toBe(404);
    const { code, body } = await api.post(crds, definition("boxes", "Box"));
    expect(code).toBe(201);
    expect(conditions(body)).toEqual({ NamesAccepted: "True", Established: "True" });
    expect(body.status.storedVersions).toEqual(["v1"]);
    expect(body.status.acceptedNames).toMatchObject({ singular: "box", listKind: "BoxList" });

    const created = await api.post(path, object("Box", "a"));
    expect(created.code).toBe(201);
    expect(created.body.spec).toEqual({ size: 3 });
    expect((await api.post(path, object("Box", "b", { spec: { size: 11 } }))).code).toBe(422);
    const table = await api.get(path, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    expect(table.body.columnDefinitions.map(({ name }) => name)).toEqual(["Name", "Size"]);
    expect(table.body.rows).toMatchObject([{ cells: ["a", 3] }]);
    const discovered = await api.get("/apis/test.example/v1");
    expect(discovered.body.resources.map(({ name }) => name)).toEqual(["boxes"]);
  });

  test("changes what is served when it changes", async () => {
    const crd = definition("bags", "Bag");
    await api.post(crds, crd);
    const path = "/apis/test.example/v1/namespaces/default/bags";
    await api.post(path, object("Bag", "a"));
    const schema = {
      type: "object",
      properties: { spec: { type: "object", properties: { colour: { type: "string" } } } },
    };
    const [version] = crd.spec.versions;
    const v2 = { ...version, name: "v2", storage: false, schema: { openAPIV3Schema: schema } };
    const patched = await api.patch(`${crds}/bags.test.example`, { spec: { versions: [version, v2] } });
    expect(patched.body.metadata.generation).toBe(2);
    const asV2 = await api.get("/apis/test.example/v2/namespaces/default/bags/a");
    expect(asV2.body).toMatchObject({ apiVersion: "test.example/v2", kind: "Bag" });
    expect((await api.patch(`${crds}/bags.test.example`, { spec: { scope: "Cluster" } })).code).toBe(422);
  });

  test("whose names are taken waits until they are free", async () => {
    await api.post(crds, definition("jars", "Jar"));
    const { body } = await api.post(crds, definition("vases", "Jar"));
    expect(conditions(body)).toEqual({ NamesAccepted: "False", Established: "False" });
    expect(body.status.conditions[0]?.message).toBe('"JarList" is already in use');
    expect((await api.get("/apis/test.example/v1/namespaces/default/vases")).code).toBe(404);
    await api.delete(`${crds}/jars.test.example`);
    const vases = async () => conditions((await api.get(`${crds}/vases.test.example`)).body);
    await expect.poll(vases, waiting).toEqual({ NamesAccepted: "True", Established: "True" });
    expect((await api.get("/apis/test.example/v1/namespaces/default/vases")).code).toBe(200);
  });

  test("that is deleted takes its objects with it, and waits for their finalizers", async () => {
    await api.post(crds, definition("cups", "Cup"));
    const path = "/apis/test.example/v1/namespaces/default/cups";
    await api.post(path, object("Cup", "a"));
    await api.post(path, object("Cup", "held", { metadata: { name: "held", finalizers: ["a.io/x"] } }));
    const { body } = await api.delete(`${crds}/cups.test.example`);
    expect(body.metadata.finalizers).toEqual(["customresourcecleanup.apiextensions.k8s.io"]);
    expect(conditions(body)["Terminating"]).toBe("True");
    expect((await api.post(path, object("Cup", "late"))).code).toBe(405);
    await expect.poll(async () => (await api.get(`${path}/a`)).code, waiting).toBe(404);
    expect((await api.get(`${path}/held`)).body.metadata.deletionTimestamp).toBeDefined();
    await api.patch(`${path}/held`, { metadata: { finalizers: null } });
    await expect.poll(async () => (await api.get(`${crds}/cups.test.example`)).code, waiting).toBe(404);
    expect((await api.get(path)).code).toBe(404);
    expect((await api.post(crds, definition("cups", "Cup"))).code).toBe(201);
    expect((await api.get(path)).body.items).toEqual([]);
  });

  test("that makes no sense answers 422", async () => {
    const { code, body } = await api.post(crds, definition("Wrong", "Box", { scope: "Galactic" }));
    expect(code).toBe(422);
    expect(body.reason).toBe("Invalid");
  });
});

describe("our own kinds", () => {
  test("are there from the start", async () => {
    const { body } = await api.get(crds);
    const names = body.items.map(({ metadata }) => metadata.name);
    expect(names).toEqual(expect.arrayContaining(kinds.map(({ type }) => groupResource(type))));
  });

  test("are brought up to date by a newer server, and left alone by the same one", async () => {
    const name = "hosts.stowage.dev";
    const before = (await api.get(`${crds}/${name}`)).body;
    const again = async (): Promise<void> => {
      const server = await ApiServer.open({
        store: api.store,
        dataDir: api.dataDir,
        listen: { host: "127.0.0.1", port: 0 },
        connectors: {},
        clock: systemClock,
        log: api.log,
      });
      await server[Symbol.asyncDispose]();
    };
    await again();
    expect((await api.get(`${crds}/${name}`)).body).toEqual(before);
    const [version] = before.spec.versions;
    await api.patch(`${crds}/${name}`, { spec: { versions: [{ ...version, additionalPrinterColumns: [] }] } });
    await again();
    const { spec } = (await api.get(`${crds}/${name}`)).body;
    expect(spec).toEqual(before.spec);
  });

  test("are looked at like any other where somebody changes them", async () => {
    const name = "networks.openstack.stowage.dev";
    const { spec } = (await api.get(`${crds}/${name}`)).body;
    const schema = { type: "object", "x-kubernetes-validations": [{ rule: "self.nothing" }] };
    const versions = [{ ...spec.versions[0], schema: { openAPIV3Schema: schema } }];
    const { code, body } = await api.patch(`${crds}/${name}`, { spec: { versions } });
    expect(code).toBe(422);
    expect(body.message).toContain("undefined field 'nothing'");
  });
});

describe("a Namespace", () => {
  const namespace = (name: string): object => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

  test("is active, labelled with its name and held by the finalizer kubernetes", async () => {
    const { body } = await api.post("/api/v1/namespaces", namespace("team"));
    expect(body).toMatchObject({
      metadata: { labels: { "kubernetes.io/metadata.name": "team" } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
    const patched = await api.patch("/api/v1/namespaces/team", { spec: { finalizers: [] } });
    expect(patched.body.spec.finalizers).toEqual(["kubernetes"]);
  });

  test("that is deleted takes nothing new, and is gone once it is finalized", async () => {
    await api.post("/api/v1/namespaces", namespace("going"));
    const { code, body } = await api.delete("/api/v1/namespaces/going");
    expect(code).toBe(200);
    expect(body.status.phase).toBe("Terminating");
    const refused = await api.post("/api/v1/namespaces/going/configmaps", {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "late" },
    });
    expect(refused.code).toBe(403);
    expect(refused.body).toMatchObject({
      reason: "Forbidden",
      message:
        'configmaps "late" is forbidden: unable to create new content in namespace going because it is being terminated',
      details: { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] },
    });
    const finalized = await api.put("/api/v1/namespaces/going/finalize", { ...body, spec: { finalizers: [] } });
    expect(finalized.code).toBe(200);
    expect((await api.get("/api/v1/namespaces/going")).code).toBe(404);
  });

  test("that everything relies on stays", async () => {
    for (const name of ["default", "kube-system"]) {
      const { code, body } = await api.delete(`/api/v1/namespaces/${name}`);
      expect(code).toBe(403);
      expect(body.message).toBe(`namespaces "${name}" is forbidden: this namespace may not be deleted`);
    }
  });

  test("is not deleted by the dozen", async () => {
    expect((await api.delete("/api/v1/namespaces")).code).toBe(405);
  });
});

test("a body that comes after its kind has gone leaves nothing behind for the next kind of that name", async () => {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const names = { plural: "ghosts", singular: "ghost", kind: "Ghost", listKind: "GhostList" };
  const schema = { openAPIV3Schema: { type: "object" } };
  const versions = [{ name: "v1", served: true, storage: true, schema }];
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "ghosts.slow.example" },
    spec: { group: "slow.example", scope: "Namespaced", names, versions },
  };
  await api.post(definitions, definition);
  const pem = (name: string): Promise<Buffer> => readFile(join(api.dataDir, "pki", name));
  const [ca, cert, key] = await Promise.all([pem("ca.crt"), pem("admin.crt"), pem("admin.key")]);
  const path = "/apis/slow.example/v1/namespaces/default/ghosts";
  const headers = { "content-type": "application/json", expect: "100-continue" };
  const slow = httpsRequest(api.api.url + path, { method: "POST", ca, cert, key, agent: false, headers });
  slow.flushHeaders();
  await once(slow, "continue");
  await api.delete(`${definitions}/ghosts.slow.example`);
  await expect.poll(async () => (await api.get(`${definitions}/ghosts.slow.example`)).code).toBe(404);
  slow.end(JSON.stringify({ apiVersion: "slow.example/v1", kind: "Ghost", metadata: { name: "late" } }));
  const [{ statusCode }] = (await once(slow, "response")) as [{ readonly statusCode?: number }];
  expect(statusCode).toBe(404);
});
