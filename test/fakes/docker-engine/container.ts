import { randomBytes } from "node:crypto";
import { idOf } from "./images.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { CreateBody, UpdateBody } from "../../../drivers/docker/translate.ts";
import { Refusal } from "./refusal.ts";
import { isToolbox } from "./toolbox.ts";

export type CreateRequest = CreateBody;
export type UpdateRequest = UpdateBody;

type Status = "created" | "running" | "paused" | "restarting" | "exited" | "removing";

/** Go's zero time. */
const never = "0001-01-01T00:00:00Z";
/** The first wait before a restart; it doubles. Source: moby restartmanager/restartmanager.go. */
const firstRestartMs = 100;
let made = 0;

/** One container: no process runs, but it starts, ends and restarts as if one did. */
export class FakeContainer {
  readonly id = randomBytes(32).toString("hex");
  readonly name: string;
  readonly request: CreateRequest;
  /** Whether a removal is under way. */
  removing = false;
  readonly #tell: (action: string) => void;
  readonly #created = new Date().toISOString();
  readonly #address = ++made;
  readonly #enders = new Set<() => void>();
  readonly #config: UpdateBody;
  #status: Status = "created";
  #startedAt = never;
  #finishedAt = never;
  #exitCode = 0;
  #error = "";
  #restarts = 0;
  /** Stopped by hand: its restart policy does not revive it. */
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, request: CreateRequest, tell: (action: string) => void) {
    this.name = name;
    this.request = request;
    this.#tell = tell;
    this.#config = { ...request.HostConfig };
  }

  /** Running, paused, or about to be restarted: the Engine has nothing to do when asked to start it. */
  get running(): boolean {
    return this.#status === "running" || this.#status === "restarting";
  }

  get live(): boolean {
    return this.running || this.#status === "paused";
  }

  /** `address:port` as asked for. */
  get hostPorts(): readonly string[] {
    // The toolbox's say nothing of ports.
    const { PortBindings } = this.request.HostConfig as Partial<CreateRequest["HostConfig"]>;
    return Object.values(PortBindings ?? {}).flatMap((bindings) =>
      bindings.map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}`),
    );
  }

  get startedAt(): string {
    return this.#startedAt;
  }

  /** What it was told to do. */
  get command(): readonly string[] {
    return this.#command();
  }

  /** Whether it has every label of `wanted`, each `key=value`. */
  carries(wanted: readonly string[]): boolean {
    return wanted.every((label) => {
      const equals = label.indexOf("=");
      return this.request.Labels[label.slice(0, equals)] === label.slice(equals + 1);
    });
  }

  start(portTaken: (port: string) => boolean): void {
    if (this.#status === "paused") throw new Refusal(409, "cannot start a paused container, try unpause instead");
    const refusal = this.#refusal(portTaken);
    if (refusal !== undefined) {
      this.#error = refusal.message;
      this.#exitCode = 127;
      throw refusal;
    }
    this.#stopped = false;
    this.#restarts = 0;
    this.#begin();
  }

  #refusal(portTaken: (port: string) => boolean): Refusal | undefined {
    const [command] = this.#command();
    if (this.request.Image === "fault:start") return new Refusal(500, "the fake Engine was told to fail");
    if (command !== undefined && !["sh", "sleep"].includes(command) && !isToolbox(this.request.Image)) {
      return new Refusal(400, `exec: "${command}": executable file not found in $PATH: unknown`);
    }
    const taken = this.hostPorts.find(portTaken);
    if (taken === undefined) return undefined;
    return new Refusal(500, `Bind for ${taken} failed: port is already allocated`);
  }

  #command(): readonly string[] {
    return [...(this.request.Entrypoint ?? []), ...(this.request.Cmd ?? [])];
  }

  #begin(): void {
    this.#status = "running";
    this.#error = "";
    this.#startedAt = new Date().toISOString();
    this.#tell("start");
    const [command, flag, script = ""] = this.#command();
    if (isToolbox(this.request.Image)) this.#end(0);
    if (command !== "sh" || flag !== "-c") return;
    // The one kind of script that it knows: `sleep 0.1; exit 3`.
    const [, seconds = "0", code] = /^(?:sleep ([\d.]+); )?exit (\d+)$/.exec(script) ?? [];
    if (code === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#end(Number(code));
      },
      Number(seconds) * 1000,
    );
  }

  #end(exitCode: number): void {
    clearTimeout(this.#timer);
    this.#exitCode = exitCode;
    this.#finishedAt = new Date().toISOString();
    const again = !this.#stopped && !this.removing && this.#restartsAfter(exitCode);
    this.#status = again ? "restarting" : "exited";
    if (again) {
      this.#timer = setTimeout(
        () => {
          this.#restarts++;
          this.#begin();
        },
        firstRestartMs * 2 ** Math.min(this.#restarts, 9),
      );
    } else for (const ender of this.#enders) ender();
    this.#tell("die");
  }

  #restartsAfter(exitCode: number): boolean {
    const policy = this.#config.RestartPolicy?.Name ?? "no";
    return policy === "unless-stopped" || policy === "always" || (policy === "on-failure" && exitCode !== 0);
  }

  /** Resolves when it has ended for good. */
  ended(): Promise<void> {
    if (!this.live) return Promise.resolve();
    return new Promise((resolve) => {
      this.#enders.add(resolve);
    });
  }

  /** Its first process ignores the signal, and is killed after the grace period. */
  async stop(graceSeconds: number, signal: AbortSignal): Promise<void> {
    if (!this.live) return;
    this.#stopped = true;
    if (this.#status !== "restarting") await delay(graceSeconds * 1000, undefined, { signal });
    this.kill();
  }

  kill(): void {
    if (!this.live) return;
    this.#stopped = true;
    this.#end(137);
  }

  pause(): void {
    if (this.#status === "paused") throw new Refusal(409, `Container ${this.id} is already paused`);
    if (this.#status !== "running") throw new Refusal(409, `Container ${this.id} is not running`);
    this.#status = "paused";
    this.#tell("pause");
  }

  unpause(): void {
    if (this.#status !== "paused") throw new Refusal(500, `Container ${this.id} is not paused`);
    this.#status = "running";
    this.#tell("unpause");
  }

  update(to: UpdateRequest): void {
    Object.assign(this.#config, to);
    this.#tell("update");
  }

  /** The Engine goes away in an orderly way. */
  shutDown(): void {
    const { live } = this;
    const stopped = this.#stopped;
    this.kill();
    clearTimeout(this.#timer);
    // It is the Engine that stopped it.
    if (live) this.#stopped = stopped;
  }

  /** The Engine is back. */
  boot(): void {
    if (this.#startedAt !== never && !this.#stopped && this.#restartsAfter(this.#exitCode)) this.#begin();
  }

  /** GET /containers/ID/json. */
  inspect(): object {
    const { request } = this;
    return {
      Id: this.id,
      Created: this.#created,
      Path: this.#command()[0] ?? "",
      Args: this.#command().slice(1),
      State: {
        Status: this.removing ? "removing" : this.#status,
        Running: this.running,
        Paused: this.#status === "paused",
        Restarting: this.#status === "restarting",
        OOMKilled: false,
        Dead: false,
        Pid: this.live ? 4242 : 0,
        ExitCode: this.live ? 0 : this.#exitCode,
        Error: this.#error,
        StartedAt: this.#startedAt,
        FinishedAt: this.#finishedAt,
      },
      Image: idOf(this.request.Image),
      Name: `/${this.name}`,
      RestartCount: this.#restarts,
      Driver: "overlay2",
      Platform: "linux",
      HostConfig: { ...hostDefaults, ...request.HostConfig, ...this.#config },
      Mounts: [],
      Config: { ...request, HostConfig: undefined, AttachStdin: false, AttachStdout: false, AttachStderr: false },
      NetworkSettings: {
        Bridge: "",
        SandboxID: this.id,
        Ports: {},
        Networks: { bridge: this.#endpoint() },
      },
    };
  }

  #endpoint(): object {
    const [high, low] = [Math.floor(this.#address / 250) % 256, (this.#address % 250) + 2];
    return {
      NetworkID: "f".repeat(64),
      EndpointID: this.live ? this.id : "",
      Gateway: this.live ? "172.17.0.1" : "",
      IPAddress: this.live ? `172.17.${high}.${low}` : "",
      IPPrefixLen: 16,
      GlobalIPv6Address: "",
      MacAddress: this.live ? `02:42:ac:11:${hex(high)}:${hex(low)}` : "",
    };
  }

  /** Of GET /containers/json. */
  summary(): object {
    return {
      Id: this.id,
      Names: [`/${this.name}`],
      Image: this.request.Image,
      ImageID: idOf(this.request.Image),
      Command: this.#command().join(" "),
      Created: Math.floor(Date.parse(this.#created) / 1000),
      Ports: [],
      Labels: this.request.Labels,
      State: this.removing ? "removing" : this.#status,
      Status: this.running ? "Up 5 minutes" : "",
      HostConfig: { NetworkMode: "default" },
      NetworkSettings: { Networks: { bridge: this.#endpoint() } },
      Mounts: [],
    };
  }
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

/** What an Engine shows of a HostConfig of which little was asked. */
const hostDefaults = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "json-file", Config: {} },
  NetworkMode: "default",
  PortBindings: {},
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "host",
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 67_108_864,
  Runtime: "runc",
  ConsoleSize: [0, 0],
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: [],
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: null,
  MaskedPaths: ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list"],
  ReadonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
};
