/** A real kube-apiserver on loopback, alone: no controllers, no nodes. test/lab/kubernetes.ts has a whole cluster. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { endingWithUs, freePort, missingCommand, run } from "../commands.ts";
import { Etcd, etcdMissing } from "../etcd.ts";
import { spawnProcess } from "../process.ts";
import type { LabProcess } from "../process.ts";

/** Where the script `build` beside this file puts what it builds, or where KUBEBUILDER_ASSETS says that it is. */
function assets(): string {
  const { KUBEBUILDER_ASSETS, STOWAGE_LAB_CACHE, XDG_CACHE_HOME } = process.env;
  if (KUBEBUILDER_ASSETS !== undefined && KUBEBUILDER_ASSETS !== "") return KUBEBUILDER_ASSETS;
  const cache = STOWAGE_LAB_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "stowage-lab");
  return join(cache, "kubernetes-1.20.2");
}

/** Path of a program of Kubernetes, there or not. */
export const programOf = (name: KubernetesProgram): string => join(assets(), name);

export type KubernetesProgram = "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubelet";

/** Says that a program was not built; undefined when it was. */
export function missingProgram(name: KubernetesProgram): string | undefined {
  const path = programOf(name);
  return existsSync(path) ? undefined : `there is no ${path}: run "npm run test:kubernetes", which builds it`;
}

/** Why no kube-apiserver can be started here; undefined when one can. */
export const kubeApiServerMissing: string | undefined =
  etcdMissing ?? missingCommand({ openssl: "openssl" }) ?? missingProgram("kube-apiserver");

export interface KubeApiServerOptions {
  /** Path of another kube-apiserver than the one that was built. */
  readonly program?: string;
  /** Endpoint of an etcd that others use too; one of its own when absent. */
  readonly etcd?: string;
  /** Further arguments of kube-apiserver. */
  readonly args?: readonly string[];
}

/** Disposing of it ends it and its etcd, and removes their files. */
export class KubeApiServer implements AsyncDisposable {
  /** https://127.0.0.1:port; it stays over a restart. */
  readonly url: string;
  /** Bearer token of an administrator. */
  readonly token: string;
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of the key that its ServiceAccount tokens are signed with. */
  readonly serviceAccountKey: string;
  readonly #stack: AsyncDisposableStack;
  readonly #launch: Launch;
  #process: LabProcess | undefined;
  #readyMs = 0;

  private constructor(stack: AsyncDisposableStack, launch: Launch) {
    this.#stack = stack;
    this.#launch = launch;
    this.url = `https://127.0.0.1:${launch.port}`;
    this.token = launch.token;
    this.kubeconfig = join(launch.folder, "kubeconfig");
    this.serviceAccountKey = keyIn(launch.folder);
  }

  /** Returns when it is ready to serve. */
  static async start(options: KubeApiServerOptions = {}): Promise<KubeApiServer> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "stowage-kube-apiserver-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const etcd = options.etcd ?? stack.use(await Etcd.start()).endpoint;
    const port = await freePort();
    const token = randomBytes(16).toString("hex");
    await run("openssl", ["genrsa", "-out", keyIn(folder), "2048"]);
    await writeFile(join(folder, "tokens.csv"), `${token},admin,1,"system:masters"\n`, { mode: 0o600 });
    const { program = programOf("kube-apiserver"), args = [] } = options;
    const server = new KubeApiServer(stack.move(), { program, folder, port, token, etcd, args });
    try {
      await server.restart();
      await writeFile(server.kubeconfig, await server.kubeconfigWith(token), { mode: 0o600 });
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Of the process that runs or ran last. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** From its last start until it said that it is ready, in milliseconds; etcd ran before. */
  get readyMs(): number {
    return this.#readyMs;
  }

  /** Ends it where it runs, and starts it again with the same data, port, certificate and tokens; returns when it is ready. */
  async restart(): Promise<void> {
    await this.stop();
    const began = performance.now();
    this.#process = await startServer(this.#launch);
    this.#readyMs = performance.now() - began;
  }

  /** SIGKILL: connections break, and nothing listens until {@link restart}. */
  async kill9(): Promise<void> {
    await this.#process?.end("SIGKILL");
  }

  /** SIGTERM: answers what it was asked before it ends. */
  async stop(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }

  /** The text of a kubeconfig of whom a bearer token is. Has the authorities, so that the server is verified. */
  async kubeconfigWith(token: string): Promise<string> {
    const authorities = await readFile(join(this.#launch.folder, "certificates", "apiserver.crt"));
    return `${JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        { name: "lab", cluster: { server: this.url, "certificate-authority-data": authorities.toString("base64") } },
      ],
      users: [{ name: "lab", user: { token } }],
      contexts: [{ name: "lab", context: { cluster: "lab", user: "lab" } }],
      "current-context": "lab",
    })}\n`;
  }

  /**
   * Asks as its administrator, and returns what the JSON in the answer says. A PATCH is a server-side apply.
   * Throws, with the status and the answer, where that is not a success.
   */
  async request(method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE", path: string, body?: object): Promise<unknown> {
    const { status, said } = await ask(this.#launch, method, path, body);
    if (status < 200 || status > 299) throw new Error(`Cannot ${method} ${path}: it answered ${status}: ${said}`);
    return JSON.parse(said);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#stack.disposeAsync();
  }
}

const keyIn = (folder: string): string => join(folder, "service-accounts.key");

/** Whom to ask. */
interface Access {
  readonly port: number;
  readonly token: string;
}

interface Launch extends Access {
  readonly program: string;
  readonly folder: string;
  readonly etcd: string;
  readonly args: readonly string[];
}

function startServer({ program, folder, port, token, etcd, args }: Launch): Promise<LabProcess> {
  const key = keyIn(folder);
  return spawnProcess({
    ...endingWithUs(program, [
      ...["--etcd-servers", etcd, "--cert-dir", join(folder, "certificates")],
      ...["--bind-address", "127.0.0.1", "--secure-port", String(port)],
      ...["--authorization-mode", "RBAC", "--token-auth-file", join(folder, "tokens.csv")],
      ...["--service-account-key-file", key, "--service-account-signing-key-file", key],
      ...["--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", "10.96.0.0/16"],
      ...args,
    ]),
    logFile: join(folder, "kube-apiserver.log"),
    ready: async () => (await ask({ port, token }, "GET", "/readyz")).status === 200,
    readyMs: 240_000, // 5 s on an idle machine, more than 60 s beside 25 busy processes on 2 cores
  });
}

/** One request on a connection of its own. */
async function ask(
  { port, token }: Access,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly said: string }> {
  const agent = new Agent({ rejectUnauthorized: false });
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": method === "PATCH" ? "application/apply-patch+yaml" : "application/json",
  };
  try {
    const sent = request({ port, host: "127.0.0.1", method, path, agent, headers });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return { status: response.statusCode ?? 0, said: await text(response) };
  } finally {
    agent.destroy();
  }
}
