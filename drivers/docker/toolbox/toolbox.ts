/**
 * Our own small program on a Docker host (toolbox.c), for what the Engine's API cannot do: it travels in an image that has
 * nothing else in it, so that it works on any Engine, near or far, whatever images are there.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { buffer, text } from "node:stream/consumers";
import { pack } from "tar-stream";
import { z } from "zod";
import { UnsupportedHostError } from "../../driver.ts";
import type { Call, Connection } from "../connection.ts";
import { unlessAborted } from "../deadline.ts";
import { EngineRefusal, unlessStatus } from "../errors.ts";
import { demultiplex } from "../logs.ts";
import type { Mounted } from "../mounts.ts";
import { hostConfigOf } from "../mounts.ts";
import { toolboxFolder, toolboxPath } from "./paths.ts";

/** Repository of its image. */
export const toolboxImage = "stowage.dev/toolbox";

/**
 * With which it sees what processes of other users run with, privileged ones too: those are confined by nothing, and
 * the Engine's own profiles look only at their like. Options of what a host does not have are left out by its Engine
 * (moby daemon/container_linux.go, daemon/oci_linux.go).
 */
const among = { CapAdd: ["SYS_PTRACE"], SecurityOpt: ["apparmor=unconfined", "label=disable"] };

/** On every container and volume that the toolbox makes, with our instance: never on what belongs to a Container. */
export const toolboxLabel = "stowage.dev/toolbox";

const callTimeoutMs = 60_000;
/** What a crash left behind is older than any work of ours lasts. */
const leftoverAgeSeconds = 600;

const Created = z.object({ Id: z.string() });
const Waited = z.object({ StatusCode: z.number() });
const Leftovers = z.array(z.object({ Id: z.string(), Created: z.number() }));

export interface Ran {
  /** 0 is success; else an errno of Linux, or 125 for wrong use. */
  readonly exitCode: number;
  /** Standard output. */
  readonly output: Buffer;
}

export class Toolbox {
  readonly #connection: Connection;
  readonly #instance: string;
  #image: Promise<string> | undefined;
  #volume: Promise<string> | undefined;

  constructor(connection: Connection, instance: string) {
    this.#connection = connection;
    this.#instance = instance;
  }

  /**
   * Runs the program with `words` in a container of its own, without a network, and removes that. `mounts` as Docker has
   * them, or as texts: `/sys:/sys:ro`, `volume:/data`. What `archive`, a tar, has is there before it runs. Throws EngineRefusal, HostUnreachableError, UnsupportedHostError.
   */
  async run(words: readonly string[], mounts: Mounted, signal: AbortSignal, archive?: Uint8Array): Promise<Ran> {
    await using container = await this.#create(words, hostConfigOf(mounts), signal);
    if (archive !== undefined) await this.#extract(container.id, archive, signal);
    return await this.#outcomeOf(container.id, signal);
  }

  /**
   * Runs the program among the processes of a container that runs, and sees no others, but for those of the whole host
   * where the container does (hostPID). Throws as {@link run}.
   */
  async runAmong(id: string, words: readonly string[], signal: AbortSignal): Promise<Ran> {
    await using container = await this.#create(words, { ...among, PidMode: `container:${id}` }, signal);
    return await this.#outcomeOf(container.id, signal);
  }

  async #outcomeOf(id: string, signal: AbortSignal): Promise<Ran> {
    const path = `/containers/${id}`;
    await this.#call({ method: "POST", path: `${path}/start`, signal });
    const { StatusCode } = await this.#connection.read(
      { method: "POST", path: `${path}/wait`, signal, timeoutMs: callTimeoutMs },
      Waited,
    );
    const logs = await this.#connection.stream({
      method: "GET",
      path: `${path}/logs`,
      query: { stdout: true },
      signal,
    });
    return { exitCode: StatusCode, output: await buffer(demultiplex(logs)) };
  }

  /**
   * Extracts a tar archive over `mounts`, below the paths where they are mounted, whether anything uses them or not; volumes that are
   * not there are made. Owners and modes are those of the archive. Throws as {@link run}.
   */
  async extract(mounts: Mounted, archive: Uint8Array, signal: AbortSignal): Promise<void> {
    await using container = await this.#create(["pause"], hostConfigOf(mounts), signal);
    await this.#extract(container.id, archive, signal);
  }

  #extract(id: string, archive: Uint8Array, signal: AbortSignal): Promise<unknown> {
    return this.#call({ method: "PUT", path: `/containers/${id}/archive`, query: { path: "/" }, archive, signal });
  }

  /** Name of the volume that has the program, for containers to mount read-only at {@link toolboxFolder}. */
  async volume(signal: AbortSignal): Promise<string> {
    const made = this.#volume;
    // Where somebody pruned the volumes, the Engine would make one of that name, with nothing in it.
    if (
      made !== undefined &&
      !(await this.#hasVolume(await unlessAborted(made, signal), signal)) &&
      this.#volume === made
    )
      this.#volume = undefined;
    this.#volume ??= this.#makeVolume(AbortSignal.timeout(callTimeoutMs)).catch((error: unknown) => {
      this.#volume = undefined;
      throw error;
    });
    return unlessAborted(this.#volume, signal);
  }

  #hasVolume(name: string, signal: AbortSignal): Promise<boolean> {
    const look = this.#call({ method: "GET", path: `/volumes/${name}`, signal }).then(() => true);
    return unlessStatus(404, look, false);
  }

  async #makeVolume(signal: AbortSignal): Promise<string> {
    const image = await this.image(signal);
    const name = `stowage-${image.replace(/^.*:/, "toolbox-")}`;
    await this.#call({ method: "POST", path: "/volumes/create", body: { Name: name, Labels: this.#labels() }, signal });
    // The Engine fills an empty volume with what the image has at the place where it is mounted.
    await using _filled = await this.#create(["pause"], hostConfigOf([`${name}:${toolboxFolder}`]), signal);
    return name;
  }

  /** The image's name: another one for another program. Imports it where it is missing. */
  async image(signal: AbortSignal): Promise<string> {
    // Shared by all callers, so no single caller's signal may end it.
    this.#image ??= this.#import(AbortSignal.timeout(callTimeoutMs)).catch((error: unknown) => {
      this.#image = undefined;
      throw error;
    });
    return unlessAborted(this.#image, signal);
  }

  async #import(signal: AbortSignal): Promise<string> {
    await this.sweep(signal);
    const program = await programFor((await this.#connection.engine(signal)).architecture, this.#connection.endpoint);
    const [repo, tag] = [toolboxImage, createHash("sha256").update(program).digest("hex").slice(0, 12)];
    const name = `${repo}:${tag}`;
    try {
      await this.#call({ method: "GET", path: `/images/${name}/json`, signal });
      return name;
    } catch (error) {
      if (!(error instanceof EngineRefusal) || error.status !== 404) throw error;
    }
    const call: Call = {
      method: "POST",
      path: "/images/create",
      query: { fromSrc: "-", repo, tag, changes: `ENTRYPOINT ["${toolboxPath}"]` },
      archive: await imageArchive(program),
      signal,
    };
    await text(await this.#connection.stream(call));
    return name;
  }

  /** Removes what runs that were cut short left behind, some time after. */
  async sweep(signal: AbortSignal): Promise<void> {
    const filters = { label: [`${toolboxLabel}=${this.#instance}`] };
    const call: Call = { method: "GET", path: "/containers/json", query: { all: true, filters }, signal };
    const { SystemTime } = await this.#connection.read(
      { method: "GET", path: "/info", signal },
      z.object({ SystemTime: z.string() }),
    );
    const found = await this.#connection.read(call, Leftovers);
    for (const { Id, Created: seconds } of found)
      if (Date.parse(SystemTime) / 1000 - seconds > leftoverAgeSeconds) await this.#remove(Id, signal);
  }

  async #create(
    words: readonly string[],
    hostConfig: object,
    signal: AbortSignal,
  ): Promise<AsyncDisposable & { readonly id: string }> {
    try {
      return await this.#createFrom(await this.image(signal), words, hostConfig, signal);
    } catch (error) {
      if (!(error instanceof EngineRefusal) || error.status !== 404) throw error;
      // Somebody pruned the images.
      this.#image = undefined;
      return this.#createFrom(await this.image(signal), words, hostConfig, signal);
    }
  }

  async #createFrom(
    image: string,
    words: readonly string[],
    hostConfig: object,
    signal: AbortSignal,
  ): Promise<AsyncDisposable & { readonly id: string }> {
    const body = {
      Image: image,
      Cmd: words,
      Labels: this.#labels(),
      NetworkDisabled: true,
      HostConfig: { ...hostConfig, NetworkMode: "none", LogConfig: { Type: "json-file" } },
    };
    const call: Call = { method: "POST", path: "/containers/create", body, signal, timeoutMs: callTimeoutMs };
    const { Id: id } = await this.#connection.read(call, Created);
    return { id, [Symbol.asyncDispose]: () => this.#remove(id, AbortSignal.timeout(callTimeoutMs)) };
  }

  async #remove(id: string, signal: AbortSignal): Promise<void> {
    const gone = (error: unknown): void => {
      if (!(error instanceof EngineRefusal) || error.status !== 404) throw error;
    };
    await this.#call({ method: "DELETE", path: `/containers/${id}`, query: { force: true, v: true }, signal }).catch(
      gone,
    );
  }

  #call(call: Call): Promise<unknown> {
    return this.#connection.call({ timeoutMs: callTimeoutMs, ...call });
  }

  #labels(): Readonly<Record<string, string>> {
    return { [toolboxLabel]: this.#instance };
  }
}

async function programFor(architecture: string, endpoint: string): Promise<Buffer> {
  try {
    return await readFile(new URL(`toolbox-${architecture}`, import.meta.url));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UnsupportedHostError(
      `Cannot do this on the Docker Engine at ${endpoint}: Stowage has its toolbox for amd64 and arm64, and this is ${architecture} (build drivers/docker/toolbox/toolbox.c for it)`,
    );
  }
}

async function imageArchive(program: Buffer): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: toolboxPath.slice(1), mode: 0o555 }, program);
  archive.finalize();
  return buffer(archive);
}
