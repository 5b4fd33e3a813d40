/** See README.md here. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Host } from "../../../crds/host.ts";
import type { Output } from "../../lab/stowage.ts";
import { StowageServer } from "../../lab/stowage.ts";

const certificate = "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n";
const key = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";

describe("stowage hosts import", () => {
  let server: StowageServer;
  let folder: string;
  beforeAll(async () => {
    server = await StowageServer.start();
    folder = await mkdtemp(join(tmpdir(), "stowage-hosts-"));
    await mkdir(join(folder, "pki"));
    for (const name of ["ca.pem", "cert.pem"]) await writeFile(join(folder, "pki", name), certificate);
    for (const name of ["key.pem", "id_ed25519"]) await writeFile(join(folder, "pki", name), key);
    await writeFile(join(folder, "pki/known_hosts"), "192.0.2.8 ssh-ed25519 AAAA\n");
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const list = (): string => join(folder, "hosts.yaml");
  beforeEach(async () => {
    await copyFile(new URL("hosts.yaml", import.meta.url), list());
  });

  const imports = (...args: readonly string[]): Promise<Output> =>
    server.cli(["hosts", "import", "-f", list(), ...args]);
  async function names(type: string): Promise<readonly string[]> {
    const { stdout } = await server.cli(["get", type, "-n", "kube-system", "-l", "stowage.dev/hosts-list=lab", "-o", "name"]); // prettier-ignore
    return stdout.split("\n").filter((line) => line !== "");
  }
  const lines = (verb: string): string =>
    [
      `secret/host-rack-7 ${verb}`,
      `host.stowage.dev/rack-7 ${verb}`,
      `secret/host-rack-8 ${verb}`,
      `host.stowage.dev/rack-8 ${verb}`,
      `host.stowage.dev/here ${verb}\n`,
    ].join("\n");

  test("makes what the list says, once", async () => {
    expect(await imports("--dry-run")).toMatchObject({
      code: 0,
      stdout: lines("created (server dry run)"),
      stderr: "",
    });
    expect(await names("hosts")).toEqual([]);
    expect(await imports()).toEqual({ code: 0, stdout: lines("created"), stderr: "" });
    expect(await imports()).toEqual({ code: 0, stdout: lines("unchanged"), stderr: "" });
    const get = async (name: string): Promise<Host> =>
      JSON.parse((await server.cli(["get", "host", name, "-o", "json"])).stdout) as Host;
    const seven = await get("rack-7");
    expect(seven.metadata.labels).toEqual({
      disk: "ssd",
      "topology.kubernetes.io/zone": "a",
      "stowage.dev/hosts-list": "lab",
    });
    expect(seven.spec).toMatchObject({
      docker: {
        endpoint: "tcp://192.0.2.7:2376",
        tls: { secretRef: { namespace: "kube-system", name: "host-rack-7" }, serverName: "rack-7.example" },
      },
      taints: [
        { key: "dedicated", value: "builds", effect: "NoSchedule" },
        { key: "old", effect: "NoExecute" },
      ],
    });
    expect((await get("rack-8")).spec).toMatchObject({
      docker: { ssh: { secretRef: { namespace: "kube-system", name: "host-rack-8" } } },
      reserved: { memory: "1Gi" },
      imageGC: { highThresholdPercent: 70 },
    });
    const args = ["get", "secret", "host-rack-8", "-n", "kube-system", "-o", "jsonpath={.type} {.data.ssh-privatekey}"];
    expect((await server.cli(args)).stdout).toBe(`kubernetes.io/ssh-auth ${Buffer.from(key).toString("base64")}`);
  });

  test("what left the list stays until it is asked to go", async () => {
    await server.cli(
      ["apply", "-f", "-"],
      "apiVersion: stowage.dev/v1alpha1\nkind: Host\nmetadata: {name: other}\nspec: {docker: {endpoint: unix:///x.sock}}\n",
    );
    await imports();
    await writeFile(list(), "name: lab\nhosts:\n  - {name: here, endpoint: unix:///var/run/nobody.sock}\n");
    expect(await imports()).toMatchObject({ code: 0, stdout: "host.stowage.dev/here unchanged\n" });
    expect(await names("hosts")).toHaveLength(3);
    const deleted = (suffix: string): string =>
      [
        `host.stowage.dev "rack-7" deleted${suffix}`,
        `host.stowage.dev "rack-8" deleted${suffix}`,
        `secret "host-rack-7" deleted${suffix}`,
        `secret "host-rack-8" deleted${suffix}\n`,
      ].join("\n");
    const dry = await imports("--prune", "--dry-run");
    expect(dry.stdout).toBe(`host.stowage.dev/here unchanged (server dry run)\n${deleted(" (server dry run)")}`);
    expect(await names("hosts")).toHaveLength(3);
    expect(await imports("--prune")).toMatchObject({
      code: 0,
      stdout: `host.stowage.dev/here unchanged\n${deleted("")}`,
    });
    expect(await names("hosts")).toEqual(["host.stowage.dev/here"]);
    expect(await names("secrets")).toEqual([]);
    expect((await server.cli(["get", "host", "other", "-o", "name"])).code).toBe(0);
  });

  const nothing = "error: nothing was applied, because not all of it is right\n";
  test.each<[string, string, RegExp]>([
    ["no YAML", "hosts: [", /^error: \S+hosts.yaml: line 1: invalid YAML: /],
    ["a list without hosts", "{name: lab}", /line 1: hosts: /],
    ["a name that is no label", "name: A B\nhosts: []", /line 1: name: expected lower-case letters/],
    ["an entry without a name", "hosts:\n- {endpoint: unix:///x}", /line 2: Host: name: /],
    ["a field that there is not", "hosts:\n- {name: a, endpoint: unix:///x, zones: b}", /line 2: Host "a": Unrecognized key: "zones"/], // prettier-ignore
    ["an endpoint of no kind", "hosts:\n- {name: b, endpoint: unix:///x}\n- name: a\n  endpoint: http://x", /line 4: Host "a": spec.docker.endpoint: Invalid value: "http:\/\/x"/], // prettier-ignore
    ["a taint of no kind", "hosts:\n- name: a\n  endpoint: unix:///x\n  taints: [k]", /line 4: Host "a": taints\[0\]: .*key=value:Effect/], // prettier-ignore
    ["a taint without such an effect", "hosts:\n- name: a\n  endpoint: unix:///x\n  taints:\n  - k:Never", /line 5: Host "a": spec.taints\[0\].effect: Unsupported value: "Never"/], // prettier-ignore
    ["a file that is not there", "hosts:\n- name: a\n  endpoint: tcp://x:1\n  tls: {ca: pki/no.pem, cert: pki/cert.pem, key: pki/key.pem}", /line 4: Host "a": tls.ca: cannot read "pki\/no.pem": there is no such file/], // prettier-ignore
    ["a key for a certificate", "hosts:\n- name: a\n  endpoint: tcp://x:1\n  tls: {ca: pki/ca.pem, cert: pki/key.pem, key: pki/key.pem}", /line 4: Host "a": tls.cert: "pki\/key.pem" has no line "-----BEGIN CERTIFICATE-----/], // prettier-ignore
    ["ssh without a key", "hosts:\n- {name: a, endpoint: 'ssh://x'}", /line 2: Host "a": spec.docker.ssh: .*ssh is for ssh:\/\/ endpoints, which need it/], // prettier-ignore
    ["the same name twice", "hosts:\n- {name: a, endpoint: unix:///x}\n- {name: a, endpoint: unix:///y}", /line 3: Host "a": metadata.name: Duplicate value: "a"/], // prettier-ignore
    ["a field of the spec that there is not", "hosts:\n- name: a\n  endpoint: unix:///x\n  spec: {reserve: {cpu: 1}}", /line 4: Host "a": spec.reserve: Unknown field/], // prettier-ignore
  ])("%s", async (_, text, says) => {
    await writeFile(list(), text);
    const { code, stdout, stderr } = await imports();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(says);
    expect(stderr.replace(nothing, "").trim().split("\n")).toHaveLength(1);
    expect(stderr).not.toContain("hunter2");
    expect(stderr).not.toContain(Buffer.from(key).toString("base64"));
  });

  test("is used wrongly without a list, and says when it cannot be read", async () => {
    expect((await server.cli(["hosts", "import"])).code).toBe(2);
    expect((await server.cli(["hosts"])).code).toBe(2);
    expect(await server.cli(["hosts", "import", "-f", "/no/such/file"])).toMatchObject({
      code: 1,
      stderr: 'error: Cannot read "/no/such/file": there is no such file\n',
    });
  });
});
