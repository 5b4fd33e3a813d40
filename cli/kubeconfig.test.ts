import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { connectionSettings } from "./kubeconfig.ts";
import type { Terminal } from "./terminal.ts";

const pem = (what: string): string => `-----BEGIN ${what}-----`;
const encode = (text: string): string => Buffer.from(text).toString("base64");

const config = (server: string, user: object = {}, more: object = {}): string =>
  JSON.stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u", namespace: "ns" } }],
    clusters: [{ name: "k", cluster: { server, "certificate-authority-data": encode(pem("CA")) } }],
    users: [{ name: "u", user }],
    ...more,
  });

async function house(files: Readonly<Record<string, string>>, env: Terminal["env"] = {}): Promise<Terminal> {
  const root = await mkdtemp(join(tmpdir(), "stowage-kubeconfig-"));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const untilStopped = <T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> => run(AbortSignal.abort());
  return { env, cwd: root, home: join(root, "home"), ...streams, now: () => new Date(0), untilStopped };
}

const all = {
  "asked.yaml": config("https://asked:1"),
  "variable.yaml": config("https://variable:1"),
  ".stowage/admin.kubeconfig": config("https://here:1"),
  "home/.kube/config": config("https://home:1"),
};
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));

test.each([
  {
    why: "--kubeconfig comes first",
    files: all,
    asked: "asked.yaml",
    variable: "variable.yaml",
    want: "https://asked:1",
  },
  { why: "then $KUBECONFIG", files: all, asked: undefined, variable: "variable.yaml", want: "https://variable:1" },
  { why: "then the server started here", files: all, asked: undefined, variable: "", want: "https://here:1" },
  {
    why: "then the home folder's",
    files: without(".stowage/admin.kubeconfig"),
    asked: undefined,
    variable: "",
    want: "https://home:1",
  },
])("$why", async ({ files, asked, variable, want }) => {
  const terminal = await house(files, { KUBECONFIG: variable });
  const options = asked === undefined ? {} : { kubeconfig: asked };
  expect((await connectionSettings(options, terminal)).server).toBe(want);
});

test("a file that was asked for must exist; no other is taken instead", async () => {
  const terminal = await house(all);
  await expect(connectionSettings({ kubeconfig: "nope" }, terminal)).rejects.toThrow(/^No kubeconfig at .*nope/);
});

test("without any file it says where it looked and what to do", async () => {
  await expect(connectionSettings({}, await house({}))).rejects.toThrow(
    /\.stowage\/admin\.kubeconfig or .*\.kube\/config: start a server here with "stowage server"/,
  );
});

test("certificates and tokens come from data or from files beside the kubeconfig", async () => {
  const terminal = await house({
    "dir/config": config("https://s:1", {
      "client-certificate": "cert.pem",
      "client-key-data": encode(pem("KEY")),
      tokenFile: "token",
    }),
    "dir/cert.pem": pem("CERT"),
    "dir/token": "secret\n",
  });
  expect(await connectionSettings({ kubeconfig: "dir/config" }, terminal)).toMatchObject({
    ...{ ca: pem("CA"), cert: pem("CERT"), key: pem("KEY"), token: "secret", namespace: "ns", insecure: false },
  });
});

test("files in $KUBECONFIG add up, and the first that names a thing wins", async () => {
  const second = config(
    "https://other:1",
    {},
    { "current-context": "d", contexts: [{ name: "d", context: { cluster: "k" } }] },
  );
  const terminal = await house({ a: config("https://first:1"), b: second }, { KUBECONFIG: "a:missing:b" });
  expect((await connectionSettings({}, terminal)).server).toBe("https://first:1");
  expect((await connectionSettings({ context: "d" }, terminal)).server).toBe("https://first:1");
});

test("credentials of a program are asked of it", async () => {
  const status = { token: "from-program" };
  const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status };
  const terminal = await house({
    program: `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`,
    "home/.kube/config": "{}",
  });
  const program = join(terminal.cwd, "program");
  await chmod(program, 0o755);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: program, args: [], interactiveMode: "Never" };
  await writeFile(join(terminal.home, ".kube", "config"), config("https://s:1", { exec }));
  expect(await connectionSettings({}, terminal)).toMatchObject({ token: "from-program", ca: pem("CA") });
});

test.each([
  { why: "not YAML", text: "a: [", want: /^Cannot read kubeconfig .*config: / },
  { why: "no map", text: "hello", want: /config: Invalid input: expected object/ },
  { why: "empty", text: "", want: /has no current-context: .*it has: none/ },
  {
    why: "a wrong type",
    text: '{"clusters":[{"name":"k","cluster":{"server":1}}]}',
    want: /clusters\.0\.cluster\.server/,
  },
  {
    why: "no current context",
    text: config("https://s:1", {}, { "current-context": "" }),
    want: /has no current-context: .*it has: c/,
  },
  {
    why: "an unknown context",
    text: config("https://s:1", {}, { "current-context": "x" }),
    want: /has no context "x" \(it has: c\)/,
  },
  {
    why: "an unknown cluster",
    text: config("https://s:1", {}, { clusters: [] }),
    want: /names cluster "k", which it does not have/,
  },
  { why: "no URL", text: config("127.0.0.1:7443"), want: /server "127.0.0.1:7443" is not a URL/ },
  {
    why: "a key that is none",
    text: config("https://s:1", { "client-key-data": encode("KEY") }),
    want: /client-key is not PEM: client-key-data/,
  },
  {
    why: "a file that is not there",
    text: config("https://s:1", { "client-key": "gone.pem" }),
    want: /gone\.pem, which does not exist/,
  },
])("says what is wrong with a kubeconfig: $why", async ({ text, want }) => {
  const terminal = await house({ "home/.kube/config": text });
  await expect(connectionSettings({}, terminal)).rejects.toThrow(want);
});
