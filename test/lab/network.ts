/**
 * A network of our own: a bridge that plays the switch, and network namespaces plugged into it that play the machines.
 * Nothing gets from it to anywhere else: it has no route and no forwarding.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./commands.ts";
import { claim, sweep } from "./leftovers.ts";

const prefix = "stowage-network-";

/** Runs `ip` with these arguments, in one network namespace or another. */
type Ip = (...args: readonly string[]) => Promise<string>;

const ipHere: Ip = (...args) => run("ip", args);

/** The link that belongs to a temporary folder. Names have at most 15 characters; the folder's random end is 6. */
export const linkOf = (folder: string): string => `stowage-${folder.slice(-6)}`;

/** Removes the link of a folder, whether or not there still is one. */
export async function removeLink(folder: string): Promise<void> {
  await ipHere("link", "delete", linkOf(folder)).catch(() => undefined);
}

/** Adds the bridge of a folder, on a /24 of 10.0.0.0/8 that no interface of this machine uses; returns `10.x.y`. */
export async function addBridge(folder: string, ip: Ip = ipHere): Promise<string> {
  const name = linkOf(folder);
  await ip("link", "add", name, "type", "bridge");
  const used = await usedSubnets();
  for (;;) {
    const subnet = `10.${200 + Math.floor(Math.random() * 50)}.${Math.floor(Math.random() * 256)}`;
    if (used.has(subnet)) continue;
    await ip("address", "add", `${subnet}.1/24`, "dev", name);
    await ip("link", "set", name, "up");
    return subnet;
  }
}

/** Not os.networkInterfaces(): that leaves out bridges which have no carrier yet. */
async function usedSubnets(): Promise<ReadonlySet<string>> {
  const interfaces = JSON.parse(await ipHere("-4", "-json", "address")) as {
    readonly addr_info: readonly { readonly local: string }[];
  }[];
  return new Set(interfaces.flatMap(({ addr_info }) => addr_info.map(({ local }) => local.split(".", 3).join("."))));
}

/** The switch. This machine has the first address on it. */
export class LabNetwork implements AsyncDisposable {
  readonly #folder: string;
  readonly #subnet: string;
  #machines = 1;

  private constructor(folder: string, subnet: string) {
    this.#folder = folder;
    this.#subnet = subnet;
  }

  static async start(): Promise<LabNetwork> {
    await sweep(prefix, tearDown);
    const folder = await mkdtemp(join(tmpdir(), prefix));
    await claim(folder);
    try {
      return new LabNetwork(folder, await addBridge(folder));
    } catch (error) {
      await tearDown(folder);
      throw error;
    }
  }

  /** This machine's address on it. */
  get address(): string {
    return `${this.#subnet}.1`;
  }

  /** Makes a namespace that lives in `folder` and plugs it in; whoever owns the folder removes its link and its mount. */
  async join(folder: string): Promise<Namespace> {
    const address = `${this.#subnet}.${++this.#machines}`;
    const namespace = new Namespace(folder, address);
    await writeFile(namespace.file, "");
    await run("unshare", [`--net=${namespace.file}`, "true"]);
    await ipHere("link", "add", linkOf(folder), "type", "veth", "peer", "name", "eth0", "netns", namespace.file);
    await namespace.ip("link", "set", "lo", "up");
    await namespace.ip("address", "add", `${address}/24`, "dev", "eth0");
    await namespace.ip("link", "set", "eth0", "up");
    await ipHere("link", "set", linkOf(folder), "master", linkOf(this.#folder), "up");
    return namespace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await tearDown(this.#folder);
  }
}

async function tearDown(folder: string): Promise<void> {
  await removeLink(folder);
  await rm(folder, { recursive: true, force: true });
}

/** One machine as the network sees it: a cable, an address, and whatever runs there. */
export class Namespace {
  /** Its address; what its programs listen on there answers to this machine and to the others. */
  readonly address: string;
  /** What it can be entered by: see nsenter(1), `--net`. */
  readonly file: string;
  readonly #link: string;

  constructor(folder: string, address: string) {
    this.address = address;
    this.file = join(folder, "netns");
    this.#link = linkOf(folder);
  }

  readonly ip: Ip = (...args) => {
    const { command, args: entered } = this.entered("ip", args);
    return run(command, entered);
  };

  /** How to start a program in it. Not `ip netns exec`, which hides the cgroup mounts from dockerd. */
  entered(command: string, args: readonly string[]): { readonly command: string; readonly args: readonly string[] } {
    return { command: "nsenter", args: [`--net=${this.file}`, command, ...args] };
  }

  /** Pulls the cable: connections hang, as they do when a switch fails; nothing is refused or reset. */
  async cut(): Promise<void> {
    await ipHere("link", "set", this.#link, "down");
  }

  async mend(): Promise<void> {
    await ipHere("link", "set", this.#link, "up");
  }
}
