/** Starts Docker Engines of our own: real dockerd processes on temporary folders, sockets and bridges. */
import { mkdir, mkdtemp, readFile, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Docker from "dockerode";
import type { Certificates } from "./certificates.ts";
import { makeCertificates } from "./certificates.ts";
import { endingWithUs, freePort, missingCommand, run } from "./commands.ts";
import { claim, killIfThere, runs, statOf, sweep, unmountAll } from "./leftovers.ts";
import type { LabNetwork, Namespace } from "./network.ts";
import { addBridge, linkOf, removeLink } from "./network.ts";
import { spawnProcess } from "./process.ts";
import type { LabProcess } from "./process.ts";

export interface DockerdOptions {
  /** Part of the folder's name, to tell several apart. */
  readonly name?: string;
  /** A machine of its own on this network: it listens on TCP there, and its containers publish their ports there. */
  readonly network?: LabNetwork;
  /** Listen on loopback TCP as well. */
  readonly tcp?: boolean;
  /** The same with TLS, asking for client certificates. */
  readonly tls?: boolean;
  /** Containers keep running while dockerd is away. */
  readonly liveRestore?: boolean;
  /** Further names under which it offers runc as an OCI runtime. */
  readonly runtimes?: readonly string[];
  /** A disk of its own for all that it keeps, in memory, of so many MiB. */
  readonly diskMiB?: number;
  /** Path of a PEM file with the only authorities whose certificates it believes: its registries'. */
  readonly authorities?: string;
  /** Further arguments of dockerd. */
  readonly extra?: readonly string[];
}

/** How a dockerd is reached, other than by its socket. */
interface Reached {
  readonly tcp: string | undefined;
  readonly certificates: Certificates | undefined;
  readonly namespace: Namespace | undefined;
}

/** How dockerd is started. */
interface Started {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const prefix = "stowage-dockerd-";

/** Why no dockerd can be started here; undefined when one can. */
export const dockerdMissing: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (process.platform !== "linux") return "dockerd runs on Linux only";
  if (process.getuid?.() !== 0) return "dockerd needs root";
  return missingCommand({
    dockerd: "docker.io",
    containerd: "containerd",
    runc: "runc",
    ip: "iproute2",
    openssl: "openssl",
  });
}

/**
 * One dockerd, undisturbing to others on the machine: its own bridge, no iptables rules (published ports work through
 * docker-proxy), its own containerd namespace and cgroup. Disposing of it leaves no process, mount, link or file; what
 * a killed test left behind is removed when the next one starts.
 */
export class Dockerd implements AsyncDisposable {
  /** Path of its unix socket. */
  readonly socket: string;
  /** unix://socket. */
  readonly endpoint: string;
  /** tcp://address:port, where asked for. */
  readonly tcpEndpoint: string | undefined;
  /** Where it runs, if not among the programs of this machine. */
  readonly namespace: Namespace | undefined;
  /** What a client needs for {@link tcpEndpoint}, where TLS was asked for. */
  readonly certificates: Certificates | undefined;
  readonly dataRoot: string;
  /** The bare API, to do what users and accidents do. */
  readonly docker: Docker;
  readonly #folder: string;
  readonly #started: Started;
  #process: LabProcess | undefined;

  private constructor(folder: string, started: Started, reached: Reached) {
    this.#folder = folder;
    this.#started = started;
    this.socket = join(folder, "docker.sock");
    this.endpoint = `unix://${this.socket}`;
    this.tcpEndpoint = reached.tcp;
    this.certificates = reached.certificates;
    this.namespace = reached.namespace;
    this.dataRoot = join(folder, "data");
    this.docker = new Docker({ socketPath: this.socket, host: "", protocol: "http" });
  }

  static async start(options: DockerdOptions = {}): Promise<Dockerd> {
    await sweep(prefix, tearDown);
    const folder = await mkdtemp(join(tmpdir(), `${prefix}${options.name ?? "lab"}-`));
    await claim(folder);
    try {
      return await Dockerd.#startIn(folder, options);
    } catch (error) {
      await tearDown(folder);
      throw error;
    }
  }

  static async #startIn(folder: string, options: DockerdOptions): Promise<Dockerd> {
    const id = basename(folder);
    const namespace = await options.network?.join(folder);
    const certificates = options.tls === true ? await makeCertificates(folder, namespace?.address) : undefined;
    const tcp = await tcpEndpoint(options, namespace);
    await addBridge(folder, namespace?.ip);
    if (options.diskMiB !== undefined) {
      await mkdir(join(folder, "data"));
      await run("mount", ["-t", "tmpfs", "-o", `size=${options.diskMiB}m`, "tmpfs", join(folder, "data")]);
    }
    const runc = (await run("sh", ["-c", "command -v runc"])).trim();
    const args = [
      ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
      ...["--pidfile", pidfileOf(folder), "--host", `unix://${join(folder, "docker.sock")}`],
      ...["--bridge", linkOf(folder), "--iptables=false", "--ip6tables=false", "--ip-masq=false"],
      ...["--containerd-namespace", id, "--containerd-plugins-namespace", `plugins.${id}`],
      ...["--cgroup-parent", `/${id}`, "--exec-opt", "native.cgroupdriver=cgroupfs"],
      ...(options.liveRestore === true ? ["--live-restore"] : []),
      ...(tcp === undefined ? [] : ["--host", tcp]),
      // Said outright, or dockerd waits 15 s before it listens without TLS.
      ...(certificates?.serverArguments ?? ["--tls=false"]),
      ...(options.runtimes ?? []).flatMap((name) => ["--add-runtime", `${name}=${runc}`]),
      ...(options.extra ?? []),
    ];
    // What Go's crypto/x509 reads in place of the system's file, and of certs.d in /etc, which is for all.
    const env = { ...process.env, ...(options.authorities && { SSL_CERT_FILE: options.authorities }) };
    const dockerd = new Dockerd(folder, { args, env }, { tcp, certificates, namespace });
    await dockerd.restart();
    return dockerd;
  }

  /** Ends it in its orderly way where it runs, and starts it again in place; returns when it answers. */
  async restart(): Promise<void> {
    await this.stop();
    await forgetPids(this.#folder);
    const { args: arguments_, env } = this.#started;
    const { command, args } = this.namespace?.entered("dockerd", arguments_) ?? {
      command: "dockerd",
      args: arguments_,
    };
    this.#process = await spawnProcess({
      ...endingWithUs(command, args),
      env,
      logFile: join(this.#folder, "dockerd.log"),
      // dockerd listens everywhere before it answers anywhere, and a socket answers also where the cable is pulled.
      ready: async () => (await this.docker.ping()) !== undefined,
    });
  }

  /** SIGKILL to dockerd alone: containers live on. */
  async kill9(): Promise<void> {
    await this.#process?.end("SIGKILL");
  }

  /** SIGTERM: without live-restore it stops its containers first. */
  async stop(): Promise<void> {
    await this.#process?.end("SIGTERM");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill9();
    await tearDown(this.#folder);
  }
}

async function tcpEndpoint(options: DockerdOptions, namespace: Namespace | undefined): Promise<string | undefined> {
  if (namespace !== undefined) return `tcp://${namespace.address}:${options.tls === true ? 2376 : 2375}`;
  return options.tcp === true || options.tls === true ? `tcp://127.0.0.1:${await freePort()}` : undefined;
}

/**
 * Pid files outlive SIGKILL. dockerd refuses to start where its pid is in use again, and waits in vain for a containerd
 * that died with the last dockerd (its parent-death signal) but that nobody reaped.
 */
async function forgetPids(folder: string): Promise<void> {
  await rm(pidfileOf(folder), { force: true });
  const containerd = join(folder, "exec/containerd/containerd.pid");
  const pid = Number(await readFile(containerd, "utf8").catch(() => "0"));
  while (await runs(pid)) await delay(20);
  await rm(containerd, { force: true });
}

const pidfileOf = (folder: string): string => join(folder, "docker.pid");

async function tearDown(folder: string): Promise<void> {
  const id = basename(folder);
  await thaw(id);
  // dockerd first, that it revives nothing; then what it started: its children carry the folder or its name.
  for (let processes = await processesOf(folder); processes.length > 0; processes = await processesOf(folder)) {
    for (const { pid } of processes) killIfThere(pid);
    await delay(20);
  }
  await removeLink(folder);
  await unmountAll(folder);
  await removeCgroups(id);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

interface Process {
  readonly pid: number;
  readonly parent: number;
}

/** Every process of one dockerd: itself, its containerd, their shims, and what runs in the containers. */
async function processesOf(folder: string): Promise<readonly Process[]> {
  const id = basename(folder);
  const ours = new Map<number, Process>();
  const others: Process[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const [[state = "Z", parent], command] = await Promise.all([
      statOf(pid),
      readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => ""),
    ]);
    if (state === "Z") continue;
    const found = { pid, parent: Number(parent) };
    if (/^[^\0]*(dockerd|containerd|containerd-shim-runc-v2|runc)\0/.test(command) && command.includes(id))
      ours.set(pid, found);
    else others.push(found);
  }
  // A container's first process is a child of its shim; its pid namespace ends with it.
  return [...ours.values(), ...others.filter((other) => ours.has(other.parent))];
}

const cgroupRoot = "/sys/fs/cgroup";

/** The cgroup of a dockerd in every hierarchy (version 1), or the one (version 2). */
async function cgroupsOf(id: string): Promise<readonly string[]> {
  const hierarchies = (await readdir(cgroupRoot, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(cgroupRoot, entry.name));
  const candidates = [cgroupRoot, ...hierarchies].map((hierarchy) => join(hierarchy, id));
  const found = await Promise.all(candidates.map(async (path) => ((await entriesOf(path)).length > 0 ? [path] : [])));
  return found.flat();
}

async function entriesOf(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => []);
}

/** Version 1: SIGKILL does nothing to a frozen process. */
async function thaw(id: string): Promise<void> {
  const root = join(cgroupRoot, "freezer", id);
  for (const container of await entriesOf(root))
    await writeFile(join(root, container, "freezer.state"), "THAWED").catch(() => undefined);
}

async function removeCgroups(id: string): Promise<void> {
  for (const root of await cgroupsOf(id)) {
    // Others may sweep up the same leftovers at the same time.
    for (const entry of await readdir(root, { withFileTypes: true }).catch(() => []))
      if (entry.isDirectory()) await rmdir(join(root, entry.name)).catch(() => undefined);
    await rmdir(root).catch(() => undefined);
  }
}
