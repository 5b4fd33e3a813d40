/** Every kind that is served now: the built-in ones, and those of the CustomResourceDefinitions in the store. */
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";
import { Cacher } from "../storage/cacher.ts";
import type { Clock } from "../../process/clock.ts";
import { sleep } from "../../process/clock.ts";
import type { Revision, Store } from "../storage/store.ts";
import type { ResourceType } from "../../crds/meta.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { ReshapedStore } from "../conversion/reshaped-store.ts";
import { VersionedStore } from "../conversion/versioned-store.ts";
import { customResourceDefinitions } from "./builtin/custom-resource-definition.ts";
import { builtinKinds, consulted } from "./builtin/kinds.ts";
import { namespaces } from "./builtin/namespace.ts";
import type { WebhookClient } from "../webhooks/client.ts";
import type { CrdObject } from "./crd-object.ts";
import type { ResourceDefinition } from "./definition.ts";
import { Endpoint } from "./endpoint.ts";
import { definitionsFromCrd, storedFormOf } from "./from-crd.ts";
import type { OwnDefinitions } from "./own-definitions.ts";

export interface RegistryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Subresources that are served besides those a definition can name: `containers.stowage.dev` -> `log`. */
  readonly connected: ReadonlyMap<string, readonly string[]>;
  /** For conversion. */
  readonly webhooks: WebhookClient;
  /** Those that are known to be in order. */
  readonly own: OwnDefinitions;
}

const retryMs = 1000;
const addressOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

/** What is served of one CustomResourceDefinition, and from which state of it. */
interface Served {
  readonly crd: CrdObject;
  /** One for each version, those that are not served too; that of the storage version comes first. */
  readonly endpoints: readonly Endpoint[];
  /** What is read of stored bytes by {@link endpoints}: caches that were filled otherwise are of no use. */
  readonly forms: ReadonlyMap<Endpoint, string>;
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
    this.namespaces = this.#endpoint(namespaces, { written: untilKnown });
    this.crds = this.#endpoint(
      customResourceDefinitions(() => this.customResourceDefinitions(), options.own),
      {
        written: (cacher) => async (revision) => {
          await cacher.reached(revision);
          this.#refresh();
        },
      },
    );
    this.#builtin = [
      this.namespaces,
      this.crds,
      ...builtinKinds.map((definition) =>
        this.#endpoint(definition, {
          ...(consulted.has(definition) ? { written: untilKnown } : {}),
          ...(definition.storedAs === undefined
            ? {}
            : { store: new ReshapedStore(options.store, definition.storedAs) }),
        }),
      ),
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

  /** The same, once this server knows of every kind that any replica was given before. Throws ServiceUnavailable. */
  async findNewest(group: string, version: string, plural: string): Promise<Endpoint | undefined> {
    await this.crds.attempt("", this.crds.cacher.fresh());
    this.#refresh();
    return this.find(group, version, plural);
  }

  /** The endpoint of a kind that is always there. */
  builtin({ group, version, plural }: ResourceType): Endpoint {
    const endpoint = this.find(group, version, plural);
    if (endpoint === undefined) throw new Error(`Cannot find the built-in kind ${plural}: it is not registered`);
    return endpoint;
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
    const first = this.#builtin.filter(({ definition }) => consulted.has(definition));
    await Promise.all([
      this.namespaces.cacher.ready(),
      this.crds.cacher.fresh(),
      ...first.map(({ cacher }) => cacher.ready()),
    ]);
    this.#refresh();
    this.#running ??= this.#follow(this.#stop.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    const custom = [...this.#served.values()].flatMap(({ endpoints }) => endpoints);
    await Promise.all([...this.#builtin, ...custom].map(({ cacher }) => cacher[Symbol.asyncDispose]()));
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
      this.#served.set(name, this.#serve(crd, served));
    }
    if (changed) this.#publish();
  }

  /**
   * A version that is served as before keeps its cache, and watches of it go on; others end. Source: updateCustomResourceDefinition
   * in customresource_handler.go, which ends all watches of a definition that changes.
   */
  #serve(crd: CrdObject, before: Served | undefined): Served {
    const { connected, store, webhooks } = this.#options;
    const definitions = definitionsFromCrd(crd, connected.get(crd.metadata.name) ?? [], webhooks);
    const form = storedFormOf(crd, definitions, webhooks);
    const forms = new Map<Endpoint, string>();
    for (const definition of definitions) {
      const { version } = definition;
      const served = crd.spec.versions.some(({ name, served }) => name === version && served);
      const identity = JSON.stringify([version, served, form?.identity]);
      const old = before?.endpoints.find((endpoint) => before.forms.get(endpoint) === identity);
      const apiVersion = apiVersionOf(definition);
      const endpoint =
        old === undefined
          ? this.#endpoint(definition, {
              store: form === undefined || form.plain ? store : new VersionedStore(store, form, apiVersion),
              ...(form === undefined ? {} : { storedHead: form.head(apiVersion), uncached: form.converts }),
            })
          : new Endpoint(definition, old.cacher, old.store, old.written, old.uncached);
      forms.set(endpoint, identity);
    }
    const endpoints = [...forms.keys()].toSorted((a, b) => storageFirst(a.definition) - storageFirst(b.definition));
    const kept = new Set(endpoints.map(({ cacher }) => cacher));
    for (const { cacher } of before?.endpoints ?? []) if (!kept.has(cacher)) cacher.retire();
    return { crd, endpoints, forms };
  }

  #retire(name: string, { endpoints }: Served): void {
    this.#served.delete(name);
    for (const { cacher } of endpoints) cacher.retire();
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

  #endpoint(definition: ResourceDefinition, given: Given = {}): Endpoint {
    const { clock, log } = this.#options;
    const { store = this.#options.store, storedHead, written, uncached } = given;
    const cacher = new Cacher({
      store,
      type: definition,
      clock,
      log,
      ...(storedHead === undefined ? {} : { storedHead }),
      storedAs: definition.storedAs?.type,
    });
    return new Endpoint(definition, cacher, store, written?.(cacher), uncached);
  }
}

/** Whoever made one is answered when this server knows of it. */
const untilKnown =
  (cacher: Cacher) =>
  (revision: Revision): Promise<void> =>
    cacher.reached(revision);

/** How an endpoint differs from that of a built-in kind. */
interface Given {
  readonly store?: Store;
  readonly storedHead?: string;
  readonly written?: (cacher: Cacher) => (revision: Revision) => Promise<void>;
  readonly uncached?: boolean;
}

const storageFirst = ({ version, storageVersion }: ResourceDefinition): number => (version === storageVersion ? 0 : 1);

/** `plural.group` and the subresource of `containers.stowage.dev/log`. */
export function connectedSubresources(connectors: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const connected = new Map<string, string[]>();
  for (const connector of connectors) {
    const [resource = "", subresource = ""] = connector.split("/");
    connected.set(resource, [...(connected.get(resource) ?? []), subresource]);
  }
  return connected;
}
