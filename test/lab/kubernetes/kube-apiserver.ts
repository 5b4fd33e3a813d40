/** A real kube-apiserver on loopback, alone: no controllers, no nodes. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
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

const built = join(assets(), "kube-apiserver");

/** Why no kube-apiserver can be started here; undefined when one can. */
export const kubeApiServerMissing: string | undefined =
  etcdMissing ??
  missingCommand({ openssl: "openssl" }) ??
  (existsSync(built) ? undefined : `there is no ${built}: run "npm run test:kubernetes", which builds it`);

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
  /** https://127.0.0.1:port; its certificate is its own, known to nobody. */
  readonly url: string;
  /** Bearer token of an administrator. */
  readonly token: string;
  /** Path of an administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly pid: number;
  /** From its start until it said that it is ready, in milliseconds; etcd ran before. */
  readonly readyMs: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(stack: AsyncDisposableStack, at: Started) {
    this.#stack = stack;
    this.url = at.url;
    this.token = at.token;
    this.kubeconfig = join(at.folder, "kubeconfig");
    this.pid = at.pid;
    this.readyMs = at.readyMs;
  }

  /** Returns when it is ready to serve. */
  static async start(options: KubeApiServerOptions = {}): Promise<KubeApiServer> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "stowage-kube-apiserver-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const etcd = options.etcd ?? stack.use(await Etcd.start()).endpoint;
    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    const token = randomBytes(16).toString("hex");
    await run("openssl", ["genrsa", "-out", join(folder, "service-accounts.key"), "2048"]);
    await writeFile(join(folder, "tokens.csv"), `${token},admin,1,"system:masters"\n`, { mode: 0o600 });
    await writeFile(join(folder, "kubeconfig"), kubeconfig(url, token), { mode: 0o600 });
    const { program = built, args = [] } = options;
    const began = performance.now();
    const { pid } = stack.use(await startServer({ program, folder, port, token, etcd, args }));
    return new KubeApiServer(stack.move(), { url, token, folder, pid, readyMs: performance.now() - began });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

interface Started {
  readonly url: string;
  readonly token: string;
  readonly folder: string;
  readonly pid: number;
  readonly readyMs: number;
}

interface Start {
  readonly program: string;
  readonly folder: string;
  readonly port: number;
  readonly token: string;
  readonly etcd: string;
  readonly args: readonly string[];
}

function startServer({ program, folder, port, token, etcd, args }: Start): Promise<LabProcess> {
  const key = join(folder, "service-accounts.key");
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
    ready: () => isReady(port, token),
    readyMs: 240_000, // 5 s on an idle machine, more than 60 s beside 25 busy processes on 2 cores
  });
}

async function isReady(port: number, token: string): Promise<boolean> {
  const agent = new Agent({ rejectUnauthorized: false });
  const headers = { authorization: `Bearer ${token}` };
  try {
    return await new Promise((resolve, reject) => {
      request({ port, host: "127.0.0.1", path: "/readyz", agent, headers }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      })
        .on("error", reject)
        .end();
    });
  } finally {
    agent.destroy();
  }
}

const kubeconfig = (url: string, token: string): string =>
  `${JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "admin" } }],
    "current-context": "lab",
  })}\n`;
