/** Every kind that is served now: the built-in ones, and those of the CustomResourceDefinitions in the store. */
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import { Cacher } from "../storage/cacher.ts";
import type { Clock } from "../../process/clock.ts";
import { sleep } from "../../process/clock.ts";
import type { Revision, Store } from "../storage/store.ts";
import { configMaps } from "./builtin/config-map.ts";
import { customResourceDefinitions } from "./builtin/custom-resource-definition.ts";
import { events } from "./builtin/event.ts";
import { leases } from "./builtin/lease.ts";
import { namespaces } from "./builtin/namespace.ts";
import { secrets } from "./builtin/secret.ts";
import type { CrdObject } from "./crd-object.ts";
import type { ResourceDefinition } from "./definition.ts";
import { Endpoint } from "./endpoint.ts";
import { definitionsFromCrd } from "./from-crd.ts";

export interface RegistryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Subresources that are served besides those a definition can name: `containers.stowage.dev` -> `log`. */
  readonly connected: ReadonlyMap<string, readonly string[]>;
}

const retryMs = 1000;
const addressOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

/** What is served of one CustomResourceDefinition, and from which state of it. */
interface Served {
  readonly crd: CrdObject;
  /** One for each version, those that are not served too. */
  readonly endpoints: readonly Endpoint[];
}

export class Registry implements AsyncDisposable {
  /** The endpoint of Namespaces. */
  readonly namespaces: Endpoint;
  /** The endpoint of CustomResourceDefinitions. */
  readonly crds: Endpoint;
  readonly #options: RegistryOptions;
  readonly #builtin: readonly Endpoint[];
  readonly #stop = new AbortController();
  readonly #served = new Map<string, Served>();
  #endpoints: ReadonlyMap<string, Endpoint> = new Map();
  #definitions: readonly ResourceDefinition[] = [];
  #running: Promise<void> | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.namespaces = this.#endpoint(namespaces, (cacher) => (revision) => cacher.reached(revision));
    this.crds = this.#endpoint(
      customResourceDefinitions(() => this.customResourceDefinitions()),
      (cacher) => {
        return async (revision) => {
          await cacher.reached(revision);
          this.#refresh();
        };
      },
    );
    this.#builtin = [
      this.namespaces,
      this.crds,
      ...[configMaps, secrets, events, leases].map((definition) => this.#endpoint(definition)),
    ];
    this.#publish();
  }

  /** All that is served; a new list whenever something about it changes. */
  get definitions(): readonly ResourceDefinition[] {
    return this.#definitions;
  }

  find(group: string, version: string, plural: string): Endpoint | undefined {
    return this.#endpoints.get(addressOf(group, version, plural));
  }

  customResourceDefinitions(): readonly CrdObject[] {
    return this.crds.cacher.list(this.crds.codec.root).map(({ object }) => object as CrdObject);
  }

  /** One for each version of a definition, served or not. */
  endpointsOf(crdName: string): readonly Endpoint[] {
    return this.#served.get(crdName)?.endpoints ?? [];
  }

  /** Resolves when everything in the store is served. Follows changes, by whomever, from then on. */
  async start(): Promise<void> {
    await Promise.all([this.namespaces.cacher.ready(), this.crds.cacher.fresh()]);
    this.#refresh();
    this.#running ??= this.#follow(this.#stop.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#endpoints.values()].map(({ cacher }) => cacher[Symbol.asyncDispose]()));
    await this.#running;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { cacher } = this.crds;
    while (!signal.aborted) {
      try {
        const from = cacher.revision;
        this.#refresh();
        for await (const items of cacher.watch(from, (event) => event, signal))
          if (items.some(({ type }) => type !== "BOOKMARK")) this.#refresh();
      } catch (error) {
        this.#options.log.warn("Following the CustomResourceDefinitions failed", { error: describeError(error) });
      }
      await sleep(this.#options.clock, retryMs, signal);
    }
  }

  /** Level-triggered: serves what the cache of definitions says now. */
  #refresh(): void {
    const crds = new Map(this.customResourceDefinitions().map((crd) => [crd.metadata.name, crd]));
    let changed = false;
    for (const [name, served] of this.#served) {
      if (crds.get(name) === served.crd) continue;
      changed = true;
      if (crds.get(name)?.metadata.uid !== served.crd.metadata.uid) this.#retire(name, served);
    }
    for (const [name, crd] of crds) {
      const served = this.#served.get(name);
      if (served?.crd === crd) continue;
      changed = true;
      this.#served.set(name, { crd, endpoints: this.#serve(crd, served?.endpoints ?? []) });
    }
    if (changed) this.#publish();
  }

  /** A version that was served before keeps its cache. */
  #serve(crd: CrdObject, before: readonly Endpoint[]): readonly Endpoint[] {
    const endpoints = definitionsFromCrd(crd, this.#options.connected.get(crd.metadata.name) ?? []).map(
      (definition) => {
        const old = before.find((endpoint) => endpoint.definition.version === definition.version);
        return old === undefined
          ? this.#endpoint(definition)
          : new Endpoint(definition, old.cacher, old.store, old.written);
      },
    );
    const kept = new Set(endpoints.map(({ cacher }) => cacher));
    for (const { cacher } of before) if (!kept.has(cacher)) void cacher[Symbol.asyncDispose]();
    return endpoints;
  }

  #retire(name: string, { endpoints }: Served): void {
    this.#served.delete(name);
    for (const { cacher } of endpoints) void cacher[Symbol.asyncDispose]();
  }

  #publish(): void {
    const custom = [...this.#served.values()].flatMap(({ crd, endpoints }) => {
      const served = crd.spec.versions.filter((version) => version.served).map(({ name }) => name);
      return endpoints.filter(({ definition }) => served.includes(definition.version));
    });
    const endpoints = [...this.#builtin, ...custom];
    this.#endpoints = new Map(
      endpoints.map((endpoint) => {
        const { group, version, plural } = endpoint.definition;
        return [addressOf(group, version, plural), endpoint];
      }),
    );
    this.#definitions = endpoints.map(({ definition }) => definition);
  }

  #endpoint(
    definition: ResourceDefinition,
    written?: (cacher: Cacher) => (revision: Revision) => Promise<void>,
  ): Endpoint {
    const { store, clock, log } = this.#options;
    const cacher = new Cacher({ store, type: definition, clock, log });
    return new Endpoint(definition, cacher, store, written?.(cacher));
  }
}

/** `plural.group` and the subresource of `containers.stowage.dev/log`. */
export function connectedSubresources(connectors: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const connected = new Map<string, string[]>();
  for (const connector of connectors) {
    const [resource = "", subresource = ""] = connector.split("/");
    connected.set(resource, [...(connected.get(resource) ?? []), subresource]);
  }
  return connected;
}
