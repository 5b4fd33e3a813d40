/** A real etcd on loopback, of one member or several, each with a data folder of its own; may be killed and started again in place. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endingWithUs, freePort, listens, missingCommand } from "./commands.ts";
import { spawnProcess } from "./process.ts";
import type { LabProcess } from "./process.ts";

/** Why etcd cannot run here; undefined when it can. */
export const etcdMissing = missingCommand({ etcd: "etcd-server" });

/** Of one member or of a cluster; all members know each other before the first one starts. */
interface Membership {
  readonly name: string;
  readonly peerPort: number;
  /** `name=url` of every member, with commas between them. */
  readonly all: string;
}

const peerUrl = (port: number): string => `http://127.0.0.1:${port}`;

async function membership(names: readonly string[]): Promise<readonly Membership[]> {
  const members = await Promise.all(names.map(async (name) => ({ name, peerPort: await freePort() })));
  const all = members.map(({ name, peerPort }) => `${name}=${peerUrl(peerPort)}`).join(",");
  return members.map((member) => ({ ...member, all }));
}

export class Etcd implements AsyncDisposable {
  readonly port: number;
  readonly endpoint: string;
  readonly #folder: string;
  readonly #member: Membership;
  readonly #security: readonly string[];
  #process: LabProcess | undefined;

  private constructor(folder: string, port: number, member: Membership, certificates: string | undefined) {
    this.#folder = folder;
    this.port = port;
    this.endpoint = `${certificates === undefined ? "http" : "https"}://127.0.0.1:${port}`;
    this.#member = member;
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
    const [etcd] = await Etcd.startAll(["lab"], certificates);
    if (etcd === undefined) throw new Error("Cannot happen: one name makes one member");
    return etcd;
  }

  /** One cluster of a member for each name. Resolves when it has a leader. */
  static async startAll(names: readonly string[], certificates?: string): Promise<readonly Etcd[]> {
    const members = await Promise.all(
      (await membership(names)).map(async (member) => {
        const folder = await mkdtemp(join(tmpdir(), "stowage-etcd-"));
        return new Etcd(folder, await freePort(), member, certificates);
      }),
    );
    await Promise.all(members.map((member) => member.start()));
    return members;
  }

  /** Starts it again on the same data and the same port. */
  async start(): Promise<void> {
    const { name, peerPort, all } = this.#member;
    const peer = peerUrl(peerPort);
    this.#process = await spawnProcess({
      ...endingWithUs("etcd", [
        ...["--name", name, "--data-dir", join(this.#folder, "data"), "--logger", "zap", ...this.#security],
        ...["--listen-client-urls", this.endpoint, "--advertise-client-urls", this.endpoint],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", all],
      ]),
      logFile: join(this.#folder, "etcd.log"),
      ready: () => this.#hasLeader(),
    });
  }

  /** Asked over TLS it wants a certificate, so there it has to do that it listens. */
  async #hasLeader(): Promise<boolean> {
    if (this.#security.length > 0) return listens(this.port);
    return (await fetch(`${this.endpoint}/health`)).ok;
  }

  async kill9(): Promise<void> {
    await this.#process?.end("SIGKILL");
  }

  /** Stops it where it is: its connections stay open, and nothing is answered until {@link thaw}. */
  freeze(): void {
    if (this.#process !== undefined) process.kill(this.#process.pid, "SIGSTOP");
  }

  thaw(): void {
    if (this.#process !== undefined) process.kill(this.#process.pid, "SIGCONT");
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
