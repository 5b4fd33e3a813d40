/** Drives a Docker Engine through its HTTP API. */
import type { Duplex } from "node:stream";
import PQueue from "p-queue";
import { z } from "zod";
import type { Container, ContainerSpec } from "../../crds/container.ts";
import type {
  Adoptable,
  Adoption,
  Beside,
  Disks,
  Executed,
  ExecLimits,
  Hardware,
  HostDriver,
  HostInfo,
  InPlace,
  LogOptions,
  Observed,
  OwnedContainer,
  OwnedVolume,
  Owner,
  Step,
  StoredImage,
  Usage,
} from "../driver.ts";
import { StepError } from "../driver.ts";
import { fullReference, repositoryOf, splitReference } from "../image-reference.ts";
import type { Inputs } from "../inputs.ts";
import type { RegistryCredentials } from "../keyring.ts";
import { labels } from "../labels.ts";
import { archiveOf, copies } from "./archives.ts";
import { Adopters } from "./adopters.ts";
import type { Answer, Call, Credentials } from "./connection.ts";
import { Connection } from "./connection.ts";
import { EngineRefusal, refused, unlessStatus } from "./errors.ts";
import type { RefusedStep } from "./errors.ts";
import { changes } from "./events.ts";
import { connect, exec } from "./exec.ts";
import { disks, hardware } from "./host-facts.ts";
import { removeImage, savedImage, storedImages } from "./image-store.ts";
import { logs } from "./logs.ts";
import { refuseSubPaths } from "./mounts.ts";
import { ContainerList, hostImages, ImageList, Inspect, observed, ownedContainers } from "./observe.ts";
import { needsImageUser } from "./isolation.ts";
import { Puller } from "./pull.ts";
import { Toolbox } from "./toolbox/toolbox.ts";
import { Stats, usageOf } from "./stats.ts";
import { createBody, hostSideName, inPlace, inPlaceOf, needsToolbox, specOf, updateBody } from "./translate.ts";
import { VolumeKeeper } from "./volume-keeper.ts";

export interface DockerDriverOptions extends Credentials {
  readonly hostName: string;
  /** Which control plane owns what is created; see drivers/labels.ts. */
  readonly instance: string;
  /** unix:///path, tcp://host:port or ssh://user@host:port. */
  readonly endpoint: string;
  /** How many calls make the Engine work at once; by its processors when absent. */
  readonly concurrency?: number;
}

/**
 * Two calls for each processor, within bounds. Creating and starting busybox containers on a 2-core Engine 20.10: 5.2 a
 * second one at a time, 7.1 two, 9.0 four, 9.4 eight, 9.0 sixteen, 7.6 thirty-two at a time. Where three Engines share two
 * cores, 120 containers took 86 s with two for each, 78 with three, 80 with four, 112 with eight.
 */
function callsAtOnce(processors: number): number {
  return Math.min(16, Math.max(fewestAtOnce, 2 * processors));
}

const fewestAtOnce = 4;

/** An Engine that takes longer for anything but a pull is as good as gone. */
const callTimeoutMs = 120_000;

/** How many containers are measured at the same time for the sum of all. */
const measuredAtOnce = 64;

/** How long an image that was there counts as there, and how many are remembered. */
const presentMs = 10_000;
const mostPresent = 1000;

/** Looking goes before doing, which takes a hundred times longer. */
const looking = 1;
const doing = 0;

/** GET /images/NAME/json, the fields that we use. */
const Image = z.object({
  Config: z.object({ User: z.string().nullish() }).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
});
type Image = z.infer<typeof Image>;

/** GET /distribution/NAME/json. */
const Distribution = z.object({ Descriptor: z.object({ digest: z.string() }) });

const Created = z.object({ Id: z.string() });

const Info = z.object({
  ServerVersion: z.string(),
  OperatingSystem: z.string(),
  KernelVersion: z.string(),
  NCPU: z.number(),
  MemTotal: z.number(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  DefaultRuntime: z.string(),
});

/** {@link HostDriver} of a Docker Engine. Connects at the first call, and again after each loss. */
export class DockerDriver implements HostDriver {
  readonly #hostName: string;
  readonly #instance: string;
  readonly #connection: Connection;
  readonly #puller: Puller;
  readonly #toolbox: Toolbox;
  readonly #volumes: VolumeKeeper;
  readonly #adopters: Adopters;
  /** Images that were there, by their full reference, and until when that counts, of the monotonic clock. */
  readonly #presentUntil = new Map<string, number>();
  /** Every call that makes the Engine work takes a slot; what only waits for the Engine takes none. */
  readonly #slots: PQueue;
  readonly #concurrency: number | undefined;

  private constructor(options: DockerDriverOptions) {
    this.#hostName = options.hostName;
    this.#instance = options.instance;
    this.#connection = new Connection(options.endpoint, options);
    this.#puller = new Puller(this.#connection);
    this.#toolbox = new Toolbox(this.#connection, options.instance);
    this.#volumes = new VolumeKeeper({ ...options, connection: this.#connection, toolbox: this.#toolbox });
    this.#adopters = new Adopters(this.#connection, options.hostName);
    this.#concurrency = options.concurrency;
    this.#slots = new PQueue({ concurrency: options.concurrency ?? fewestAtOnce });
  }

  /** Does not connect yet, and so never fails. */
  static open(options: DockerDriverOptions): HostDriver {
    return new DockerDriver(options);
  }

  /** Takes no slot: whether a host is well must not wait for what it has to do. */
  async info(signal: AbortSignal): Promise<HostInfo> {
    const [info, images] = await Promise.all([
      this.#connection.read({ method: "GET", path: "/info", signal }, Info),
      this.#connection.read({ method: "GET", path: "/images/json", signal }, ImageList),
    ]);
    const { apiVersion, architecture } = await this.#connection.engine(signal);
    this.#slots.concurrency = this.#concurrency ?? callsAtOnce(info.NCPU);
    return {
      engine: { type: "docker", version: info.ServerVersion, apiVersion },
      operatingSystem: info.OperatingSystem,
      kernelVersion: info.KernelVersion,
      architecture,
      cpu: info.NCPU,
      memory: info.MemTotal,
      runtimes: Object.keys(info.Runtimes ?? {}).sort(),
      defaultRuntime: info.DefaultRuntime,
      images: hostImages(images),
    };
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#connection.ping(signal);
  }

  async observe(owner: Owner, signal: AbortSignal, adoption?: Adoption): Promise<readonly Observed[]> {
    const wanted = [`${labels.namespace}=${owner.namespace}`, `${labels.name}=${owner.name}`];
    const found = await this.#slots.add(() => this.#list(wanted, signal), { signal, priority: looking });
    const all = await Promise.all(found.map(({ id }) => this.#inspect(id, signal)));
    const made = all.flatMap((inspect) => (inspect === undefined ? [] : (observed(inspect, this.#instance) ?? [])));
    const adopted = await this.#adopters.observe(owner, adoption, found, signal);
    return [...made, ...adopted];
  }

  async made(container: Container, signal: AbortSignal): Promise<Observed | undefined> {
    const inspect = await this.#inspect(hostSideName(container), signal);
    const found = inspect && observed(inspect, this.#instance);
    return found?.uid === container.metadata.uid ? found : undefined;
  }

  adoptable(signal: AbortSignal): Promise<readonly Adoptable[]> {
    return this.#adopters.adoptable(signal);
  }

  /** Takes no slot, as {@link info}: a probe asks for it, too. */
  async owners(signal: AbortSignal): Promise<readonly OwnedContainer[]> {
    const [made, adopted] = await Promise.all([this.#list([], signal), this.#adopters.list(signal)]);
    return [...made, ...adopted];
  }

  /**
   * As of some seconds ago, where it had the image then: many containers are made of the same one. Where that went
   * meanwhile, whoever makes a container of it is told, and it is looked for anew.
   */
  async hasImage(image: string, signal: AbortSignal): Promise<boolean> {
    const reference = fullReference(image);
    if (performance.now() < (this.#presentUntil.get(reference) ?? 0)) return true;
    const look = (): Promise<Image | undefined> => this.#image(reference, signal);
    if ((await this.#slots.add(look, { signal, priority: looking })) === undefined) return false;
    if (this.#presentUntil.size === mostPresent) this.#presentUntil.clear();
    this.#presentUntil.set(reference, performance.now() + presentMs);
    return true;
  }

  /** Takes no slot, as a pull: the registry may take its time. */
  async registryDigest(
    image: string,
    signal: AbortSignal,
    credentials: readonly RegistryCredentials[],
  ): Promise<string> {
    let refusal: unknown;
    for (const one of credentials.length === 0 ? [undefined] : credentials) {
      const path = `/distribution/${fullReference(image)}/json`;
      const call: Call = { method: "GET", path, signal, timeoutMs: callTimeoutMs, ...(one && { credentials: one }) };
      try {
        return (await this.#connection.read(call, Distribution)).Descriptor.digest;
      } catch (error) {
        if (!(error instanceof EngineRefusal)) throw error;
        refusal ??= refused("ErrImagePull", `image "${image}"`, error);
      }
    }
    throw refusal;
  }

  async repositoryDigests(image: string, imageID: string, signal: AbortSignal): Promise<readonly string[]> {
    const look = (): Promise<Image | undefined> => this.#image(imageID, signal);
    const found = await this.#slots.add(look, { signal, priority: looking });
    const repository = repositoryOf(image);
    return (found?.RepoDigests ?? [])
      .filter((reference) => repositoryOf(reference) === repository)
      .flatMap((reference) => splitReference(reference).digest ?? []);
  }

  async perform(step: Step, signal: AbortSignal, { inputs, onProgress, credentials = [] }: Beside = {}): Promise<void> {
    switch (step.do) {
      case "pull":
        // Takes no slot: it may last for many minutes, and the Engine itself bounds its downloads.
        if (step.always || !(await this.hasImage(step.image, signal)))
          await this.#puller.pull(step.image, credentials, signal, onProgress);
        return;
      case "prepare":
        await this.#slots.add(() => this.#prepare(step.container, inputs, signal), { signal, priority: doing });
        return;
      case "write":
        await this.#slots.add(() => this.#write(step, inputs, signal), { signal, priority: doing });
        return;
      case "create":
        await this.#create(step, inputs, signal);
        return;
      case "start":
        await this.#slots.add(() => this.#start(step.id, signal), { signal, priority: doing });
        return;
      case "stop":
        await this.#stop(step.id, step.graceSeconds, signal);
        return;
      case "pause":
        await this.#freeze(step.id, "pause", "paused", signal);
        return;
      case "unpause":
        await this.#freeze(step.id, "unpause", "running", signal);
        return;
      case "remove":
        await this.#remove(step.id, signal);
        if (step.volumes !== undefined) await this.#volumes.remove(step.volumes, signal);
        return;
      case "update":
        await this.#slots.add(() => this.#update(step.id, step.to, signal), { signal, priority: doing });
        return;
    }
  }

  async files(
    id: string,
    shown: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    const found = await Promise.all(
      [...shown].map(async ([name, mountPath]) => {
        const look = (): Promise<string | undefined> => this.#volumes.digestAt(id, mountPath, signal);
        return [name, await this.#slots.add(look, { signal, priority: looking })] as const;
      }),
    );
    return Object.fromEntries(found.flatMap(([name, digest]) => (digest === undefined ? [] : [[name, digest]])));
  }

  async volumes(signal: AbortSignal): Promise<readonly OwnedVolume[]> {
    return this.#volumes.list(signal);
  }

  async removeVolumes(names: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#volumes.sweep(names, signal);
  }

  async volumeUsage(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return this.#volumes.usage(signal);
  }

  disks(signal: AbortSignal): Promise<Disks> {
    return this.#slots.add(() => disks(this.#connection, this.#toolbox, signal), { signal, priority: looking });
  }

  hardware(signal: AbortSignal): Promise<Hardware> {
    return this.#slots.add(() => hardware(this.#toolbox, signal), { signal, priority: looking });
  }

  images(signal: AbortSignal): Promise<readonly StoredImage[]> {
    return storedImages(this.#connection, signal);
  }

  async removeImage(image: StoredImage, signal: AbortSignal): Promise<boolean> {
    this.#presentUntil.clear();
    try {
      return await this.#slots.add(() => removeImage(this.#connection, image, signal), { signal, priority: doing });
    } finally {
      // Who looked meanwhile may have found it.
      this.#presentUntil.clear();
    }
  }

  /** Takes no slot, as a pull: it may last for many minutes. */
  saveImage(image: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return savedImage(this.#connection, image, signal);
  }

  changes(signal: AbortSignal): AsyncIterable<Owner | undefined> {
    return changes(this.#connection, this.#instance, (id) => this.#adopters.adopterOf(id), signal);
  }

  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return logs(this.#connection, id, options, signal);
  }

  /** Takes no slot, and neither does {@link connect}: they wait for what is inside, and who asks bounds how many. */
  exec(id: string, command: readonly string[], limits: ExecLimits, signal: AbortSignal): Promise<Executed> {
    return exec(this.#connection, this.#toolbox, id, command, limits, signal);
  }

  connect(id: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Duplex> {
    return connect(this.#connection, id, port, timeoutMs, signal);
  }

  /** Takes no slot: the Engine only waits between two samples that it takes for all who ask. */
  async stats(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    const call: Call = { method: "GET", path: `/containers/${id}/stats`, query: { stream: false }, signal };
    try {
      return usageOf(await this.#connection.read({ timeoutMs: callTimeoutMs, ...call }, Stats));
    } catch (error) {
      throw explained("StatsError", id, error);
    }
  }

  async usage(signal: AbortSignal): Promise<Usage> {
    const call: Call = { method: "GET", path: "/containers/json", signal };
    const running = await this.#connection.read({ timeoutMs: callTimeoutMs, ...call }, ContainerList);
    const measuring = new PQueue({ concurrency: measuredAtOnce });
    const used = await measuring.addAll(
      running.map(
        ({ Id }) =>
          () =>
            this.#statsIfThere(Id, signal),
      ),
    );
    return used.reduce<Usage>(
      (sum, one) => ({ cpu: sum.cpu + (one?.cpu ?? 0), memory: sum.memory + (one?.memory ?? 0) }),
      { cpu: 0, memory: 0 },
    );
  }

  /** It may go between a list and this. */
  async #statsIfThere(id: string, signal: AbortSignal): Promise<Usage | undefined> {
    try {
      return await this.stats(id, signal);
    } catch (error) {
      if (error instanceof StepError && error.reason === "NoSuchContainer") return undefined;
      throw error;
    }
  }

  inPlace(spec: ContainerSpec): InPlace {
    return inPlace(spec);
  }

  /** Cuts its connections: what is under way or waits for a slot fails with HostUnreachableError. Containers are not touched. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection[Symbol.dispose]();
  }

  #call(call: Call): Promise<Answer> {
    return this.#connection.call({ timeoutMs: callTimeoutMs, ...call });
  }

  #inSlot(priority: number, call: Call): Promise<Answer> {
    return this.#slots.add(() => this.#call(call), { signal: call.signal, priority });
  }

  /** Ours that carry all of `wanted`, labels as `key=value`. */
  async #list(wanted: readonly string[], signal: AbortSignal): Promise<readonly OwnedContainer[]> {
    const label = [`${labels.instance}=${this.#instance}`, ...wanted];
    const call: Call = { method: "GET", path: "/containers/json", query: { all: true, filters: { label } }, signal };
    const list = await this.#connection.read({ timeoutMs: callTimeoutMs, ...call }, ContainerList);
    return ownedContainers(list, this.#instance);
  }

  /** Undefined when there is none: it may go between a list and this. */
  async #inspect(idOrName: string, signal: AbortSignal): Promise<Inspect | undefined> {
    const read = (): Promise<Inspect> => this.#look(idOrName, signal);
    return unlessStatus(404, this.#slots.add(read, { signal, priority: looking }), undefined);
  }

  /** For those who have a slot already. */
  #look(idOrName: string, signal: AbortSignal): Promise<Inspect> {
    const path = `/containers/${idOrName}/json`;
    return this.#connection.read({ method: "GET", path, signal, timeoutMs: callTimeoutMs }, Inspect);
  }

  async #prepare(container: Container, inputs: Inputs | undefined, signal: AbortSignal): Promise<void> {
    try {
      await this.#volumes.prepare(container, inputs, signal);
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      throw refused("CreateContainerConfigError", `container "${hostSideName(container)}"`, error);
    }
  }

  async #write(
    { id, uid, volumes }: Step & { readonly do: "write" },
    inputs: Inputs | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#volumes.write(uid, volumes, inputs, signal);
    } catch (error) {
      throw explained("UpdateError", id, error);
    }
  }

  async #create(step: Create, inputs: Inputs | undefined, signal: AbortSignal): Promise<void> {
    const createAndStart = async (): Promise<void> => {
      const id = await this.#createOrFind(step, inputs, signal);
      await this.#copy(id, specOf(step.container, step.initContainer), inputs, signal);
      if (step.start) await this.#start(id, signal);
    };
    await this.#slots.add(createAndStart, { signal, priority: doing });
  }

  /** Files that are mounted by themselves go into the container's own file system, before it starts. */
  async #copy(id: string, spec: ContainerSpec, inputs: Inputs | undefined, signal: AbortSignal): Promise<void> {
    const entries = copies(spec.volumes, spec.volumeMounts, inputs);
    if (entries.length === 0) return;
    const archive = await archiveOf(entries);
    try {
      await this.#call({ method: "PUT", path: `/containers/${id}/archive`, query: { path: "/" }, archive, signal });
    } catch (error) {
      throw explained("CreateContainerError", id, error);
    }
  }

  async #createOrFind(
    { container, initContainer }: Create,
    inputs: Inputs | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const name = hostSideName(container, initContainer);
    const spec = specOf(container, initContainer);
    const making = {
      inputs,
      ...(initContainer === undefined ? {} : { initContainer }),
      ...(needsToolbox(container, initContainer) ? { toolbox: await this.#toolboxVolume(signal) } : {}),
      ...(needsImageUser(spec) ? { imageUser: userOf(await this.#image(fullReference(spec.image), signal)) } : {}),
    };
    const body = createBody(container, { instance: this.#instance, hostName: this.#hostName }, making);
    refuseSubPaths(body.HostConfig, (await this.#connection.engine(signal)).apiVersion);
    const call: Call = { method: "POST", path: "/containers/create", query: { name }, body, signal };
    try {
      return (await this.#connection.read({ timeoutMs: callTimeoutMs, ...call }, Created)).Id;
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      if (error.status === 404) this.#presentUntil.delete(fullReference(spec.image));
      const found = error.status === 409 ? await unlessStatus(404, this.#look(name, signal), undefined) : undefined;
      if (found === undefined) throw refused("CreateContainerError", `container "${name}"`, error);
      // An attempt whose answer never reached us.
      if (observed(found, this.#instance)?.uid === container.metadata.uid) return found.Id;
      throw new StepError(
        "CreateContainerError",
        `Cannot create container "${name}": host "${this.#hostName}" has another of that name, ${short(found.Id)}, which is not ours: remove or rename it`,
        { cause: error },
      );
    }
  }

  /** By reference or id; undefined when there is none. For those who have a slot already. */
  #image(name: string, signal: AbortSignal): Promise<Image | undefined> {
    const call: Call = { method: "GET", path: `/images/${name}/json`, signal, timeoutMs: callTimeoutMs };
    return unlessStatus(404, this.#connection.read(call, Image), undefined);
  }

  async #toolboxVolume(signal: AbortSignal): Promise<string> {
    try {
      return await this.#toolbox.volume(signal);
    } catch (error) {
      throw error instanceof EngineRefusal ? refused("CreateContainerError", "the toolbox's volume", error) : error;
    }
  }

  async #start(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#call({ method: "POST", path: `/containers/${id}/start`, signal });
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      // The Engine starts no paused container.
      if (error.status !== 409 || (await this.#stateOf(id, signal)) !== "paused")
        throw explained("StartError", id, error);
      await this.#call({ method: "POST", path: `/containers/${id}/unpause`, signal });
    }
  }

  /**
   * The Engine's own stop rather than a signal, a wait and SIGKILL from here: it kills after the grace period even
   * when we are gone by then, wakes paused containers, and marks them as stopped by hand so that their restart policy does not
   * revive them (moby daemon/stop.go, daemon/kill.go). It is mostly waiting, so it takes no slot.
   */
  async #stop(id: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    const timeoutMs = callTimeoutMs + graceSeconds * 1000;
    const query = { t: graceSeconds };
    const stop = this.#call({ method: "POST", path: `/containers/${id}/stop`, query, signal, timeoutMs });
    await unlessStatus(404, stop, undefined).catch((error: unknown) => {
      throw explained("StopError", id, error);
    });
  }

  /** The Engine refuses what is so already, each version in its own words and with its own status. */
  async #freeze(id: string, verb: "pause" | "unpause", wanted: Observed["state"], signal: AbortSignal): Promise<void> {
    try {
      await this.#inSlot(doing, { method: "POST", path: `/containers/${id}/${verb}`, signal });
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      if ((await this.#stateOf(id, signal)) !== wanted) throw explained("PauseError", id, error);
    }
  }

  async #remove(id: string, signal: AbortSignal): Promise<void> {
    const path = `/containers/${id}`;
    try {
      const query = { force: true, v: this.#adopters.adopterOf(id) === undefined };
      await this.#inSlot(doing, { method: "DELETE", path, query, signal });
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      if (error.status === 404) return;
      if (error.status !== 409 || !error.message.includes("already in progress"))
        throw explained("RemoveError", id, error);
      const wait: Call = { method: "POST", path: `${path}/wait`, query: { condition: "removed" }, signal };
      await unlessStatus(404, this.#call(wait), undefined);
    }
  }

  async #update(id: string, to: InPlace, signal: AbortSignal): Promise<void> {
    try {
      const body = updateBody(to, inPlaceOf((await this.#look(id, signal)).HostConfig));
      if (Object.keys(body).length > 0)
        await this.#call({ method: "POST", path: `/containers/${id}/update`, body, signal });
    } catch (error) {
      throw explained("UpdateError", id, error);
    }
  }

  /** Undefined when there is no such container. */
  async #stateOf(id: string, signal: AbortSignal): Promise<Observed["state"] | undefined> {
    return (await unlessStatus(404, this.#look(id, signal), undefined))?.State.Status;
  }
}

type Create = Step & { readonly do: "create" };

/** Empty where the image has none, or is not there: the Engine refuses to create from it then. */
const userOf = (image: Image | undefined): string => image?.Config?.User ?? "";

const short = (id: string): string => id.slice(0, 12);

function explained(step: RefusedStep, id: string, error: unknown): unknown {
  return error instanceof EngineRefusal ? refused(step, `container "${short(id)}"`, error) : error;
}
