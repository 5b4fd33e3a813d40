import type { KubeObject } from "../../crds/meta.ts";
import type { Cache, Key } from "./reconciler.ts";
import { keyOf } from "./reconciler.ts";

/** The values under which an object is found in an index. */
export type IndexFunction<R> = (object: R) => readonly string[];

interface Index<R> {
  readonly valuesOf: IndexFunction<R>;
  readonly found: Map<string, Map<Key, R>>;
}

/** Objects of one kind by key and by index. After k8s.io/client-go/tools/cache/thread_safe_store.go. */
export class ObjectCache<R extends KubeObject> implements Cache<R> {
  readonly #objects = new Map<Key, R>();
  readonly #indexes = new Map<string, Index<R>>();

  get(key: Key): R | undefined {
    return this.#objects.get(key);
  }

  list(): Iterable<R> {
    return this.#objects.values();
  }

  /** Throws when there is no such index: it was never declared. */
  byIndex(index: string, value: string): readonly R[] {
    return [...(this.#index(index).found.get(value)?.values() ?? [])];
  }

  /** Throws when `name` is taken by another function. */
  addIndex(name: string, valuesOf: IndexFunction<R>): void {
    const taken = this.#indexes.get(name);
    if (taken?.valuesOf === valuesOf) return;
    if (taken !== undefined) {
      throw new Error(`Cannot add index "${name}": the name is taken. Name it after the controller that needs it`);
    }
    const index: Index<R> = { valuesOf, found: new Map() };
    this.#indexes.set(name, index);
    for (const object of this.#objects.values()) enter(index, object);
  }

  set(object: R): void {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) {
      if (old !== undefined) leave(index, old);
      enter(index, object);
    }
  }

  /** Returns what was there. */
  delete(key: Key): R | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) leave(index, old);
    return old;
  }

  #index(name: string): Index<R> {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`Cannot look up index "${name}": it was never declared`);
    return index;
  }
}

function enter<R extends KubeObject>(index: Index<R>, object: R): void {
  for (const value of index.valuesOf(object)) {
    const found = index.found.get(value);
    if (found === undefined) index.found.set(value, new Map([[keyOf(object), object]]));
    else found.set(keyOf(object), object);
  }
}

function leave<R extends KubeObject>(index: Index<R>, object: R): void {
  for (const value of index.valuesOf(object)) {
    const found = index.found.get(value);
    found?.delete(keyOf(object));
    if (found?.size === 0) index.found.delete(value);
  }
}
