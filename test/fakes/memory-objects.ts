import type { Draft, Name, Patch } from "../../api/client/client.ts";
import { alreadyExists, conflict, notFound, staleObject } from "../../api/status.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";

/** Keeps objects as far as a test of timing needs: versions and conflicts, and faults to order. */
export class MemoryObjects {
  readonly #objects = new Map<string, KubeObject>();
  #version = 0;
  /** While set, nothing is answered but this; "silence" is no answer at all. */
  fault: Error | "silence" | undefined;
  /** Every request in order: `update leases/web`. */
  readonly requests: string[] = [];

  async get<R extends KubeObject>(type: ResourceType, { namespace, name }: Name): Promise<R> {
    await this.#enter("get", type, name);
    return this.#at(type, namespace, name) as R;
  }

  async create<R extends KubeObject>(type: ResourceType, draft: Draft): Promise<R> {
    const { namespace, name = "" } = draft.metadata;
    await this.#enter("create", type, name);
    if (this.#objects.has(place(type, namespace, name))) throw alreadyExists(type, name);
    return this.#put(type, { ...draft, metadata: { ...draft.metadata, name, uid: `uid-${++this.#version}` } }) as R;
  }

  async update<R extends KubeObject>(type: ResourceType, draft: Draft): Promise<R> {
    const { namespace, name = "", resourceVersion } = draft.metadata;
    await this.#enter("update", type, name);
    const old = this.#at(type, namespace, name);
    if (resourceVersion !== old.metadata.resourceVersion) throw conflict(type, name, staleObject);
    return this.#put(type, { ...draft, metadata: { ...draft.metadata, name, uid: old.metadata.uid } }) as R;
  }

  /** Merge patches of top-level fields. */
  async patch<R extends KubeObject>(type: ResourceType, { namespace, name }: Name, patch: Patch): Promise<R> {
    if (patch.type !== "merge") throw new TypeError("Only merge patches are understood");
    await this.#enter("patch", type, name);
    return this.#put(type, { ...this.#at(type, namespace, name), ...patch.body }) as R;
  }

  /** Takes an object away behind everyone's back. */
  drop(type: ResourceType, namespace: string, name: string): void {
    this.#objects.delete(place(type, namespace, name));
  }

  all(): readonly KubeObject[] {
    return [...this.#objects.values()];
  }

  async #enter(verb: string, type: ResourceType, name: string): Promise<void> {
    this.requests.push(`${verb} ${type.plural}/${name}`);
    if (this.fault === "silence") await new Promise(() => undefined);
    if (this.fault instanceof Error) throw this.fault;
  }

  #at(type: ResourceType, namespace: string | undefined, name: string): KubeObject {
    const object = this.#objects.get(place(type, namespace, name));
    if (object === undefined) throw notFound(type, name);
    return object;
  }

  #put(type: ResourceType, object: Draft & { readonly metadata: { readonly name: string; readonly uid: string } }) {
    const resourceVersion = String(++this.#version);
    const { namespace, name, uid } = object.metadata;
    const metadata = { name, uid, resourceVersion, creationTimestamp: "2026-01-01T00:00:00Z" };
    const stored: KubeObject = { ...object, metadata: namespace === undefined ? metadata : { ...metadata, namespace } };
    this.#objects.set(place(type, namespace, name), stored);
    return stored;
  }
}

const place = (type: ResourceType, namespace: string | undefined, name: string): string =>
  JSON.stringify([type.group, type.plural, namespace, name]);
