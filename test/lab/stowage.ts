/** Runs `stowage server` and clients against it as users do: as processes, through the command line. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { HttpClient } from "../../api/client/http.ts";
import { parse } from "yaml";

const program = fileURLToPath(new URL("../../cli/stowage", import.meta.url));

export interface StowageOptions {
  /** `--docker`; none when absent. */
  readonly docker?: string;
  /** Further arguments of `stowage server`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A server whose authority signs this one's certificates too: copied before the first start, as an operator would. */
  readonly authorityOf?: StowageServer;
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit code; `input` goes to its standard input. */
export async function capture(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string; readonly cwd?: string } = {},
): Promise<Output> {
  const child = spawn(command, args, { env: options.env ?? process.env, cwd: options.cwd, stdio: "pipe" });
  const texts = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (texts.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (texts.stderr += chunk));
  child.stdin.on("error", () => undefined); // a command may end without reading its input
  child.stdin.end(options.input ?? "");
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code: code ?? 128, ...texts, ...(signal === null ? {} : { stderr: `${texts.stderr}\nended by ${signal}` }) };
}

/** One `stowage server` on a data folder of its own; may be killed and started again on the same folder and port. */
export class StowageServer implements AsyncDisposable {
  readonly dataDir: string;
  readonly #options: StowageOptions;
  #child: ChildProcess | undefined;
  #listen = "127.0.0.1:0";
  #log = "";

  private constructor(dataDir: string, options: StowageOptions) {
    this.dataDir = dataDir;
    this.#options = options;
  }

  static async start(options: StowageOptions = {}): Promise<StowageServer> {
    const server = new StowageServer(await mkdtemp(join(tmpdir(), "stowage-e2e-")), options);
    if (options.authorityOf !== undefined) await copyShared(options.authorityOf.dataDir, server.dataDir);
    await server.start();
    return server;
  }

  get kubeconfig(): string {
    return join(this.dataDir, "admin.kubeconfig");
  }

  get url(): string {
    return `https://${this.#listen}`;
  }

  /** What it wrote to standard error so far. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it and returns after its `ready` line, with the milliseconds that took. */
  async start(): Promise<number> {
    const began = performance.now();
    const child = spawn(
      program,
      [
        "server",
        ...["--data-dir", this.dataDir, "--listen", this.#listen, "--docker", this.#options.docker ?? "none"],
        ...(this.#options.args ?? []),
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...this.#options.env } },
    );
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (this.#log += chunk));
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const [, address] = /^ready (https:\/\/\S+) kubeconfig=/.exec(line) ?? [];
        if (address !== undefined) resolve(address);
      });
      child.once("exit", (code) => {
        reject(new Error(`stowage server ended with ${code ?? "a signal"} before it was ready:\n${this.#log}`));
      });
    });
    this.#listen = new URL(url).host;
    return performance.now() - began;
  }

  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM; returns the exit code. */
  async stop(): Promise<number> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<number> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? 0;
    const exit = once(child, "exit") as Promise<[number | null]>;
    child.kill(signal);
    const [code] = await exit;
    return code ?? 128;
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, KUBECONFIG: this.kubeconfig, KUBECACHEDIR: join(this.dataDir, "kube-cache") };
  }

  /** The `stowage` command against this server. */
  cli(args: readonly string[], input?: string): Promise<Output> {
    return capture(program, args, { env: this.#env(), ...(input === undefined ? {} : { input }) });
  }

  /** kubectl against this server. */
  kubectl(args: readonly string[], input?: string, env: Readonly<Record<string, string>> = {}): Promise<Output> {
    return capture("kubectl", args, { env: { ...this.#env(), ...env }, ...(input === undefined ? {} : { input }) });
  }

  /** A client of ours over the wire, as the administrator. */
  async client(): Promise<HttpClient> {
    const config = parse(await readFile(this.kubeconfig, "utf8")) as Kubeconfig;
    const { cluster } = config.clusters[0];
    const { user } = config.users[0];
    const text = (base64: string): string => Buffer.from(base64, "base64").toString();
    return HttpClient.open({
      server: cluster.server,
      ca: text(cluster["certificate-authority-data"]),
      cert: text(user["client-certificate-data"]),
      key: text(user["client-key-data"]),
      userAgent: "stowage-tests",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** What docs/cli.md tells operators to copy. */
async function copyShared(from: string, to: string): Promise<void> {
  await mkdir(join(to, "pki"), { mode: 0o700 });
  for (const file of ["ca.crt", "ca.key"]) await copyFile(join(from, "pki", file), join(to, "pki", file));
}

interface Kubeconfig {
  readonly clusters: [{ cluster: { server: string; "certificate-authority-data": string } }];
  readonly users: [{ user: { "client-certificate-data": string; "client-key-data": string } }];
}

/** Waits until `check` returns something other than undefined or false, looking every 50 ms. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  tries = 1200,
): Promise<T> {
  let last: unknown;
  for (let i = 0; i < tries; i++) {
    try {
      const found = await check();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`It never came about: ${what}`, { cause: last });
}
