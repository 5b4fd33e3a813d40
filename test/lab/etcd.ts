/** A real etcd of one member on loopback, with a data folder of its own; may be killed and started again in place. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endingWithUs, freePort, listens, missingCommand } from "./commands.ts";
import { spawnProcess } from "./process.ts";
import type { LabProcess } from "./process.ts";

/** Why etcd cannot run here; undefined when it can. */
export const etcdMissing = missingCommand({ etcd: "etcd-server" });

export class Etcd implements AsyncDisposable {
  readonly port: number;
  readonly endpoint: string;
  readonly #folder: string;
  readonly #peerPort: number;
  readonly #security: readonly string[];
  #process: LabProcess | undefined;

  private constructor(folder: string, port: number, peerPort: number, certificates: string | undefined) {
    this.#folder = folder;
    this.port = port;
    this.endpoint = `${certificates === undefined ? "http" : "https"}://127.0.0.1:${port}`;
    this.#peerPort = peerPort;
    this.#security =
      certificates === undefined
        ? []
        : [
            ...["--cert-file", join(certificates, "server.crt"), "--key-file", join(certificates, "server.key")],
            ...["--trusted-ca-file", join(certificates, "ca.crt"), "--client-cert-auth"],
          ];
  }

  /** `certificates`: a folder that makeCertificates (test/lab/certificates.ts) filled; etcd then speaks TLS and wants a client's certificate. */
  static async start(certificates?: string): Promise<Etcd> {
    const folder = await mkdtemp(join(tmpdir(), "stowage-etcd-"));
    const etcd = new Etcd(folder, await freePort(), await freePort(), certificates);
    await etcd.start();
    return etcd;
  }

  /** Starts it again on the same data and the same port. */
  async start(): Promise<void> {
    const peer = `http://127.0.0.1:${this.#peerPort}`;
    this.#process = await spawnProcess({
      ...endingWithUs("etcd", [
        ...["--name", "lab", "--data-dir", join(this.#folder, "data"), "--logger", "zap", ...this.#security],
        ...["--listen-client-urls", this.endpoint, "--advertise-client-urls", this.endpoint],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `lab=${peer}`],
      ]),
      logFile: join(this.#folder, "etcd.log"),
      // It listens to clients once it has a leader: embed/etcd.go waits for ReadyNotify.
      ready: () => listens(this.port),
    });
  }

  async kill9(): Promise<void> {
    await this.#process?.end("SIGKILL");
  }

  /** Takes all data away, as a lost disk does; only while it is not running. */
  async wipe(): Promise<void> {
    await rm(join(this.#folder, "data"), { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
