import type { Client, Name } from "../../../api/client/client.ts";
import { isNotFound } from "../../../api/status.ts";
import type { Container } from "../../../crds/container.ts";
import { configMapType, secretType } from "../../../crds/core.ts";
import type { Host } from "../../../crds/host.ts";
import type { KubeObject, ResourceType } from "../../../crds/meta.ts";
import type { Clock } from "../../../process/clock.ts";
import type { Cache } from "../../runtime/reconciler.ts";
import type { Resolved } from "./inputs.ts";
import { resolve, sourcesOf } from "./inputs.ts";
import type { ConfigMap, Secret, SourceKind, Sources } from "./objects.ts";

export interface LookupOptions {
  readonly client: Pick<Client, "get">;
  readonly configMaps: Cache<ConfigMap>;
  readonly secrets: Cache<Secret>;
  /** See {@link resolve}. */
  readonly digestKey: Uint8Array;
  readonly clock: Clock;
}

/** Finds what Containers take from other objects. */
export class Lookup {
  readonly #options: LookupOptions;

  constructor(options: LookupOptions) {
    this.#options = options;
  }

  async resolve(container: Container, host: Host | undefined): Promise<Resolved> {
    const { configMaps, secrets } = this.#options;
    const { namespace = "" } = container.metadata;
    const cached = this.#resolve(container, host, {
      configMap: (name) => configMaps.get(`${namespace}/${name}`),
      secret: (name) => secrets.get(`${namespace}/${name}`),
    });
    if (cached.missing === undefined) return cached;
    // What was made a moment ago may not have reached the caches.
    return this.#resolve(container, host, await readSources(container, (type, name) => this.#get(type, name)));
  }

  #resolve(container: Container, host: Host | undefined, sources: Sources): Resolved {
    const { digestKey, clock } = this.#options;
    const { hostName = "" } = container.status ?? {};
    const facts = { container, hostName, allocatable: host?.status?.allocatable ?? {} };
    return resolve({ sources, facts, digestKey, now: clock.now() });
  }

  async #get(type: ResourceType, name: Name): Promise<KubeObject | undefined> {
    try {
      return await this.#options.client.get(type, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

export const typeOf = (kind: SourceKind): ResourceType => (kind === "Secret" ? secretType : configMapType);

/** What a Container takes something from, each object read once; undefined from `read` where there is none. */
export async function readSources(
  container: Container,
  read: (type: ResourceType, name: Name) => Promise<KubeObject | undefined>,
): Promise<Sources> {
  const found = new Map<string, KubeObject | undefined>();
  for (const { kind, namespace, name } of sourcesOf(container)) {
    const id = `${kind} ${name}`;
    if (found.has(id)) continue;
    found.set(id, await read(typeOf(kind), { namespace, name }));
  }
  return { configMap: (name) => found.get(`ConfigMap ${name}`), secret: (name) => found.get(`Secret ${name}`) };
}
