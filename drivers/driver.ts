/**
 * How a Host is driven, whatever it is made of. A driver translates and obeys; it decides nothing: what to do is the
 * plan's business (controllers/container/plan.ts). test/contracts/driver.contract.ts says the same in code.
 */
import type { Duplex } from "node:stream";
import type { Container, ContainerSpec } from "../crds/container.ts";
import type { Inputs } from "./inputs.ts";
import type { RegistryCredentials } from "./keyring.ts";

/** The Container that something on a host belongs to. */
export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

/** A container that exists on the host and carries our instance's label. */
export interface Observed {
  readonly owner: Owner;
  /** Name of the init container that it is; absent for the container itself. */
  readonly initContainer?: string;
  /** metadata.uid of the Container that it was created for: another one after a store was lost. */
  readonly uid: string;
  /** The host's own id of it, without scheme. */
  readonly id: string;
  /** Its name on the host. */
  readonly hostSideName: string;
  readonly state: "created" | "running" | "paused" | "restarting" | "exited" | "removing" | "dead";
  /** Digest per field of the spec that it was created from (spec-hash.ts). */
  readonly specHash: Readonly<Record<string, string>>;
  /** Digest per ConfigMap and Secret that it was created from, by `Secret NAME`. */
  readonly config: Readonly<Record<string, string>>;
  /** The volumes that were made for it, by their names on the host. */
  readonly volumes: readonly string[];
  /** The fields that the host can change in place, as they are now: in the units of {@link InPlace}. */
  readonly inPlace: InPlace;
  readonly imageID: string;
  readonly addresses: readonly { readonly network: string; readonly ip: string; readonly mac?: string }[];
  /** RFC 3339; absent when it never started. */
  readonly startedAt?: string;
  readonly finishedAt?: string;
  /** Of the last run, once it ended. */
  readonly exitCode?: number;
  readonly oomKilled: boolean;
  /** Why the host could not start it, in its words; empty when it could. */
  readonly error: string;
  /** Whether the host can never start it again, whatever changes: another one has to take its place. */
  readonly isUnstartable?: true;
  /** How often the host restarted it by its own restart policy. */
  readonly restarts: number;
  /** What the image's own HEALTHCHECK says; absent where there is none, and while it does not run. */
  readonly health?: Health;
}

export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  /** What its last command wrote. */
  readonly output: string;
}

/** Containers that somebody else made and that carry no labels, which a Container takes for its own by their ids. */
export interface Adoption {
  /** metadata.uid of the Container. */
  readonly uid: string;
  /** The host's own ids. What is not there, or carries any control plane's label, is nobody's. */
  readonly ids: readonly string[];
  /** Only to see what would be so: nothing is taken, and {@link HostDriver.owners} goes on as before. */
  readonly looking?: true;
}

/** A container that no control plane made, and the spec that describes it. */
export interface Adoptable {
  readonly id: string;
  readonly hostSideName: string;
  readonly state: Observed["state"];
  /** On the host. */
  readonly labels: Readonly<Record<string, string>>;
  /** As a manifest has it, without what is so by default. */
  readonly spec: object;
  /** What the container has and a spec has no words for: it is gone once the container is replaced. */
  readonly lost: readonly string[];
  /** What the spec says in another way than the host. */
  readonly notes: readonly string[];
}

/** What a host can change of a container that exists. */
export interface InPlace {
  readonly restartPolicy: ContainerSpec["restartPolicy"];
  /** Cores; 0 is no limit. */
  readonly cpuLimit: number;
  /** Relative weight under contention: 1024 a core requested; 0 is the host's default. */
  readonly cpuShares: number;
  /** Bytes; 0 is no limit. */
  readonly memoryLimit: number;
  /** Bytes kept for it under pressure; 0 is none. */
  readonly memoryReservation: number;
  /** CPUs of the host that it runs on, as spec.cpuset has them; empty for all. */
  readonly cpuset: string;
  /** Processes and threads; 0 is no limit. */
  readonly pidsLimit: number;
}

export type Step =
  /** Fetch the image. `always` asks the registry even when the host has it. */
  | { readonly do: "pull"; readonly image: string; readonly always: boolean }
  /**
   * Make the volumes that go with the container, and write the files in them; find out whether the host's own paths are what
   * they should be. Before anything of the Container is created. Volumes that something uses stay.
   */
  | { readonly do: "prepare"; readonly container: Container }
  /** Replace the files of some of its volumes, each in one step for who reads them. `uid`: whose volumes they are. */
  | { readonly do: "write"; readonly id: string; readonly uid: string; readonly volumes: readonly string[] }
  /**
   * Create, and start it at once where `start` says so: nobody need look up its id in between. Already there (same
   * owner, same uid): success, and started if asked. A StepError's reason tells which of the two was refused.
   * `initContainer` names one of the Container's init containers, to make that.
   */
  | { readonly do: "create"; readonly container: Container; readonly start: boolean; readonly initContainer?: string }
  | { readonly do: "start"; readonly id: string }
  /** Ask to end with its stop signal, kill after the grace period, return when it has ended. */
  | { readonly do: "stop"; readonly id: string; readonly graceSeconds: number }
  | { readonly do: "pause"; readonly id: string }
  | { readonly do: "unpause"; readonly id: string }
  /**
   * Remove with its anonymous volumes and `volumes`, killing it if it runs; one that was adopted keeps the anonymous
   * ones, for nobody said that they may go. Gone already: success.
   */
  | { readonly do: "remove"; readonly id: string; readonly why: string; readonly volumes?: readonly string[] }
  | { readonly do: "update"; readonly id: string; readonly to: InPlace };

/** What the host is, for Host.status. */
export interface HostInfo {
  readonly engine: { readonly type: string; readonly version: string; readonly apiVersion: string };
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  readonly architecture: string;
  /** Cores. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly runtimes: readonly string[];
  readonly defaultRuntime: string;
  /** The largest first, and not all where there are many. */
  readonly images: readonly HostImage[];
}

export interface HostImage {
  /** References by tag and by digest. */
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

/** How full the file systems are that containers fill. One and the same where the host has no two. */
export interface Disks {
  /** Where volumes and logs are: kubelet calls it nodefs. */
  readonly data: FileSystem;
  /** Where images are, and what containers write into their own file systems: imagefs. */
  readonly images: FileSystem;
}

export interface FileSystem {
  /** Bytes. */
  readonly capacity: number;
  /** Bytes that programs of users may still fill. */
  readonly available: number;
  /** 0 where the file system does not count them. */
  readonly inodes: number;
  readonly inodesFree: number;
}

/** An image that takes room on the host. */
export interface StoredImage {
  readonly id: string;
  /** References by tag and by digest; none where another image has its name by now. */
  readonly names: readonly string[];
  readonly sizeBytes: number;
  /** Whether a container was made from it, anybody's, in whatever state. */
  readonly used: boolean;
}

/** What the kernel says of the machine. */
export interface Hardware {
  readonly numa: readonly { readonly id: number; readonly cpus: string }[];
  /** Devices that a container can be given, by the resource's name. */
  readonly devices: readonly {
    readonly name: string;
    readonly ids: readonly string[];
    /** What a container has to see of each. */
    readonly paths: Readonly<Record<string, readonly string[]>>;
  }[];
}

export interface LogOptions {
  /** Keep on until the container ends or the signal aborts. */
  readonly follow?: boolean;
  /** Only so many lines from the end; all when absent. */
  readonly tailLines?: number;
  /** Only what was written at or after this time, in seconds since 1970. */
  readonly sinceTime?: number;
  readonly timestamps?: boolean;
}

/** What is used of a host, measured over a second or two. */
export interface Usage {
  /** Cores. */
  readonly cpu: number;
  /** Bytes, without what the kernel would give up at once. */
  readonly memory: number;
}

/** How far a pull has come: bytes, where the host tells them. */
export interface PullProgress {
  readonly current: number;
  readonly total: number;
}

/** What a step needs that is not part of it: plans are printed. */
export interface Beside {
  /** What the Container takes from other objects. Absent: nothing, and its variables are just what the spec says. */
  readonly inputs?: Inputs | undefined;
  readonly onProgress?: (progress: PullProgress) => void;
  /** For pulls. Tried in this order; without any the registry is asked anonymously. */
  readonly credentials?: readonly RegistryCredentials[];
}

export interface HostDriver extends AsyncDisposable {
  /** Throws HostUnreachableError when the host does not answer, UnsupportedHostError when it cannot be driven. */
  info(signal: AbortSignal): Promise<HostInfo>;

  /** Whether it answers, as cheaply as can be: a heartbeat. Throws HostUnreachableError when it does not. */
  ping(signal: AbortSignal): Promise<void>;

  /**
   * What exists of one Container. More than one while it is replaced, or after somebody copied labels. With `adoption`
   * also what it has adopted: from then on that is told by {@link owners} and {@link changes}, too.
   */
  observe(owner: Owner, signal: AbortSignal, adoption?: Adoption): Promise<readonly Observed[]>;

  /** What `create` made of a Container, by the name that it gave it: one call, which shows no copies. */
  made(container: Container, signal: AbortSignal): Promise<Observed | undefined>;

  /** What could be adopted: containers that no control plane made. */
  adoptable(signal: AbortSignal): Promise<readonly Adoptable[]>;

  /** Who has containers here, once per container: what a relist compares with the objects that should be here. */
  owners(signal: AbortSignal): Promise<readonly OwnedContainer[]>;

  /** Whether the host has the image, under exactly this reference. */
  hasImage(image: string, signal: AbortSignal): Promise<boolean>;

  /**
   * Idempotent: "already so" and "already gone" are success. Throws HostUnreachableError when the host stops
   * answering (the step may or may not have happened) and StepError when the host refuses.
   */
  perform(step: Step, signal: AbortSignal, beside?: Beside): Promise<void>;

  /**
   * The digest that the registry has for the image now, without pulling it; the host asks. Throws HostUnreachableError
   * and StepError.
   */
  registryDigest(image: string, signal: AbortSignal, credentials: readonly RegistryCredentials[]): Promise<string>;

  /** The digests that the repository of `image` is known to have for what {@link Observed.imageID} names; none where it is gone. */
  repositoryDigests(image: string, imageID: string, signal: AbortSignal): Promise<readonly string[]>;

  /**
   * Digest (drivers/inputs.ts) of the files that a container is shown, by the name of the volume; `shown`: where it
   * mounts them. A volume that has none is left out.
   */
  files(id: string, shown: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;

  /** Volumes that were made for containers of ours, also where those are gone. */
  volumes(signal: AbortSignal): Promise<readonly OwnedVolume[]>;

  /** Removes volumes of {@link volumes} that nothing uses. Gone already is success. */
  removeVolumes(names: readonly string[], signal: AbortSignal): Promise<void>;

  /** Bytes in volumes, by their names on the host. It counts every file: ask rarely. */
  volumeUsage(signal: AbortSignal): Promise<ReadonlyMap<string, number>>;

  /** How full the disk is. It costs the host a container: ask rarely, and so for {@link hardware}. Throws as {@link info}. */
  disks(signal: AbortSignal): Promise<Disks>;

  hardware(signal: AbortSignal): Promise<Hardware>;

  /** Every image but our own program's. */
  images(signal: AbortSignal): Promise<readonly StoredImage[]>;

  /** Removes what nothing uses, and tells whether it is gone: false where something uses it after all. */
  removeImage(image: StoredImage, signal: AbortSignal): Promise<boolean>;

  /**
   * The image as `docker save` writes it, a tar archive in chunks, which is whole where it comes to its end. Throws
   * StepError where the host does not have it or fails, HostUnreachableError, and what `signal` aborts with.
   */
  saveImage(image: string, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /**
   * Yields an owner when something happened to a container of ours; only a wake-up, never the truth. Yields undefined
   * once when it begins to listen: whatever happened before may have been missed. Ends when `signal` aborts, throws
   * HostUnreachableError when the connection is lost.
   */
  changes(signal: AbortSignal): AsyncIterable<Owner | undefined>;

  /** What the container wrote to standard output and error, in chunks. Throws StepError when there is none. */
  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /**
   * Runs a command in a container that runs, without a shell and without input, and waits for its end. Throws StepError
   * where it cannot be run.
   */
  exec(id: string, command: readonly string[], limits: ExecLimits, signal: AbortSignal): Promise<Executed>;

  /**
   * Opens a TCP port inside the network of a container that runs and was made from a spec that connects inside (crds/
   * probes.ts). Throws ConnectError where nothing takes the connection within `timeoutMs`, StepError where it cannot be tried.
   * Who is done destroys the stream.
   */
  connect(id: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Duplex>;

  /** What one container uses; undefined when it does not run. Takes a second or two. Throws StepError when there is none. */
  stats(id: string, signal: AbortSignal): Promise<Usage | undefined>;

  /** What all containers on the host use together, ours and others'. Takes a few seconds. */
  usage(signal: AbortSignal): Promise<Usage>;

  /** What {@link InPlace} the host would show for a spec. */
  inPlace(spec: ContainerSpec): InPlace;
}

export interface OwnedContainer {
  readonly owner: Owner;
  readonly uid: string;
  /** Name of the Host that it was created on: another one where two Hosts are one Engine, or a Host got a new name. */
  readonly hostName: string;
  readonly id: string;
  readonly hostSideName: string;
  readonly state: Observed["state"];
  readonly initContainer?: string;
}

export interface ExecLimits {
  /** How long to wait. Then the command is left to itself until {@link Executed.kill}. */
  readonly timeoutMs: number;
  /** Bytes of output to keep; what comes after is dropped. */
  readonly maxOutput: number;
}

export interface Executed {
  /** Undefined where it has not ended within the time. */
  readonly exitCode: number | undefined;
  /** Standard output and error, in the order they came. */
  readonly output: string;
  /**
   * Kills a command that has not ended within its time, and what it began, and waits until it is gone: ended already is
   * success. Throws StepError where it still runs, HostUnreachableError and RefusedCredentialsError where nobody can tell.
   */
  readonly kill?: (signal: AbortSignal) => Promise<void>;
}

/** Nothing inside the container takes the connection. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
}

/** A volume on the host that was made for a container. */
export interface OwnedVolume {
  readonly owner: Owner;
  readonly uid: string;
  /** Name of the Host that it was made on. */
  readonly hostName: string;
  /** Its name on the host. */
  readonly name: string;
}

/** The host does not answer, or stopped answering. Trying again later may help. */
export class HostUnreachableError extends Error {
  override readonly name = "HostUnreachableError";
}

/** The host answers but cannot be driven (too old an API, wrong certificate). Trying again does not help by itself. */
export class UnsupportedHostError extends Error {
  override readonly name: string = "UnsupportedHostError";
}

/** The host does not let us in with what the Host names, or nobody vouches for it being the one that is meant. */
export class RefusedCredentialsError extends UnsupportedHostError {
  override readonly name = "RefusedCredentialsError";
}

/** Why a host refused a step; becomes a condition's reason and an Event's. */
export type StepErrorReason =
  | "ErrImagePull"
  | "ErrImageNeverPull"
  | "InvalidImageName"
  | "CreateContainerConfigError"
  | "CreateContainerError"
  | "StartError"
  | "HostPortConflict"
  | "UnknownRuntime"
  | "UpdateError"
  | "StopError"
  | "PauseError"
  | "RemoveError"
  | "SaveError"
  | "NoSuchContainer"
  | "LogError"
  | "ExecError"
  | "StatsError";

export class StepError extends Error {
  override readonly name = "StepError";
  readonly reason: StepErrorReason;
  constructor(reason: StepErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
