/** The API in process: the verbs themselves, without HTTP in between. */
import { namespaceType } from "../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { serverUser } from "../auth/authentication.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import type { Registry } from "../resources/registry.ts";
import { required } from "../schema/field-errors.ts";
import { ApiError, invalid } from "../status.ts";
import type { Body } from "../verbs/body.ts";
import { create } from "../verbs/create.ts";
import { deleteObject } from "../verbs/delete.ts";
import type { Environment, ObjectName, WriteOptions as VerbOptions } from "../verbs/environment.ts";
import { get } from "../verbs/get.ts";
import { list } from "../verbs/list.ts";
import { patch } from "../verbs/patch.ts";
import { update } from "../verbs/update.ts";
import { watch } from "../verbs/watch.ts";
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
import { patchTypes } from "./client.ts";

/** Acts as the controllers do: nothing is refused for who asks. Objects that it returns are shared: never change them. */
export class DirectClient implements Client {
  readonly #registry: Registry;
  readonly #environment: Environment;

  constructor(registry: Registry, environment: Environment) {
    this.#registry = registry;
    this.#environment = environment;
  }

  async get<R extends KubeObject>(type: ResourceType, name: Name): Promise<R> {
    const endpoint = this.#endpoint(type);
    using _used = endpoint.cacher.use();
    return (await get(endpoint, nameOf(type, name))).object as R;
  }

  async list<R extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ObjectList<R>> {
    const endpoint = this.#endpoint(type);
    using _used = endpoint.cacher.use();
    const { entries, revision, continue: token } = await list(endpoint, options);
    return {
      items: entries.map(({ object }) => object as R),
      resourceVersion: String(revision),
      ...(token === undefined ? {} : { continue: token }),
    };
  }

  async *watch<R extends KubeObject>(
    type: ResourceType,
    { signal, ...options }: WatchOptions,
  ): AsyncGenerator<WatchEvent<R>, void, undefined> {
    const batches = watch(this.#endpoint(type), { ...options, allowWatchBookmarks: true }, signal);
    for await (const batch of batches)
      for (const item of batch) {
        if (signal.aborted) return;
        yield item.type === "BOOKMARK"
          ? { type: "BOOKMARK", resourceVersion: String(item.revision) }
          : { type: item.type, object: item.entry.object as R };
      }
  }

  async create<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R> {
    const { namespace } = nameOf(type, { name: "", namespace: object.metadata.namespace });
    const body = bodyOf(object);
    const entry = await create(this.#environment, this.#endpoint(type), namespace, body, verbOptions(options));
    return entry.object as R;
  }

  update<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R> {
    return this.#update(type, object, undefined, options);
  }

  patch<R extends KubeObject>(type: ResourceType, name: Name, change: Patch, options?: WriteOptions): Promise<R> {
    return this.#patch(type, name, change, undefined, options);
  }

  async delete(type: ResourceType, name: Name, options: DeleteOptions = {}): Promise<KubeObject | undefined> {
    const { preconditions = {}, propagationPolicy, dryRun = false } = options;
    const endpoint = this.#endpoint(type);
    using _used = endpoint.cacher.use();
    const { entry, removed } = await deleteObject(this.#environment, endpoint, nameOf(type, name), {
      preconditions,
      propagationPolicy,
      ...caller,
      dryRun,
    });
    return removed ? undefined : entry.object;
  }

  updateStatus<R extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<R> {
    return this.#update(type, object, "status", options);
  }

  patchStatus<R extends KubeObject>(type: ResourceType, name: Name, change: Patch, options?: WriteOptions): Promise<R> {
    return this.#patch(type, name, change, "status", options);
  }

  finalizeNamespace(object: Draft, options?: WriteOptions): Promise<KubeObject> {
    return this.#update(namespaceType, object, "finalize", options);
  }

  async discover(): Promise<readonly DiscoveredType[]> {
    // Versions of one kind are listed in order of preference.
    const preferred = new Map<string, DiscoveredType>();
    for (const definition of this.#registry.definitions) {
      const { group, version, plural, kind, namespaced, verbs, singular, shortNames, categories } = definition;
      const resource = groupResource(definition);
      if (!preferred.has(resource))
        preferred.set(resource, { group, version, plural, kind, namespaced, verbs, singular, shortNames, categories });
    }
    return [...preferred.values()];
  }

  async #update<R extends KubeObject>(
    type: ResourceType,
    object: Draft,
    subresource: string | undefined,
    options?: WriteOptions,
  ): Promise<R> {
    const { name = "", namespace } = object.metadata;
    const endpoint = this.#endpoint(type, subresource);
    using _used = endpoint.cacher.use();
    const named = nameOf(type, { name, namespace });
    const entry = await update(this.#environment, endpoint, named, subresource, bodyOf(object), verbOptions(options));
    return entry.object as R;
  }

  async #patch<R extends KubeObject>(
    type: ResourceType,
    name: Name,
    change: Patch,
    subresource: string | undefined,
    options?: WriteOptions,
  ): Promise<R> {
    const endpoint = this.#endpoint(type, subresource);
    using _used = endpoint.cacher.use();
    if (change.type === "apply" && (options?.fieldManager ?? "") === "")
      throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
        required("fieldManager", "is required for apply patch"),
      ]);
    const sent = { type: patchTypes[change.type], body: plain(change.body), duplicates: [] };
    const force = change.type === "apply" && change.force === true;
    const named = nameOf(type, name);
    const { entry } = await patch(this.#environment, endpoint, named, subresource, sent, {
      ...verbOptions(options),
      force,
    });
    return entry.object as R;
  }

  /** Throws NotFound, as a path that nobody serves does. */
  #endpoint({ group, version, plural }: ResourceType, subresource?: string): Endpoint {
    const endpoint = this.#registry.find(group, version, plural);
    if (endpoint === undefined || (subresource !== undefined && !endpoint.definition.subresources.has(subresource)))
      throw new ApiError("NotFound", "the server could not find the requested resource", {});
    return endpoint;
  }
}

function nameOf({ namespaced }: ResourceType, { namespace, name }: Name): ObjectName {
  return { namespace: namespaced ? namespace : undefined, name };
}

const bodyOf = (object: Draft): Body => ({ object: plain(object) as JsonObject, duplicates: [] });

const caller = { user: serverUser, warn: () => undefined } as const;

function verbOptions(options: WriteOptions = {}): VerbOptions {
  const { dryRun = false, fieldValidation = "Ignore", fieldManager = "stowage" } = options;
  return { ...caller, dryRun, fieldValidation, fieldManager, force: false };
}

/** A copy as it would arrive over the wire: absent values are not there. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  if (typeof value !== "object" || value === null) return value;
  const copy: JsonObject = {};
  for (const [key, item] of Object.entries(value)) if (item !== undefined) copy[key] = plain(item);
  return copy;
}
