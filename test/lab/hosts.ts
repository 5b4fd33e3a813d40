/** A pool of Docker hosts on one machine: each a real dockerd in a network namespace of its own, on one network. */
import { hosts } from "../../crds/host.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import type { DockerdOptions } from "./docker.ts";
import { Dockerd } from "./docker.ts";
import { LabNetwork } from "./network.ts";

/** One of them, and the accidents that befall it. */
export class LabHost {
  readonly name: string;
  readonly engine: Dockerd;
  /** Where its published ports answer. */
  readonly address: string;
  /** tcp://address:port, with TLS where that was asked for. */
  readonly endpoint: string;

  constructor(name: string, engine: Dockerd) {
    if (engine.namespace === undefined || engine.tcpEndpoint === undefined)
      throw new Error(`Cannot make a host of "${engine.endpoint}": it is not on a network`);
    this.name = name;
    this.engine = engine;
    this.address = engine.namespace.address;
    this.endpoint = engine.tcpEndpoint;
  }

  /** What makes it a Host of a server, where it has no TLS: with it, a Secret would have to be named. */
  get manifest(): string {
    return JSON.stringify({
      apiVersion: apiVersionOf(hosts),
      kind: hosts.kind,
      metadata: { name: this.name, labels: { "kubernetes.io/hostname": this.name } },
      spec: { docker: { endpoint: this.endpoint } },
    });
  }

  /** Pulls its cable. What it runs goes on; the engine's unix socket still answers to tests. */
  async cut(): Promise<void> {
    await this.engine.namespace?.cut();
  }

  async mend(): Promise<void> {
    await this.engine.namespace?.mend();
  }

  /** SIGKILL to dockerd alone: containers live on. */
  async kill9(): Promise<void> {
    await this.engine.kill9();
  }

  /** Starts dockerd again in place, after {@link kill9} or while it runs. */
  async restart(): Promise<void> {
    await this.engine.restart();
  }
}

export class LabHosts implements AsyncDisposable {
  readonly all: readonly LabHost[];
  readonly #network: LabNetwork;

  private constructor(network: LabNetwork, all: readonly LabHost[]) {
    this.#network = network;
    this.all = all;
  }

  /** `count` hosts named h1, h2 and so on. */
  static async start(count: number, options: Omit<DockerdOptions, "name" | "network" | "tcp"> = {}): Promise<LabHosts> {
    await using parts = new AsyncDisposableStack();
    const network = parts.use(await LabNetwork.start());
    const names = Array.from({ length: count }, (_, i) => `h${i + 1}`);
    const engines = await Promise.allSettled(names.map((name) => Dockerd.start({ ...options, name, network })));
    for (const engine of engines) if (engine.status === "fulfilled") parts.use(engine.value);
    const all = engines.map((engine, i) => {
      if (engine.status === "rejected") throw engine.reason;
      return new LabHost(names[i] ?? "", engine.value);
    });
    parts.move();
    return new LabHosts(network, all);
  }

  /** Throws where there is none of this name. */
  get(name: string): LabHost {
    const found = this.all.find((host) => host.name === name);
    if (found === undefined) throw new Error(`There is no host "${name}"`);
    return found;
  }

  /** What makes all of them Hosts of a server. */
  get manifest(): string {
    return this.all.map(({ manifest }) => manifest).join("\n---\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map(({ engine }) => engine[Symbol.asyncDispose]()));
    await this.#network[Symbol.asyncDispose]();
  }
}
