/** A person with kubectl and the kubeconfig that `stowage server` wrote. */
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { Output } from "../lab/stowage.ts";
import { StowageServer } from "../lab/stowage.ts";

/** What has commands and words that these tests use; Debian's own may be older. */
const oldestMinor = 32;

/** Why kubectl cannot be used here; undefined when it can. */
export const kubectlMissing: string | undefined = whyNot();

function whyNot(): string | undefined {
  const { status, stdout } = spawnSync("kubectl", ["version", "--client", "-o", "json"], { encoding: "utf8" });
  if (status !== 0) return "kubectl is not in PATH (https://kubernetes.io/docs/tasks/tools/)";
  const { clientVersion } = JSON.parse(stdout) as {
    clientVersion: { major: string; minor: string; gitVersion: string };
  };
  const isOld = clientVersion.major === "1" && Number.parseInt(clientVersion.minor, 10) < oldestMinor;
  return isOld ? `kubectl is ${clientVersion.gitVersion}, older than 1.${oldestMinor}` : undefined;
}

type Environment = Readonly<Record<string, string>>;

export class KubectlUser implements AsyncDisposable {
  readonly server: StowageServer;

  private constructor(server: StowageServer) {
    this.server = server;
  }

  /** With a server of their own, which runs all controllers. */
  static async start(): Promise<KubectlUser> {
    return new KubectlUser(await StowageServer.start());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  /** Whatever comes of it. Words are separated by spaces, which is enough where none holds one. */
  run(command: string | readonly string[], input?: string, env: Environment = {}): Promise<Output> {
    const args = typeof command === "string" ? command.split(" ") : command;
    return this.server.kubectl(args, input, { HOME: this.server.dataDir, ...env });
  }

  /** What it prints; it must succeed, and warn of nothing. */
  async ok(command: string | readonly string[], input?: string, env?: Environment): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, input, env);
    expect({ code, stderr }, `kubectl ${String(command)}`).toEqual({ code: 0, stderr: "" });
    return stdout.trimEnd();
  }

  /** What it complains of; it must fail. */
  async fails(command: string | readonly string[], input?: string, env?: Environment): Promise<string> {
    const { code, stderr } = await this.run(command, input, env);
    expect(code, `kubectl ${String(command)}`).not.toBe(0);
    return stderr.trimEnd();
  }

  async json<T = unknown>(command: string): Promise<T> {
    return JSON.parse(await this.ok(`${command} -o json`)) as T;
  }

  /** Writes a file where the user works, and returns its path. */
  async file(name: string, content: string, mode = 0o644): Promise<string> {
    const path = join(this.server.dataDir, "work", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { mode });
    return path;
  }
}

export const configMap = (name: string, data: Environment, metadata: object = {}): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data });
