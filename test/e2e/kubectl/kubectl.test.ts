/** Unmodified kubectl with the kubeconfig that the server wrote, and real containers behind it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { labels } from "../../../drivers/labels.ts";
import { missingCommand } from "../../lab/commands.ts";
import { Dockerd, dockerdMissing } from "../../lab/docker.ts";
import { importBusybox } from "../../lab/images.ts";
import { StowageServer, eventually } from "../../lab/stowage.ts";

const missing = dockerdMissing ?? missingCommand({ kubectl: "kubernetes-client" });

describe.skipIf(missing)(`kubectl${missing ? `: skipped, ${missing}` : ""}`, () => {
  let engine: Dockerd;
  let server: StowageServer;
  let docker: Docker;
  const image = "busybox:lab";

  beforeAll(async () => {
    engine = await Dockerd.start();
    await importBusybox(engine.docker, image);
    docker = engine.docker;
    server = await StowageServer.start({ docker: engine.endpoint });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  const container = (name: string, extra: Readonly<Record<string, unknown>> = {}): string =>
    JSON.stringify({
      apiVersion: "stowage.dev/v1alpha1",
      kind: "Container",
      metadata: { name, namespace: "shop" },
      spec: {
        image,
        imagePullPolicy: "Never",
        command: ["sleep", "100000"],
        terminationGracePeriodSeconds: 0,
        ...extra,
      },
    });

  /** Runs kubectl, which must succeed without a warning, and returns what it printed. */
  async function kubectl(args: string, input?: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, stdout, stderr } = await server.kubectl(args.split(" "), input, env);
    expect({ code, stderr }, `kubectl ${args}`).toEqual({ code: 0, stderr: "" });
    return stdout.trim();
  }

  const inspect = async (name: string): Promise<Docker.ContainerInspectInfo> => {
    const filters = { label: [`${labels.namespace}=shop`, `${labels.name}=${name}`] };
    const [found] = await docker.listContainers({ all: true, filters });
    if (found === undefined) throw new Error(`no container of shop/${name} on the Engine`);
    return docker.getContainer(found.Id).inspect();
  };

  test("create namespace, apply and wait: a real container runs", async () => {
    expect(await kubectl("create namespace shop")).toBe("namespace/shop created");
    expect(await kubectl("apply -f -", container("web"))).toBe("container.stowage.dev/web created");
    expect(await kubectl("-n shop wait --for=condition=Ready container/web --timeout=60s")).toBe(
      "container.stowage.dev/web condition met",
    );
    expect((await inspect("web")).State.Status).toBe("running");
    expect(await kubectl("apply -f -", container("web"))).toBe("container.stowage.dev/web unchanged");
  });

  test("get shows what readers of `kubectl get pods` expect", async () => {
    const [header, row] = (await kubectl("-n shop get containers")).split("\n");
    expect(header?.split(/\s+/)).toEqual(["NAME", "READY", "STATUS", "RESTARTS", "HOST", "IMAGE", "AGE"]);
    expect(row?.split(/\s+/).slice(0, 6)).toEqual(["web", "True", "Running", "0", "local", image]);
    const wide = await kubectl("-n shop get ctr -o wide");
    expect(wide).toContain(`docker://${(await inspect("web")).Id}`);
    expect(await kubectl("get all -A")).toMatch(/^shop\s+web\s+True\s+Running/m);
    const yaml = await kubectl("-n shop get ctr web -o yaml");
    expect(yaml).toMatch(/^ {2}phase: Running$/m);
    expect(await kubectl("get hosts")).toMatch(/^local\s+True\s+\d/m);
  });

  test("get -w follows changes", async () => {
    const watching = spawn("kubectl", ["-n", "shop", "get", "ctr", "-w"], {
      env: { ...process.env, KUBECONFIG: server.kubeconfig },
    });
    let text = "";
    watching.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    await eventually("the watch shows what is there", async () => text.includes("web"));
    await kubectl("apply -f -", container("seen"));
    await eventually("the watch shows the new Container running", async () => /^seen\s+True\s+Running/m.test(text));
    watching.kill();
    await once(watching, "exit");
  });

  test("describe shows conditions and Events", async () => {
    const text = await eventually("the Events are in", async () => {
      const shown = await kubectl("-n shop describe container web");
      return shown.includes("Started") && shown;
    });
    expect(text).toMatch(/^Name:\s+web$/m);
    expect(text).toMatch(/Scheduled.*local/);
    expect(await kubectl("-n shop get events")).toMatch(/container\/web/i);
  });

  test("label, annotate and patch change the object, and only what they should of the container", async () => {
    const before = (await inspect("web")).Id;
    expect(await kubectl("-n shop label ctr web tier=front")).toBe("container.stowage.dev/web labeled");
    expect(await kubectl("-n shop annotate ctr web note=hello")).toBe("container.stowage.dev/web annotated");
    expect(await kubectl("-n shop get ctr -l tier=front -o name")).toBe("container.stowage.dev/web");
    const patch = JSON.stringify({ spec: { resources: { limits: { memory: "64Mi" } } } });
    const { code } = await server.kubectl(["-n", "shop", "patch", "ctr", "web", "--type=merge", "-p", patch]);
    expect(code).toBe(0);
    await eventually(
      "the limit is set in place",
      async () => (await inspect("web")).HostConfig.Memory === 64 * 2 ** 20,
    );
    expect((await inspect("web")).Id).toBe(before);
    const jsonPatch = JSON.stringify([{ op: "replace", path: "/spec/runState", value: "Paused" }]);
    expect((await server.kubectl(["-n", "shop", "patch", "ctr", "web", "--type=json", "-p", jsonPatch])).code).toBe(0);
    await eventually("it is paused", async () => (await inspect("web")).State.Paused);
    const run = JSON.stringify({ spec: { runState: "Running" } });
    expect((await server.kubectl(["-n", "shop", "patch", "ctr", "web", "--type=merge", "-p", run])).code).toBe(0);
    await eventually("it runs again", async () => (await inspect("web")).State.Status === "running");
  });

  test("edit and diff: a change of env replaces the container", async () => {
    const before = (await inspect("web")).Id;
    const changed = container("web", { env: [{ name: "COLOUR", value: "blue" }] });
    const diff = await server.kubectl(["diff", "-f", "-"], changed);
    expect({ code: diff.code, stderr: diff.stderr }).toEqual({ code: 1, stderr: "" });
    expect(diff.stdout).toContain("+    value: blue");
    await kubectl("apply -f -", changed);
    await eventually("the container is another one", async () => (await inspect("web")).Id !== before);
    const editor = join(server.dataDir, "editor");
    await writeFile(editor, '#!/bin/sh\nsed -i "s/value: blue/value: green/" "$1"\n', { mode: 0o755 });
    expect(await kubectl("-n shop edit ctr web", undefined, { KUBE_EDITOR: editor })).toBe(
      "container.stowage.dev/web edited",
    );
    await eventually("the edit reached the container", async () =>
      (await inspect("web")).Config.Env.includes("COLOUR=green"),
    );
  });

  test("api-resources and explain know the kinds", async () => {
    expect(await kubectl("api-resources")).toMatch(/^containers\s+ctr\s+stowage.dev\/v1alpha1\s+true\s+Container$/m);
    expect(await kubectl("explain ctr.spec.ports.hostPort")).toContain("Port of the host that leads to it");
  });

  test("a ConfigMap and a Secret can be applied, changed and read back", async () => {
    const map = (value: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings, namespace: shop }\ndata: { colour: ${value} }\n`;
    expect(await kubectl("apply -f -", map("blue"))).toBe("configmap/settings created");
    expect(await kubectl("apply -f -", map("green"))).toBe("configmap/settings configured");
    expect(await kubectl("-n shop get configmap settings -o jsonpath={.data.colour}")).toBe("green");
    expect(await kubectl("-n shop create secret generic login --from-literal=password=test-only")).toBe(
      "secret/login created",
    );
    expect(await kubectl("-n shop get secret login -o jsonpath={.data.password}")).toBe(
      Buffer.from("test-only").toString("base64"),
    );
  });

  test("delete waits until the container is gone", async () => {
    expect(await kubectl("-n shop delete ctr seen")).toBe('container.stowage.dev "seen" deleted');
    await expect(inspect("seen")).rejects.toThrow("no container");
  });

  test("delete namespace takes its content with it", async () => {
    expect(await kubectl("delete namespace shop --timeout=60s")).toBe('namespace "shop" deleted');
    await expect(inspect("web")).rejects.toThrow("no container");
    const { stderr, code } = await server.kubectl(["-n", "shop", "get", "ctr", "web"]);
    expect({ stderr: stderr.trim(), code }).toEqual({
      stderr: 'Error from server (NotFound): namespaces "shop" not found',
      code: 1,
    });
  });
});
