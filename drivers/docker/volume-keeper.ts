/** The volumes that go with containers: made, filled, kept up to date, and removed, all through the Engine's API. */
import { z } from "zod";
import type { Container, ContainerSpec } from "../../crds/container.ts";
import type { Volume } from "../../crds/volumes.ts";
import type { OwnedVolume, Owner } from "../driver.ts";
import { StepError } from "../driver.ts";
import type { Inputs } from "../inputs.ts";
import { digestOf } from "../inputs.ts";
import { labels } from "../labels.ts";
import { allMounts, isOfFiles, ownVolumeName, ownVolumes, typedHostPaths } from "../own-volumes.ts";
import { archiveOf, emptyFolder, links, payload } from "./archives.ts";
import type { Connection } from "./connection.ts";
import { EngineRefusal } from "./errors.ts";
import type { VolumeOwner } from "./mounts.ts";
import { ownVolume } from "./mounts.ts";
import type { Toolbox } from "./toolbox/toolbox.ts";

const callTimeoutMs = 120_000;

/** Where the toolbox has the volumes. */
const workFolder = "volumes";

const VolumeList = z.object({
  Volumes: z.array(z.object({ Name: z.string(), Labels: z.record(z.string(), z.string()).nullish() })).nullish(),
});
const Usage = z.object({
  Volumes: z.array(z.object({ Name: z.string(), UsageData: z.object({ Size: z.number() }).nullish() })).nullish(),
});
const PathStat = z.object({ linkTarget: z.string() });

export interface VolumeKeeperOptions {
  readonly connection: Connection;
  readonly toolbox: Toolbox;
  readonly instance: string;
  readonly hostName: string;
}

/** Throws EngineRefusal where the Engine refuses something, HostUnreachableError and UnsupportedHostError as Connection does. */
export class VolumeKeeper {
  readonly #connection: Connection;
  readonly #toolbox: Toolbox;
  readonly #instance: string;
  readonly #hostName: string;

  constructor({ connection, toolbox, instance, hostName }: VolumeKeeperOptions) {
    this.#connection = connection;
    this.#toolbox = toolbox;
    this.#instance = instance;
    this.#hostName = hostName;
  }

  /** Whose volumes a Container's are. */
  ownerOf({ metadata }: Pick<Container, "metadata">): VolumeOwner {
    const { namespace = "", name, uid } = metadata;
    return { instance: this.#instance, hostName: this.#hostName, namespace, name, uid };
  }

  /**
   * Makes what a container needs before it is created: empty volumes, and files in others. What another container left
   * is thrown away; what a container uses stays, as it does between two that are made for one another.
   * Throws StepError where the host has something else at a hostPath than its type says.
   */
  async prepare(container: Container, inputs: Inputs | undefined, signal: AbortSignal): Promise<void> {
    for (const { path, type } of typedHostPaths(container.spec)) await this.#checkHostPath(path, type, signal);
    const own = ownVolumes(container.spec);
    if (own.length === 0) return;
    const owner = this.ownerOf(container);
    const fresh = await this.remove(
      own.map(({ name }) => ownVolumeName(owner.uid, name)),
      signal,
    );
    const mounts = own.map(({ name }) => ownVolume(owner, name, `/${workFolder}/${name}`));
    const filled = own.flatMap((volume) => this.#entries(container.spec, volume, inputs, fresh));
    if (fresh) await this.#toolbox.extract(mounts, await archiveOf(filled), signal);
    else await this.#publish(own.filter(isOfFiles), filled, mounts, inputs, signal);
  }

  /** Replaces the files of volumes that are in use, each volume in one step. */
  async write(uid: string, names: readonly string[], inputs: Inputs | undefined, signal: AbortSignal): Promise<void> {
    const entries = names.flatMap((name) => {
      const content = inputs?.volumes.get(name);
      return content === undefined ? [] : payload(`${workFolder}/${name}`, content);
    });
    const binds = names.map((name) => `${ownVolumeName(uid, name)}:/${workFolder}/${name}`);
    await this.#publish(
      names.map((name) => ({ name })),
      entries,
      binds,
      inputs,
      signal,
    );
  }

  /** False where some of them are in use and so stay. Gone already is success. */
  async remove(names: readonly string[], signal: AbortSignal): Promise<boolean> {
    const removed = await Promise.all(
      names.map(async (name) => {
        try {
          await this.#connection.call({ method: "DELETE", path: `/volumes/${name}`, signal, timeoutMs: callTimeoutMs });
          return true;
        } catch (error) {
          if (error instanceof EngineRefusal && error.status === 404) return true;
          if (error instanceof EngineRefusal && error.status === 409) return false;
          throw error;
        }
      }),
    );
    return removed.every((one) => one);
  }

  /** Removes volumes whose containers are gone. What still uses one may be a leftover of our own, which goes first. */
  async sweep(names: readonly string[], signal: AbortSignal): Promise<void> {
    if (await this.remove(names, signal)) return;
    await this.#toolbox.sweep(signal);
    await this.remove(names, signal);
  }

  /** Those of ours that go with a container. */
  async list(signal: AbortSignal): Promise<readonly OwnedVolume[]> {
    const filters = { label: [`${labels.instance}=${this.#instance}`, labels.uid] };
    const { Volumes } = await this.#connection.read(
      { method: "GET", path: "/volumes", query: { filters }, signal, timeoutMs: callTimeoutMs },
      VolumeList,
    );
    return (Volumes ?? []).flatMap(({ Name, Labels }) => {
      const { [labels.uid]: uid = "", [labels.host]: hostName = "", ...rest } = Labels ?? {};
      const owner: Owner = { namespace: rest[labels.namespace] ?? "", name: rest[labels.name] ?? "" };
      return [{ owner, uid, hostName, name: Name }];
    });
  }

  /** Bytes by the name of the volume. The Engine counts all of its files for this: ask rarely. */
  async usage(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const query = { type: "volume" };
    const { Volumes } = await this.#connection.read({ method: "GET", path: "/system/df", query, signal }, Usage);
    return new Map((Volumes ?? []).flatMap(({ Name, UsageData }) => (UsageData ? [[Name, UsageData.Size]] : [])));
  }

  /** Digest of what a container is shown at the root of a volume of files; undefined where nothing is, or the Engine cannot look. */
  async digestAt(id: string, mountPath: string, signal: AbortSignal): Promise<string | undefined> {
    const path = `${mountPath.replace(/\/+$/, "")}/..data`;
    try {
      const answer = await this.#connection.stream({
        method: "HEAD",
        path: `/containers/${id}/archive`,
        query: { path },
        signal,
      });
      answer.resume();
      const header = answer.headers["x-docker-container-path-stat"];
      const stat = PathStat.safeParse(JSON.parse(Buffer.from(String(header), "base64").toString()));
      return stat.success ? digestOf(stat.data.linkTarget) : undefined;
    } catch (error) {
      // It mounts what the container mounts, and may fail at that: then the files are written anew.
      if (error instanceof EngineRefusal && error.status !== 503) return undefined;
      throw error;
    }
  }

  #entries(
    spec: ContainerSpec,
    { name, emptyDir }: Volume,
    inputs: Inputs | undefined,
    fresh: boolean,
  ): ReturnType<typeof payload> {
    const at = `${workFolder}/${name}`;
    if (emptyDir !== undefined) {
      const subPaths = allMounts(spec).flatMap((m) => (m.name === name && m.subPath !== undefined ? [m.subPath] : []));
      return emptyFolder(at, subPaths);
    }
    const content = inputs?.volumes.get(name);
    if (content === undefined) return [];
    return [...payload(at, content), ...(fresh ? links(at, content) : [])];
  }

  async #publish(
    volumes: readonly { readonly name: string }[],
    entries: ReturnType<typeof payload>,
    mounts: Parameters<Toolbox["run"]>[1],
    inputs: Inputs | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const pairs = volumes.flatMap(({ name }) => {
      const folder = inputs?.volumes.get(name)?.folder;
      return folder === undefined ? [] : [`/${workFolder}/${name}`, folder];
    });
    const archive = await archiveOf(entries);
    if (pairs.length === 0) {
      await this.#toolbox.extract(mounts, archive, signal);
      return;
    }
    const { exitCode } = await this.#toolbox.run(["publish", ...pairs], mounts, signal, archive);
    if (exitCode === 0) return;
    const names = volumes.map(({ name }) => name).join(", ");
    throw new StepError(
      "UpdateError",
      `Cannot replace the files of volume ${names}: the host answers with error ${exitCode} of Linux (a full disk is 28)`,
    );
  }

  async #checkHostPath(path: string, type: HostPathType, signal: AbortSignal): Promise<void> {
    const mount = { Type: "bind", Source: path, Target: "/checked", ReadOnly: true } as const;
    const { output } = await this.#toolbox.run(["type", "/checked"], [mount], signal);
    if (output.toString().trim() === type) return;
    throw new StepError("CreateContainerConfigError", `hostPath type check failed: ${path} is not a ${words[type]}`);
  }
}

type HostPathType = ReturnType<typeof typedHostPaths>[number]["type"];

/** Source: kubernetes/pkg/volume/hostpath/host_path.go. */
const words: Readonly<Record<HostPathType, string>> = {
  Directory: "directory",
  File: "file",
  Socket: "socket file",
  CharDevice: "character device",
  BlockDevice: "block device",
};
