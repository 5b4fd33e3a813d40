/** The command line against a server without any Engine: what it prints, and how it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Output } from "../lab/stowage.ts";
import { missingCommand } from "../lab/commands.ts";
import { capture, eventually, StowageServer } from "../lab/stowage.ts";

const launcher = join(import.meta.dirname, "..", "..", "cli", "stowage");

let server: StowageServer;
beforeAll(async () => {
  server = await StowageServer.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

let namespace = "";
let serial = 0;
beforeEach(async () => {
  namespace = `t${++serial}`;
  await server.cli(["apply", "-f", "-"], `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${namespace}}\n`);
});

const cli = (args: readonly string[], input?: string): Promise<Output> => server.cli(["-n", namespace, ...args], input);

const configMap = (data: string, name = "settings"): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  labels: {app: test}\ndata: ${data}\n`;
const container = (name: string, more = ""): string =>
  `apiVersion: stowage.dev/v1alpha1\nkind: Container\nmetadata:\n  name: ${name}\n  labels: {app: test}\nspec:\n  image: busybox:1\n${more}`;

const done = (stdout: string, stderr = ""): Output => ({ code: 0, stdout, stderr });
const failed = (stderr: string, code = 1): Output => ({ code, stdout: "", stderr });

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stowage-cli-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

describe("apply", () => {
  test("creates, leaves alone, changes, and removes what was taken out", async () => {
    expect(await cli(["apply", "-f", "-"], configMap("{a: '1', b: '2'}"))).toEqual(
      done("configmap/settings created\n"),
    );
    expect(await cli(["apply", "-f", "-"], configMap("{a: '1', b: '2'}"))).toEqual(
      done("configmap/settings unchanged\n"),
    );
    expect(await cli(["apply", "-f", "-"], configMap("{a: '3'}"))).toEqual(done("configmap/settings configured\n"));
    expect((await cli(["get", "cm", "settings", "-o", "jsonpath={.data}"])).stdout).toBe('{"a":"3"}');
  });

  test("a Container with defaults is unchanged when nothing changed", async () => {
    const text = container("web", "  ports: [{containerPort: 80}]\n");
    expect(await cli(["apply", "-f", "-"], text)).toEqual(done("container.stowage.dev/web created\n"));
    expect(await cli(["apply", "-f", "-"], text)).toEqual(done("container.stowage.dev/web unchanged\n"));
  });

  test("takes turns with kubectl", async ({ skip }) => {
    const missing = missingCommand({ kubectl: "kubernetes-client" });
    skip(missing !== undefined, missing);
    const kubectl = (input: string): Promise<Output> => server.kubectl(["-n", namespace, "apply", "-f", "-"], input);
    expect((await kubectl(container("web", "  args: [a]\n"))).stdout).toBe("container.stowage.dev/web created\n");
    expect((await cli(["apply", "-f", "-"], container("web", "  args: [a]\n"))).stdout).toContain("unchanged");
    expect((await cli(["apply", "-f", "-"], container("web"))).stdout).toContain("configured");
    expect((await kubectl(container("web"))).stdout).toContain("unchanged");
    expect((await cli(["get", "ctr", "web", "-o", "jsonpath={.spec.args}"])).stdout).toBe("");
  });

  test("what others set stays; what was not created by apply gets its annotation, with a warning", async () => {
    const client = await server.client();
    const configMaps = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };
    await client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace }, ...{ data: { theirs: "x" } } }); // prettier-ignore
    const { stdout, stderr } = await cli(["apply", "-f", "-"], configMap("{ours: 'y'}"));
    expect(stdout).toBe("configmap/settings configured\n");
    expect(stderr).toMatch(/^Warning: configmap\/settings has no kubectl.kubernetes.io\/last-applied-configuration/);
    expect((await cli(["get", "cm", "settings", "-o", "jsonpath={.data}"])).stdout).toBe('{"ours":"y","theirs":"x"}');
    await client[Symbol.asyncDispose]();
  });

  test("takes folders, and namespaces and kinds before what needs them", async () => {
    const place = `${namespace}-late`;
    const folder = await folderWith({
      "a.yaml": `apiVersion: example.dev/v1\nkind: Toy\nmetadata: {name: t, namespace: ${place}}\n`,
      "b.json": JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: place } }),
      "deep/n.yml": `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${place}}\n`,
      "deep/toy.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: toys.example.dev}
spec:
  group: example.dev
  scope: Namespaced
  names: {plural: toys, singular: toy, kind: Toy, listKind: ToyList}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`,
    });
    const { code, stdout, stderr } = await server.cli(["apply", "-R", "-f", folder]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(
      `namespace/${place} created\ncustomresourcedefinition.apiextensions.k8s.io/toys.example.dev created\nconfigmap/c created\ntoy.example.dev/t created\n`,
    );
  });

  test("a dry run of the server does nothing", async () => {
    expect(await cli(["apply", "--dry-run=server", "-f", "-"], configMap("{}"))).toEqual(
      done("configmap/settings created (server dry run)\n"),
    );
    expect((await cli(["get", "cm", "settings"])).stderr).toContain('configmaps "settings" not found');
  });

  test("one wrong manifest among many changes nothing, even where the namespace is yet to come", async () => {
    const place = `${namespace}-new`;
    const text = `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${place}}\n---\n${container("web", "  runState: Idle\n").replace("metadata:", `metadata:\n  namespace: ${place}`)}`;
    const { code, stdout, stderr } = await server.cli(["apply", "-f", "-"], text);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain('error: standard input: document 2, line 13: Container "web": spec.runState: ');
    expect((await server.cli(["get", "namespace", place])).stderr).toContain("not found");
  });

  test("unknown fields are refused, warned of, or ignored, as asked", async () => {
    const text = container("web", "  colour: red\n");
    expect((await cli(["apply", "-f", "-"], text)).code).toBe(1);
    const warned = await cli(["apply", "--validate=warn", "-f", "-"], text);
    expect(warned).toEqual(done("container.stowage.dev/web created\n", 'Warning: unknown field "spec.colour"\n'));
    await cli(["delete", "ctr", "web"]);
    expect(await cli(["apply", "--validate=ignore", "-f", "-"], text)).toEqual(
      done("container.stowage.dev/web created\n"),
    );
  });

  test("-n must not contradict a manifest", async () => {
    const { code, stderr } = await cli(["apply", "-f", "-"], container("web").replace("metadata:", "metadata:\n  namespace: other")); // prettier-ignore
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: standard input: line 4: Container "web": metadata.namespace: "other" does not match the namespace "${namespace}" of -n\n`,
    });
  });

  test("--wait says what it waits for, and fails when that does not come", async () => {
    const { code, stdout, stderr } = await cli(["apply", "--wait", "--timeout", "3s", "-f", "-"], container("web"));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^container.stowage.dev\/web created\ncontainer.stowage.dev\/web: Pending/);
    expect(stderr).toMatch(/^error: container.stowage.dev\/web is not ready after 3s: Pending/);
  });
});

describe("get", () => {
  test("shows a table, everything, or nothing", async () => {
    expect(await cli(["get", "containers"])).toEqual(done("", `No resources found in ${namespace} namespace.\n`));
    await cli(["apply", "-f", "-"], container("web"));
    const table = await cli(["get", "ctr"]);
    expect(table.stdout).toMatch(
      /^NAME   READY {3,}STATUS {3,}RESTARTS {3,}HOST {3,}IMAGE {3,}AGE\nweb .* busybox:1 .*\n$/,
    );
    expect((await cli(["get", "ctr", "--no-headers", "--show-labels"])).stdout).toMatch(/^web .* app=test\n$/);
    expect((await cli(["get", "ctr", "-A"])).stdout).toMatch(new RegExp(`^NAMESPACE .*\n(?:.*\n)*${namespace} +web `));
    expect((await cli(["get", "ctr", "-o", "wide"])).stdout).toContain("CONTAINER-ID");
    expect((await cli(["get", "all", "-l", "app=test"])).stdout).toMatch(/\nweb /);
    expect((await cli(["get", "all", "-l", "app=other"])).stderr).toContain("No resources found");
    expect((await cli(["get", "ctr,ns", "-o", "name"])).stdout).toContain(`container.stowage.dev/web\nnamespace/`);
    expect((await cli(["get", "ctr/web", `ns/${namespace}`])).stdout).toMatch(
      /\ncontainer.stowage.dev\/web .*\n\nNAME.*\nnamespace\/t/,
    );
  });

  test("prints objects for programs", async () => {
    await cli(["apply", "-f", "-"], configMap("{a: 'yes'}"));
    const yaml = await cli(["get", "cm", "settings", "-o", "yaml"]);
    expect(yaml.stdout).toMatch(/^apiVersion: v1\ndata:\n {2}a: "yes"\nkind: ConfigMap\nmetadata:\n {2}annotations:\n/);
    expect((await cli(["apply", "-f", "-"], yaml.stdout)).code).toBe(0);
    const json = JSON.parse((await cli(["get", "cm", "-o", "json"])).stdout) as { kind: string; items: unknown[] };
    expect([json.kind, json.items.length]).toEqual(["List", 1]);
    expect((await cli(["get", "cm", "-o", "jsonpath={.items[*].metadata.name}"])).stdout).toBe("settings");
  });

  test("says what does not exist, and shows the rest", async () => {
    await cli(["apply", "-f", "-"], configMap("{}"));
    const { code, stdout, stderr } = await cli(["get", "cm", "settings", "other"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: configmaps "other" not found\n' });
    expect(stdout).toContain("settings");
    expect(await cli(["get", "contaners"])).toEqual(failed(`error: the server doesn't have a resource type "contaners"; did you mean containers or container?\n`)); // prettier-ignore
  });

  test("-w goes on with what changes until Ctrl-C, which is no failure to talk about", async () => {
    await cli(["apply", "-f", "-"], configMap("{a: '1'}"));
    const watch = spawn(launcher, ["--kubeconfig", server.kubeconfig, "-n", namespace, "get", "cm", "-w"]);
    const lines: string[] = [];
    const errors: string[] = [];
    createInterface({ input: watch.stdout }).on("line", (line) => lines.push(line));
    createInterface({ input: watch.stderr }).on("line", (line) => errors.push(line));
    await eventually("the table is shown", async () => lines.length === 2);
    await cli(["apply", "-f", "-"], configMap("{a: '1', b: '2'}"));
    await eventually("the change is shown", async () => lines.length === 3);
    expect(lines.map((line) => line.split(/ +/).slice(0, 2).join(" "))).toEqual([
      "NAME DATA",
      "settings 1",
      "settings 2",
    ]);
    watch.kill("SIGINT");
    expect(await once(watch, "exit")).toEqual([130, null]);
    expect(errors).toEqual([]);
  });
});

describe("describe", () => {
  test("shows conditions and Events", async () => {
    await cli(["apply", "-f", "-"], container("web"));
    await cli(["wait", "--for=condition=Scheduled=False", "ctr/web"]);
    const text = await eventually("there is an Event", async () => {
      const { stdout } = await cli(["describe", "container", "web"]);
      return /Events:\n/.test(stdout) && stdout;
    });
    expect(text).toMatch(/^Name: +web\nNamespace: +t\d+\nLabels: +app=test\n/);
    expect(text).toMatch(/\nSpec:\n(?: .*\n)* {2}Image: +busybox:1\n/);
    expect(text).toMatch(/\nConditions:\n {2}Type .*\n {2}---.*\n(?: {2}.*\n)*? {2}Scheduled +False +/);
  });
});

describe("wait", () => {
  test("for a condition, a value, and an end", async () => {
    await cli(["apply", "-f", "-"], container("web"));
    const met = done("container.stowage.dev/web condition met\n");
    expect(await cli(["wait", "--for=condition=Scheduled=False", "container/web"])).toEqual(met);
    expect(await cli(["wait", "--for=jsonpath={.status.phase}=Pending", "ctr", "-l", "app=test"])).toEqual(met);
    const gone = cli(["wait", "--for=delete", "ctr", "web"]);
    await cli(["delete", "ctr", "web"]);
    expect(await gone).toEqual(met);
  });

  test("not for ever, and not for what does not exist", async () => {
    await cli(["apply", "-f", "-"], container("web"));
    expect(await cli(["wait", "--for=condition=Ready", "--timeout=1s", "ctr/web"])).toEqual(
      failed("error: timed out waiting for the condition on containers/web\n"),
    );
    expect(await cli(["wait", "--for=condition=Ready", "ctr/none"])).toEqual(
      failed('error: containers.stowage.dev "none" not found\n'),
    );
  });
});

describe("delete", () => {
  test("by name, by label, by file, and what is not there", async () => {
    const both = `${container("a")}---\n${container("b")}`;
    const gone = done('container.stowage.dev "b" deleted\ncontainer.stowage.dev "a" deleted\n');
    await cli(["apply", "-f", "-"], both);
    expect(await cli(["delete", "-f", "-"], both)).toEqual(gone);
    expect(await cli(["delete", "ctr", "a"])).toEqual(failed('error: containers.stowage.dev "a" not found\n'));
    expect(await cli(["delete", "ctr", "a", "--ignore-not-found"])).toEqual(done(""));
    await cli(["apply", "-f", "-"], both);
    expect((await cli(["delete", "ctr", "-l", "app=test", "--wait=false"])).stdout).toContain('"a" deleted');
    expect(await cli(["delete", "ctr"])).toMatchObject({ code: 2 });
  });

  test("returns when a namespace and all in it are gone", async () => {
    await cli(["apply", "-f", "-"], container("web"));
    expect(await server.cli(["delete", "namespace", namespace])).toEqual(done(`namespace "${namespace}" deleted\n`));
    expect((await server.cli(["get", "ns", namespace])).code).toBe(1);
  });
});

describe("the rest", () => {
  test("version shows both, or the client's without any server", async () => {
    expect((await cli(["version"])).stdout).toMatch(/^Client Version: v\S+\nServer Version: v\S+\n$/);
    const alone = await capture(launcher, ["version", "--client", "-o", "json"], { env: { PATH: process.env["PATH"] }, cwd: "/" }); // prettier-ignore
    expect(JSON.parse(alone.stdout)).toHaveProperty("clientVersion.gitVersion");
  });

  test("logs of a Container that never ran say so", async () => {
    await cli(["apply", "-f", "-"], container("web"));
    const { code, stderr } = await cli(["logs", "web"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: \S.*\n$/);
  });

  test.each([
    { args: [], says: "Usage: stowage" },
    { args: ["fly"], says: "unknown command 'fly'" },
    { args: ["gett"], says: "Did you mean get?" },
    { args: ["get"], says: "missing required argument" },
    { args: ["get", "ctr", "--colour"], says: "unknown option '--colour'" },
    { args: ["get", "ctr", "-o", "xml"], says: '-o "xml" is not an output format' },
    { args: ["apply"], says: "must specify -f" },
    { args: ["wait", "ctr/a"], says: "--for" },
    { args: ["wait", "ctr/a", "--for=condition=Ready", "--timeout=soon"], says: '--timeout "soon" is not a duration' },
    { args: ["logs", "web", "--tail", "many"], says: "--tail" },
    { args: ["server", "--listen", "here"], says: '--listen "here" is not HOST:PORT' },
  ])("used wrongly it ends with 2: $args", async ({ args, says }) => {
    const { code, stdout, stderr } = await server.cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("a server that is not there is named, with what to do", async () => {
    const folder = await folderWith({
      config: JSON.stringify({
        ...{ "current-context": "c", contexts: [{ name: "c", context: { cluster: "k" } }] },
        clusters: [{ name: "k", cluster: { server: "https://127.0.0.1:1" } }],
      }),
    });
    expect(await server.cli(["--kubeconfig", join(folder, "config"), "get", "ctr"])).toEqual(
      failed('error: Cannot reach https://127.0.0.1:1: connection refused; is it running? "stowage server" starts one, --kubeconfig names another\n'), // prettier-ignore
    );
  });

  test("a server that does not know us says why that may be", async () => {
    const config = (await readFile(server.kubeconfig, "utf8")).replace(/^ *client-.*\n/gm, "");
    const folder = await folderWith({ config });
    expect(await server.cli(["--kubeconfig", join(folder, "config"), "get", "ctr"])).toEqual(
      failed("error: Unauthorized: the server does not know whose certificate or token this is; it may have expired, or be for another server\n"), // prettier-ignore
    );
  });

  test("a reader that has seen enough is no failure", async () => {
    const objects = Array.from({ length: 50 }, (_, i) => configMap("{}", `c${i}`)).join("---\n");
    await cli(["apply", "-f", "-"], objects);
    const command = `"${launcher}" --kubeconfig "${server.kubeconfig}" -n ${namespace} get cm -o yaml | head -n 1`;
    expect(await capture("sh", ["-c", command])).toEqual(done("apiVersion: v1\n"));
  });

  test("what ends because nobody reads is not done: the exit code is SIGPIPE's", async () => {
    const watch = spawn(launcher, ["--kubeconfig", server.kubeconfig, "-n", namespace, "get", "cm", "-w"]);
    const exit = once(watch, "exit");
    await cli(["apply", "-f", "-"], configMap("{a: '1'}"));
    await once(watch.stdout, "data");
    watch.stdout.destroy();
    await cli(["apply", "-f", "-"], configMap("{a: '2'}"));
    expect(await exit).toEqual([141, null]);
  });

  test("get -w and wait outlive a restart of the server", async () => {
    await cli(["apply", "-f", "-"], `${configMap("{}")}---\n${configMap("{a: '1'}", "first")}`);
    const follow = (...args: readonly string[]) => {
      const child = spawn(launcher, ["--kubeconfig", server.kubeconfig, "-n", namespace, ...args]);
      const text = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.stdout += chunk));
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk));
      return { child, text, exit: once(child, "exit") };
    };
    const watch = follow("get", "cm", "-w");
    const wait = follow("wait", "--timeout=5m", "--for=jsonpath={.data.a}=1", "cm/first", "cm/settings");
    await eventually("the table is shown", async () => watch.text.stdout.includes("settings"));
    await eventually("it waits for the other", async () => wait.text.stdout.includes("first"));
    await server.kill9();
    for (const { text } of [watch, wait])
      await eventually("it says that it waits", async () => text.stderr.includes("waiting for it to come back"));
    await server.start();
    await cli(["apply", "-f", "-"], configMap("{a: '1', b: '2'}"));
    expect(await wait.exit).toEqual([0, null]);
    expect(wait.text.stdout).toBe("configmap/first condition met\nconfigmap/settings condition met\n");
    await eventually("the change is shown", async () => /settings +2 /.test(watch.text.stdout));
    expect(watch.text.stderr).toMatch(/^Warning: Cannot reach \S+: [^\n]+; waiting for it to come back\n$/);
    watch.child.kill("SIGINT");
    expect(await watch.exit).toEqual([130, null]);
  });

  test("a terminal that cannot be drawn on gets lines", async ({ skip }) => {
    const missing = missingCommand({ script: "bsdutils" });
    skip(missing !== undefined, missing);
    await cli(["apply", "-f", "-"], container("web"));
    const command = `"${launcher}" --kubeconfig "${server.kubeconfig}" -n ${namespace} apply --wait --timeout 1s -f -`;
    const folder = await folderWith({ "web.yaml": container("web") });
    const shell = `stty rows 24 cols 80; TERM=dumb ${command} < "${folder}/web.yaml"`;
    const { stdout } = await capture("script", ["-qec", shell, "/dev/null"]);
    expect(stdout).toMatch(/\ncontainer\.stowage\.dev\/web: Pending: /);
    expect(stdout).not.toMatch(/\u001b/);
  });

  test("the launcher works through links, and says what to do when packages are missing", async () => {
    const folder = await folderWith({});
    await symlink(launcher, join(folder, "one"));
    await symlink("one", join(folder, "two"));
    expect((await capture(join(folder, "two"), ["version", "--client"], { cwd: "/" })).code).toBe(0);
    await mkdir(join(folder, "bare", "cli"), { recursive: true });
    await capture("cp", [launcher, join(folder, "bare", "cli", "stowage")]);
    const bare = await capture(join(folder, "bare", "cli", "stowage"), ["version"]);
    expect(bare).toMatchObject({ code: 1, stdout: "" });
    expect(bare.stderr).toContain('run "npm ci" there first');
  });
});
