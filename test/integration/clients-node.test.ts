/** The official JavaScript client; its informer is in test/e2e/informer. It has no leader election. */
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  Health,
  KubeConfig,
  KubernetesObjectApi,
  loadAllYaml,
  loadYaml,
  PatchStrategy,
  setHeaderOptions,
  V1ObjectMeta,
  VersionApi,
} from "@kubernetes/client-node";
import type { KubernetesObject, V1ConfigMap } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StowageServer } from "../lab/stowage.ts";

const namespace = "default";

interface Container extends KubernetesObject {
  readonly spec: { readonly image: string; readonly args?: readonly string[]; readonly runState: string };
  readonly status?: object;
}

const mapOf = (name: string, data = "{ a: '1' }"): V1ConfigMap =>
  loadYaml(`{ apiVersion: v1, kind: ConfigMap, metadata: { name: ${name}, namespace: default }, data: ${data} }`);
const containerOf = (name: string, spec = ""): Container =>
  loadYaml(`{ apiVersion: stowage.dev/v1alpha1, kind: Container, metadata: { name: ${name}, namespace: default },
    spec: { image: x, runState: Stopped ${spec} } }`);

describe("@kubernetes/client-node", () => {
  let server: StowageServer;
  let config: KubeConfig;
  beforeAll(async () => {
    server = await StowageServer.start({ args: ["--controllers", "none"] });
    config = new KubeConfig();
    config.loadFromFile(server.kubeconfig);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const reasonOf = async (request: Promise<unknown>): Promise<string> => {
    const error: unknown = await request.then(
      () => undefined,
      (refusal: unknown) => refusal,
    );
    if (!(error instanceof ApiException)) throw new Error("not refused", { cause: error });
    return `${error.code} ${(JSON.parse(String(error.body)) as { reason: string }).reason}`;
  };

  test.each([
    { strategy: PatchStrategy.JsonPatch, body: [{ op: "add", path: "/data/b", value: "2" }] },
    { strategy: PatchStrategy.MergePatch, body: { data: { b: "2" } } },
    { strategy: PatchStrategy.StrategicMergePatch, body: { data: { b: "2" } } },
    {
      strategy: PatchStrategy.ServerSideApply,
      body: { apiVersion: "v1", kind: "ConfigMap", data: { b: "2" } },
    },
  ])("CoreV1Api patches a ConfigMap by $strategy", async ({ strategy, body }) => {
    const core = config.makeApiClient(CoreV1Api);
    const name = `core-${strategy.replaceAll(/[^a-z]+/g, "-")}`;
    await core.createNamespacedConfigMap({ namespace, body: mapOf(name) });
    const patched = await core.patchNamespacedConfigMap(
      { namespace, name, body, fieldManager: "test" },
      setHeaderOptions("Content-Type", strategy),
    );
    expect(patched.data).toEqual({ a: "1", b: "2" });
    expect(patched.metadata?.managedFields?.map(({ manager }) => manager)).toContain("test");
  });

  test.each([
    { strategy: PatchStrategy.JsonPatch, body: [{ op: "replace", path: "/spec/image", value: "y" }] },
    { strategy: PatchStrategy.MergePatch, body: { spec: { image: "y" } } },
    {
      strategy: PatchStrategy.ServerSideApply,
      body: { apiVersion: "stowage.dev/v1alpha1", kind: "Container", spec: { image: "y" } },
    },
  ])("CustomObjectsApi patches a Container by $strategy", async ({ strategy, body }) => {
    const custom = config.makeApiClient(CustomObjectsApi);
    const at = { group: "stowage.dev", version: "v1alpha1", namespace, plural: "containers" };
    const name = `custom-${strategy.replaceAll(/[^a-z]+/g, "-")}`;
    await custom.createNamespacedCustomObject({ ...at, body: containerOf(name) });
    const patched = (await custom.patchNamespacedCustomObject(
      {
        ...at,
        name,
        body,
        fieldManager: "test",
        ...(strategy === PatchStrategy.ServerSideApply ? { force: true } : {}),
      },
      setHeaderOptions("Content-Type", strategy),
    )) as Container;
    expect(patched.spec).toMatchObject({ image: "y", runState: "Stopped" });
  });

  test("CustomObjectsApi is told that custom objects have no strategic merge", async () => {
    const custom = config.makeApiClient(CustomObjectsApi);
    const at = { group: "stowage.dev", version: "v1alpha1", namespace, plural: "containers" };
    await custom.createNamespacedCustomObject({ ...at, body: containerOf("strategic") });
    const header = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
    const patch = custom.patchNamespacedCustomObject({ ...at, name: "strategic", body: { spec: {} } }, header);
    expect(await reasonOf(patch)).toBe("415 UnsupportedMediaType");
  });

  test("KubernetesObjectApi creates, reads, lists, patches, replaces and deletes whatever it is given", async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const documents = [mapOf("any"), containerOf("any")];
    for (const made of documents) {
      const { apiVersion = "", kind = "" } = made;
      const created = await objects.create(made);
      expect(created.metadata?.uid).toBeDefined();
      expect(await reasonOf(objects.create(made))).toBe("409 AlreadyExists");
      const header = { apiVersion, kind, metadata: { name: "any", namespace } };
      const read = await objects.read<KubernetesObject>(header);
      expect(read.metadata?.uid).toBe(created.metadata?.uid);
      read.metadata = Object.assign(new V1ObjectMeta(), read.metadata, { labels: { any: "yes" } });
      const replaced = await objects.replace(read);
      expect(await reasonOf(objects.replace(read))).toBe("409 Conflict");
      expect(replaced.metadata?.labels).toEqual({ any: "yes" });
      const listed = await objects.list(
        apiVersion,
        kind,
        namespace,
        ...[undefined, undefined, undefined, undefined],
        "any=yes",
      );
      expect(listed.items.map(({ metadata }) => metadata?.name)).toEqual(["any"]);
      const patched = await objects.patch(
        loadYaml<KubernetesObject>(
          `{ apiVersion: ${apiVersion}, kind: ${kind}, metadata: { name: any, namespace: default, labels: { more: "yes" } } }`,
        ),
        ...[undefined, undefined, undefined, undefined, PatchStrategy.MergePatch],
      );
      expect(patched.metadata?.labels).toEqual({ any: "yes", more: "yes" });
      const applied = await objects.patch(
        loadYaml<KubernetesObject>(
          `{ apiVersion: ${apiVersion}, kind: ${kind}, metadata: { name: any, namespace: default, annotations: { by: apply } } }`,
        ),
        ...[undefined, undefined, "applier", true, PatchStrategy.ServerSideApply],
      );
      expect(applied.metadata?.annotations).toMatchObject({ by: "apply" });
      await objects.delete(
        loadYaml(`{ apiVersion: ${apiVersion}, kind: ${kind}, metadata: { name: any, namespace: default } }`),
      );
      expect(await reasonOf(objects.read(header))).toBe("404 NotFound");
    }
  });

  test("it applies a file of several documents as its examples do, and reads version and health", async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const documents = loadAllYaml(
      "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n---\napiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: shop }\nstringData: { a: b }\n",
    ) as KubernetesObject[];
    for (const document of documents) await objects.create(document);
    const secret = await config.makeApiClient(CoreV1Api).readNamespacedSecret({ name: "s", namespace: "shop" });
    expect(secret.data).toEqual({ a: "Yg==" });
    expect((await config.makeApiClient(VersionApi).getCode()).major).toBe("1");
    expect(await new Health(config).readyz({})).toBe(true);
    expect(await new Health(config).livez({})).toBe(true);
  });
});
