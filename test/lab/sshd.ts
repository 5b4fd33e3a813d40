/**
 * A real OpenSSH server of our own, through which an engine is reached as by `docker -H ssh://`: with
 * `docker system dial-stdio` run there, or with its socket forwarded. Keys only, made for it; none of the machine's own.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { endingWithUs, freePort, missingCommand, run } from "./commands.ts";
import type { Dockerd } from "./docker.ts";
import { childrenOf, claim, killIfThere, sweep } from "./leftovers.ts";
import { spawnProcess } from "./process.ts";
import type { LabProcess } from "./process.ts";

/** Why no sshd can be started here; undefined when one can. */
export const sshdMissing: string | undefined =
  process.getuid?.() === 0 ? missingCommand({ sshd: "openssh-server", ssh: "openssh-client" }) : "sshd needs root";

const prefix = "stowage-sshd-";
/** Compiled into Debian's sshd, which does not start without it; its systemd unit makes it where systemd runs. */
const privilegeSeparation = "/run/sshd";

export class Sshd implements AsyncDisposable {
  readonly address: string;
  readonly port: number;
  /** ssh://user@address:port. Commands that run there find the engine by DOCKER_HOST. */
  readonly endpoint: string;
  /** Of the one user that may log in; OpenSSH's format, without a passphrase. */
  readonly privateKey: string;
  /** The same, as `ssh -i` wants it. */
  readonly privateKeyFile: string;
  /** Of the server, as a line of known_hosts. */
  readonly knownHosts: string;
  /** The same, as `ssh -o UserKnownHostsFile=` wants it. */
  readonly knownHostsFile: string;
  readonly #folder: string;
  readonly #dockerd: Dockerd;
  #process: LabProcess | undefined;

  private constructor(
    folder: string,
    dockerd: Dockerd,
    port: number,
    texts: Record<"privateKey" | "knownHosts", string>,
  ) {
    this.#folder = folder;
    this.#dockerd = dockerd;
    this.address = addressOf(dockerd);
    this.port = port;
    this.endpoint = `ssh://${userInfo().username}@${this.address}:${port}`;
    this.privateKey = texts.privateKey;
    this.privateKeyFile = userKeyOf(folder);
    this.knownHosts = texts.knownHosts;
    this.knownHostsFile = knownHostsOf(folder);
  }

  /** On the machine that this engine runs on: on loopback, or in its network namespace. */
  static async start(dockerd: Dockerd): Promise<Sshd> {
    await sweep(prefix, (left) => rm(left, { recursive: true, force: true }));
    const folder = await mkdtemp(join(tmpdir(), prefix));
    await claim(folder);
    try {
      const port = dockerd.namespace === undefined ? await freePort() : 22;
      const texts = await makeKeys(folder, addressOf(dockerd), port);
      await writeFile(configOf(folder), config(folder, `${addressOf(dockerd)}:${port}`, dockerd.endpoint));
      const sshd = new Sshd(folder, dockerd, port, texts);
      await sshd.restart();
      return sshd;
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  /** Ends it and its sessions where it runs, and starts it again in place. */
  async restart(): Promise<void> {
    await this.kill9();
    await mkdir(privilegeSeparation, { recursive: true, mode: 0o755 });
    // sshd wants its own path: it starts itself anew for each connection.
    const sshd = (await run("sh", ["-c", "command -v sshd"])).trim();
    const daemon = ["-D", "-e", "-f", configOf(this.#folder)];
    const { command, args } = this.#dockerd.namespace?.entered(sshd, daemon) ?? { command: sshd, args: daemon };
    this.#process = await spawnProcess({
      ...endingWithUs(command, args),
      logFile: join(this.#folder, "sshd.log"),
      ready: async () => (await readFile(pidfileOf(this.#folder), "utf8")) !== "",
    });
  }

  /** SIGKILL to it and to its sessions. */
  async kill9(): Promise<void> {
    if (this.#process === undefined) return;
    const sessions = await childrenOf(this.#process.pid);
    await this.#process.end("SIGKILL");
    sessions.forEach(killIfThere);
    await rm(pidfileOf(this.#folder), { force: true });
    this.#process = undefined;
  }

  /** What it told of itself: who logged in, and who was refused. */
  async log(): Promise<string> {
    return readFile(join(this.#folder, "sshd.log"), "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    await rm(this.#folder, { recursive: true });
  }
}

const addressOf = (dockerd: Dockerd): string => dockerd.namespace?.address ?? "127.0.0.1";
const configOf = (folder: string): string => join(folder, "sshd_config");
const pidfileOf = (folder: string): string => join(folder, "sshd.pid");
const hostKeyOf = (folder: string): string => join(folder, "host_key");
const userKeyOf = (folder: string): string => join(folder, "user_key");
const knownHostsOf = (folder: string): string => join(folder, "known_hosts");

/** sshd_config(5). Without PAM, so that the machine's own rules have no say. */
function config(folder: string, listen: string, dockerHost: string): string {
  return [
    `ListenAddress ${listen}`,
    `HostKey ${hostKeyOf(folder)}`,
    `AuthorizedKeysFile ${userKeyOf(folder)}.pub`,
    `PidFile ${pidfileOf(folder)}`,
    // A home of its own: what the user's shell does when it starts is none of our business, and takes its time.
    `SetEnv DOCKER_HOST=${dockerHost} HOME=${folder}`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin prohibit-password",
    "AuthenticationMethods publickey",
    "AllowStreamLocalForwarding yes",
    // A pool of connections over one or several logins comes at once; the default begins to refuse them at ten.
    "MaxStartups 100",
    "MaxSessions 100",
    "LogLevel VERBOSE",
    "",
  ].join("\n");
}

async function makeKeys(
  folder: string,
  host: string,
  port: number,
): Promise<Record<"privateKey" | "knownHosts", string>> {
  for (const file of [hostKeyOf(folder), userKeyOf(folder)])
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "stowage-lab", "-f", file]);
  // sshd(8), SSH_KNOWN_HOSTS FILE FORMAT: the usual port is left out.
  const knownHosts = `${port === 22 ? host : `[${host}]:${port}`} ${await readFile(`${hostKeyOf(folder)}.pub`, "utf8")}`;
  await writeFile(knownHostsOf(folder), knownHosts);
  return { privateKey: await readFile(userKeyOf(folder), "utf8"), knownHosts };
}
