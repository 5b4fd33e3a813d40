/** Unmodified kubectl against the server. Skips where there is none. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Output } from "../lab/stowage.ts";
import { capture } from "../lab/stowage.ts";
import { ApiOverHttps } from "./api-over-https.ts";

const found = spawnSync("kubectl", ["version", "--client"], { encoding: "utf8" });
const missing = found.status === 0 ? undefined : "kubectl is not in PATH";
if (missing !== undefined) console.log(`skipped: kubectl against the server, because ${missing}`);

const manifest = (image: string, more = ""): string => `
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: shop
data:
  colour: blue
---
apiVersion: stowage.dev/v1alpha1
kind: Container
metadata:
  name: web
  namespace: shop
  labels: { app: web }
spec:
  image: ${image}
  ports:
    - containerPort: 80
      protocol: TCP
${more}`;

describe.skipIf(missing !== undefined)("kubectl", () => {
  let api: ApiOverHttps;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "stowage-kubectl-"));
    api = await ApiOverHttps.open();
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const kubectl = (args: readonly string[], input?: string, env: NodeJS.ProcessEnv = {}): Promise<Output> =>
    capture("kubectl", args, {
      // HOME: kubectl caches discovery there.
      env: { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: api.kubeconfig, ...env },
      ...(input === undefined ? {} : { input }),
    });
  const ok = async (args: readonly string[], input?: string, env?: NodeJS.ProcessEnv): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, input, env);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    return stdout;
  };

  test("apply creates, changes, and leaves alone", async () => {
    const apply = ["apply", "-f", "-"];
    expect(await ok(apply, manifest("nginx"))).toBe(
      "namespace/shop created\nconfigmap/settings created\ncontainer.stowage.dev/web created\n",
    );
    expect(await ok(apply, manifest("nginx"))).toBe(
      "namespace/shop unchanged\nconfigmap/settings unchanged\ncontainer.stowage.dev/web unchanged\n",
    );
    const diff = await kubectl(["diff", "-f", "-"], manifest("nginx:2"));
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain("-  image: nginx\n+  image: nginx:2\n");
    expect(await ok(apply, manifest("nginx:2"))).toContain("container.stowage.dev/web configured");
    const dry = await ok([...apply, "--dry-run=server"], manifest("nginx:3"));
    expect(dry).toContain("container.stowage.dev/web configured (server dry run)");
    const wrong = await kubectl(apply, manifest("nginx:2", "  colour: red\n"));
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('unknown field "spec.colour"');
  });

  test("get shows columns, and whole objects", async () => {
    const [header, row] = (await ok(["get", "ctr", "-n", "shop"])).split("\n");
    expect(header?.split(/ {2,}/)).toEqual(["NAME", "READY", "STATUS", "RESTARTS", "HOST", "IMAGE", "AGE"]);
    expect(row).toMatch(/^web .*nginx:2 +\d+s$/);
    expect(await ok(["get", "containers", "-A", "-o", "wide", "-l", "app=web"])).toContain("CONTAINER-ID");
    expect(await ok(["get", "all", "-n", "shop", "-o", "name"])).toBe("container.stowage.dev/web\n");
    expect(await ok(["get", "ctr", "web", "-n", "shop", "-o", "yaml"])).toContain("kind: Container\n");
    expect(await ok(["get", "ns", "shop", "-o", "jsonpath={.status.phase}"])).toBe("Active");
    expect(await ok(["get", "ctr", "-n", "shop", "--field-selector", "metadata.name=web", "--chunk-size=1"])).toContain(
      "web",
    );
    const none = await kubectl(["get", "ctr", "none", "-n", "shop"]);
    expect(none.stderr).toBe('Error from server (NotFound): containers.stowage.dev "none" not found\n');
  });

  test("explain and api-resources read discovery and OpenAPI", async () => {
    expect(await ok(["explain", "ctr.spec.ports.hostPort"])).toContain("Port of the host that leads to it.");
    expect(await ok(["explain", "configmap"])).toContain("ConfigMap holds configuration data");
    const resources = await ok(["api-resources"]);
    for (const line of [
      /^containers +ctr +stowage\.dev\/v1alpha1 +true +Container$/m,
      /^events +ev +v1 +true +Event$/m,
    ])
      expect(resources).toMatch(line);
    expect(await ok(["api-versions"])).toContain("stowage.dev/v1alpha1\n");
    expect(await ok(["version"])).toContain("Server Version: v1.32.0");
  });

  test("patch, label, annotate, edit and replace change it", async () => {
    const at = ["-n", "shop"];
    await ok(["patch", "ctr", "web", ...at, "--type=merge", "-p", '{"spec":{"runState":"Stopped"}}']);
    const ops = '[{"op":"replace","path":"/spec/runState","value":"Paused"}]';
    await ok(["patch", "ctr", "web", ...at, "--type=json", "-p", ops]);
    await ok(["patch", "cm", "settings", ...at, "-p", '{"data":{"size":"L"}}']);
    await ok(["label", "ctr", "web", ...at, "tier=front"]);
    await ok(["annotate", "ctr", "web", ...at, "note=hello"]);
    await ok(["edit", "ctr", "web", ...at], undefined, { EDITOR: "sed -i s/nginx:2/nginx:4/" });
    const web = JSON.parse(await ok(["get", "ctr", "web", ...at, "-o", "json"])) as Record<string, object>;
    expect(web).toMatchObject({
      metadata: { labels: { app: "web", tier: "front" }, annotations: { note: "hello" } },
      spec: { runState: "Paused", image: "nginx:4" },
    });
    await ok(["replace", "-f", "-"], JSON.stringify(web));
    const strategic = await kubectl(["patch", "ctr", "web", ...at, "-p", "{}"]);
    expect(strategic.stderr).toContain("application/strategic-merge-patch+json is not supported");
  });

  test("create makes objects from arguments", async () => {
    await ok(["create", "namespace", "made"]);
    await ok(["create", "configmap", "c", "-n", "made", "--from-literal=a=b"]);
    await ok(["create", "secret", "generic", "s", "-n", "made", "--from-literal=a=b"]);
    expect(await ok(["get", "cm,secret", "-n", "made", "--no-headers", "-o", "name"])).toBe("configmap/c\nsecret/s\n");
    const twice = await kubectl(["create", "namespace", "made"]);
    expect(twice.stderr).toBe('Error from server (AlreadyExists): namespaces "made" already exists\n');
  });

  test("wait sees a condition come", async () => {
    const waiting = ok(["wait", "ctr/web", "-n", "shop", "--for=condition=Ready", "--timeout=30s"]);
    const condition = {
      type: "Ready",
      status: "True",
      reason: "Test",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    const status = JSON.stringify({ status: { conditions: [condition] } });
    await ok(["patch", "ctr", "web", "-n", "shop", "--subresource=status", "--type=merge", "-p", status]);
    expect(await waiting).toBe("container.stowage.dev/web condition met\n");
  });

  test("describe and events tell what happened", async () => {
    const { body } = await api.get("/apis/stowage.dev/v1alpha1/namespaces/shop/containers/web");
    await api.post("/api/v1/namespaces/shop/events", {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "web.1", namespace: "shop" },
      involvedObject: {
        apiVersion: "stowage.dev/v1alpha1",
        kind: "Container",
        name: "web",
        namespace: "shop",
        uid: body.metadata.uid,
      },
      reason: "Started",
      message: "Started container web",
      type: "Normal",
      count: 1,
      firstTimestamp: body.metadata.creationTimestamp,
      lastTimestamp: body.metadata.creationTimestamp,
      source: { component: "test" },
    });
    expect(await ok(["describe", "ctr", "web", "-n", "shop"])).toMatch(
      /Normal +Started +\d+s +test +Started container web/,
    );
    const [header, row] = (await ok(["get", "events", "-n", "shop"])).split("\n");
    expect(header?.split(/ {2,}/)).toEqual(["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]);
    expect(row).toMatch(/Normal +Started +container\/web +Started container web$/);
    expect(await ok(["events", "-n", "shop"])).toContain("Started container web");
  });

  test("delete waits until it is gone", async () => {
    expect(await ok(["delete", "ctr", "web", "-n", "shop"])).toContain('"web" deleted');
    expect(await ok(["delete", "cm", "--all", "-n", "shop"])).toContain('"settings" deleted');
    expect(await ok(["get", "ctr", "-n", "shop", "--ignore-not-found"])).toBe("");
  });

  test("a kind of one's own is served and taken away at run time", async () => {
    const file = join(folder, "crd.yaml");
    const schema = {
      type: "object",
      properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
    };
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "boats.test.example" },
        spec: {
          group: "test.example",
          scope: "Cluster",
          names: { plural: "boats", singular: "boat", kind: "Boat", shortNames: ["bt"] },
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
        },
      }),
    );
    await ok(["apply", "-f", file]);
    await ok(["wait", "--for=condition=Established", "crd/boats.test.example", "--timeout=30s"]);
    await ok(
      ["create", "-f", "-"],
      JSON.stringify({ apiVersion: "test.example/v1", kind: "Boat", metadata: { name: "a" }, spec: { size: 1 } }),
    );
    expect(await ok(["get", "bt", "-o", "name"])).toBe("boat.test.example/a\n");
    await ok(["delete", "-f", file]);
    expect((await kubectl(["get", "boats"])).code).toBe(1);
  });
});
