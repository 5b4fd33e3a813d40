import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import type {
  Client,
  DeleteOptions,
  DiscoveredType,
  Draft,
  ListOptions,
  Name,
  ObjectList,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts";

/** A client whose writes carry the name of who writes, where they say no other one: managedFields show it. */
export class ManagedClient implements Client {
  readonly #client: Client;
  readonly #fieldManager: string;

  constructor(client: Client, fieldManager: string) {
    this.#client = client;
    this.#fieldManager = fieldManager;
  }

  get<R extends KubeObject>(type: ResourceType, name: Name): Promise<R> {
    return this.#client.get<R>(type, name);
  }

  list<R extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ObjectList<R>> {
    return this.#client.list<R>(type, options);
  }

  watch<R extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent<R>> {
    return this.#client.watch<R>(type, options);
  }

  create<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R> {
    return this.#client.create<R>(type, object, this.#named(options));
  }

  update<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R> {
    return this.#client.update<R>(type, object, this.#named(options));
  }

  patch<R extends KubeObject>(type: ResourceType, name: Name, patch: Patch, options?: WriteOptions): Promise<R> {
    return this.#client.patch<R>(type, name, patch, this.#named(options));
  }

  delete(type: ResourceType, name: Name, options?: DeleteOptions): Promise<KubeObject | undefined> {
    return this.#client.delete(type, name, options);
  }

  updateStatus<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R> {
    return this.#client.updateStatus<R>(type, object, this.#named(options));
  }

  patchStatus<R extends KubeObject>(type: ResourceType, name: Name, patch: Patch, options?: WriteOptions): Promise<R> {
    return this.#client.patchStatus<R>(type, name, patch, this.#named(options));
  }

  finalizeNamespace(object: Draft, options?: WriteOptions): Promise<KubeObject> {
    return this.#client.finalizeNamespace(object, this.#named(options));
  }

  discover(): Promise<readonly DiscoveredType[]> {
    return this.#client.discover();
  }

  #named(options: WriteOptions = {}): WriteOptions {
    return { fieldManager: this.#fieldManager, ...options };
  }
}
