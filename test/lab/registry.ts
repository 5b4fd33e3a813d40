/** Starts registries of our own: Debian's docker-registry, on loopback, where Engines talk plain HTTP, or with TLS. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { stringify } from "yaml";
import { makeCertificates } from "./certificates.ts";
import { endingWithUs, freePort, listens, missingCommand } from "./commands.ts";
import { splitTag } from "./images.ts";
import { claim, sweep } from "./leftovers.ts";
import type { LabNetwork } from "./network.ts";
import { spawnProcess } from "./process.ts";
import type { LabProcess } from "./process.ts";

/** Why no registry can be started here; undefined when one can. */
export const registryMissing: string | undefined = missingCommand({ "docker-registry": "docker-registry" });

const prefix = "stowage-registry-";

/** Who may use a registry that asks. */
export const registryUser = { username: "lab", password: "lab-password" } as const;
/** bcrypt of {@link registryUser}, the only scheme that the registry reads. */
const htpasswd = "lab:$2b$05$abcdefghijklmnopqrstuuL/Ej5MNdcjasz4Sr7bjTMIxZn.WGpgG\n";

export interface RegistryOptions {
  /** Nothing is given to those who do not log in. */
  readonly authenticated?: boolean;
  /** It speaks TLS, at this machine's address on this network: on loopback an Engine believes every certificate. */
  readonly tls?: LabNetwork;
}

export class Registry implements AsyncDisposable {
  /** address:port, the beginning of its images' names. */
  readonly host: string;
  /** Path of the certificate of the authority that signed its own, where it speaks TLS. */
  readonly authority: string;
  readonly #folder: string;
  readonly #process: LabProcess;

  private constructor(host: string, folder: string, started: LabProcess) {
    this.host = host;
    this.authority = join(folder, "ca.crt");
    this.#folder = folder;
    this.#process = started;
  }

  static async start({ authenticated = false, tls }: RegistryOptions = {}): Promise<Registry> {
    await sweep(prefix, (left) => rm(left, { recursive: true, force: true }));
    const folder = await mkdtemp(join(tmpdir(), prefix));
    await claim(folder);
    const port = await freePort();
    const address = tls?.address ?? "127.0.0.1";
    const host = `${address}:${port}`;
    if (tls !== undefined) await makeCertificates(folder, address);
    const [certificate, key] = [join(folder, "server.crt"), join(folder, "server.key")];
    await writeFile(join(folder, "htpasswd"), htpasswd);
    const config = {
      version: "0.1",
      storage: { filesystem: { rootdirectory: join(folder, "data") } },
      http: { addr: host, ...(tls === undefined ? {} : { tls: { certificate, key } }) },
      ...(authenticated ? { auth: { htpasswd: { realm: "lab", path: join(folder, "htpasswd") } } } : {}),
    };
    await writeFile(join(folder, "config.yml"), stringify(config));
    const started = await spawnProcess({
      ...endingWithUs("docker-registry", ["serve", join(folder, "config.yml")]),
      logFile: join(folder, "registry.log"),
      ready: () => listens(port, address),
    });
    return new Registry(host, folder, started);
  }

  /** Tags an image that the Engine has and pushes it; returns its name here, which the Engine forgets again. */
  async push(docker: Docker, image: string, as: string): Promise<string> {
    const pushed = `${this.host}/${as}`;
    const [repo, tag = "latest"] = splitTag(pushed);
    await docker.getImage(image).tag({ repo, tag });
    const answer = await docker.getImage(repo).push({ tag, authconfig: { ...registryUser, serveraddress: this.host } });
    const told = await text(answer);
    if (told.includes('"error"')) throw new Error(`Cannot push ${pushed}: ${told}`);
    await docker.getImage(`${repo}:${tag}`).remove();
    return `${repo}:${tag}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.end("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
  }
}
