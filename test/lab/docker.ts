/** Starts Docker Engines of our own: real dockerd processes on temporary folders, sockets and bridges. */
import { mkdtemp, readFile, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Docker from "dockerode";
import type { Certificates } from "./certificates.ts";
import { makeCertificates } from "./certificates.ts";
import { endingWithUs, freePort, listens, missingCommand, run } from "./commands.ts";
import { claim, runs, statOf, sweep } from "./leftovers.ts";
import { spawnProcess } from "./process.ts";
import type { LabProcess } from "./process.ts";

export interface DockerdOptions {
  /** Part of the folder's name, to tell several apart. */
  readonly name?: string;
  /** Listen on loopback TCP as well. */
  readonly tcp?: boolean;
  /** The same with TLS, asking for client certificates. */
  readonly tls?: boolean;
  /** Containers keep running while dockerd is away. */
  readonly liveRestore?: boolean;
  /** Further arguments of dockerd. */
  readonly extra?: readonly string[];
}

const prefix = "stowage-dockerd-";

/** Why no dockerd can be started here; undefined when one can. */
export const dockerdMissing: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (process.platform !== "linux") return "dockerd runs on Linux only";
  if (process.getuid?.() !== 0) return "dockerd needs root";
  return missingCommand({ dockerd: "docker.io", containerd: "containerd", ip: "iproute2", openssl: "openssl" });
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
  /** tcp://127.0.0.1:port, where asked for. */
  readonly tcpEndpoint: string | undefined;
  /** What a client needs for {@link tcpEndpoint}, where TLS was asked for. */
  readonly certificates: Certificates | undefined;
  readonly dataRoot: string;
  /** The bare API, to do what users and accidents do. */
  readonly docker: Docker;
  readonly #folder: string;
  readonly #args: readonly string[];
  #process: LabProcess | undefined;

  private constructor(folder: string, args: readonly string[], tcp: string | undefined, certificates?: Certificates) {
    this.#folder = folder;
    this.#args = args;
    this.socket = join(folder, "docker.sock");
    this.endpoint = `unix://${this.socket}`;
    this.tcpEndpoint = tcp;
    this.certificates = certificates;
    this.dataRoot = join(folder, "data");
    this.docker = new Docker({ socketPath: this.socket, host: "", protocol: "http" });
  }

  static async start(options: DockerdOptions = {}): Promise<Dockerd> {
    await sweep(prefix, tearDown);
    const folder = await mkdtemp(join(tmpdir(), `${prefix}${options.name ?? "lab"}-`));
    await claim(folder);
    const certificates = options.tls === true ? await makeCertificates(folder) : undefined;
    const tcp = options.tcp === true || options.tls === true ? `tcp://127.0.0.1:${await freePort()}` : undefined;
    const id = basename(folder);
    await addBridge(bridgeOf(folder));
    const args = [
      ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
      ...["--pidfile", pidfileOf(folder), "--host", `unix://${join(folder, "docker.sock")}`],
      ...["--bridge", bridgeOf(folder), "--iptables=false", "--ip6tables=false", "--ip-masq=false"],
      ...["--containerd-namespace", id, "--containerd-plugins-namespace", `plugins.${id}`],
      ...["--cgroup-parent", `/${id}`, "--exec-opt", "native.cgroupdriver=cgroupfs"],
      ...(options.liveRestore === true ? ["--live-restore"] : []),
      ...(tcp === undefined ? [] : ["--host", tcp]),
      ...(certificates === undefined ? [] : certificates.serverArguments),
      ...(options.extra ?? []),
    ];
    const dockerd = new Dockerd(folder, args, tcp, certificates);
    try {
      await dockerd.restart();
    } catch (error) {
      await dockerd[Symbol.asyncDispose]();
      throw error;
    }
    return dockerd;
  }

  /** Ends it in its orderly way where it runs, and starts it again in place; returns when it answers. */
  async restart(): Promise<void> {
    await this.stop();
    await forgetPids(this.#folder);
    const port = this.tcpEndpoint === undefined ? undefined : Number(new URL(this.tcpEndpoint).port);
    this.#process = await spawnProcess({
      ...endingWithUs("dockerd", this.#args),
      logFile: join(this.#folder, "dockerd.log"),
      ready: async () => (port === undefined || (await listens(port))) && (await this.docker.ping()) !== undefined,
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

/** Interface names have at most 15 characters; the folder's random end is 6. */
const bridgeOf = (folder: string): string => `stowage-${folder.slice(-6)}`;

/** A bridge on a /24 of 10.0.0.0/8 that no interface of the machine uses. */
async function addBridge(name: string): Promise<void> {
  await run("ip", ["link", "add", name, "type", "bridge"]);
  for (;;) {
    const used = new Set(
      Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map((a) => a.address.split(".", 3).join("."))),
    );
    const subnet = `10.${200 + Math.floor(Math.random() * 50)}.${Math.floor(Math.random() * 256)}`;
    if (used.has(subnet)) continue;
    await run("ip", ["address", "add", `${subnet}.1/24`, "dev", name]);
    await run("ip", ["link", "set", name, "up"]);
    return;
  }
}

async function tearDown(folder: string): Promise<void> {
  const id = basename(folder);
  await thaw(id);
  // dockerd first, that it revives nothing; then what it started: its children carry the folder or its name.
  for (let processes = await processesOf(folder); processes.length > 0; processes = await processesOf(folder)) {
    for (const { pid } of processes) end(pid);
    await delay(20);
  }
  const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) await run("umount", ["--lazy", path]).catch(() => undefined);
  await run("ip", ["link", "delete", bridgeOf(folder)]).catch(() => undefined);
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

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
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
    for (const entry of await readdir(root, { withFileTypes: true }))
      if (entry.isDirectory()) await rmdir(join(root, entry.name)).catch(() => undefined);
    await rmdir(root).catch(() => undefined);
  }
}
