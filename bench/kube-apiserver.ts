/** A real kube-apiserver with a real etcd, to measure against. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { endingWithUs, freePort, run } from "../test/lab/commands.ts";
import { Etcd } from "../test/lab/etcd.ts";
import type { LabProcess } from "../test/lab/process.ts";
import { spawnProcess } from "../test/lab/process.ts";

/** Where a kube-apiserver may be: where controller-runtime's tests look, and where the lab builds one. */
export function findKubeApiServer(): string | undefined {
  const assets = process.env["KUBEBUILDER_ASSETS"] ?? "/usr/local/kubebuilder/bin";
  const lab = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "stowage-lab", "kubernetes-1.20.2");
  return [assets, lab].map((folder) => join(folder, "kube-apiserver")).find((path) => existsSync(path));
}

export class KubeApiServer implements AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** From its start until it says that it is ready, in milliseconds; etcd ran before. */
  readonly readyMs: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(stack: AsyncDisposableStack, url: string, pid: number, readyMs: number) {
    this.#stack = stack;
    this.url = url;
    this.pid = pid;
    this.readyMs = readyMs;
  }

  /** `clientCa`: PEM file of the authority of client certificates. */
  static async start(program: string, clientCa: string): Promise<KubeApiServer> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "stowage-kube-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const etcd = stack.use(await Etcd.start());
    const keyFile = join(folder, "sa.key");
    await run("openssl", ["genrsa", "-out", keyFile, "2048"]);
    const port = await freePort();
    const began = performance.now();
    const server: LabProcess = await spawnProcess({
      ...endingWithUs(program, [
        ...["--etcd-servers", etcd.endpoint, "--bind-address", "127.0.0.1", "--secure-port", String(port)],
        ...["--cert-dir", join(folder, "certs"), "--client-ca-file", clientCa, "--authorization-mode", "RBAC"],
        ...["--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", keyFile],
        ...["--service-account-signing-key-file", keyFile, "--service-cluster-ip-range", "10.96.0.0/16"],
      ]),
      logFile: join(folder, "kube-apiserver.log"),
      ready: async () => {
        await run("curl", ["-sfk", `https://127.0.0.1:${port}/readyz`]);
        return true;
      },
    });
    const readyMs = performance.now() - began;
    stack.use(server);
    return new KubeApiServer(stack.move(), `https://127.0.0.1:${port}`, server.pid, readyMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
