/** What the objects of one kind mean to admission, worked out once per revision of each. */
import type { Entry } from "../codec.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Endpoint } from "../resources/endpoint.ts";
import type { Revision } from "../storage/store.ts";

export class CompiledObjects<T> {
  readonly #endpoint: Endpoint;
  readonly #compile: (object: JsonObject) => T;
  readonly #known = new WeakMap<Entry, T>();
  #revision: Revision | undefined;
  #current: readonly T[] = [];

  constructor(endpoint: Endpoint, compile: (object: JsonObject) => T) {
    this.#endpoint = endpoint;
    this.#compile = compile;
  }

  /** In the order of their names. Costs a comparison while nothing changes; the cacher must be ready. */
  get current(): readonly T[] {
    const { cacher, codec } = this.#endpoint;
    if (cacher.revision !== this.#revision) {
      this.#current = cacher.list(codec.root).map((entry) => this.#of(entry));
      this.#revision = cacher.revision;
    }
    return this.#current;
  }

  #of(entry: Entry): T {
    let compiled = this.#known.get(entry);
    if (compiled === undefined) {
      compiled = this.#compile(entry.object as unknown as JsonObject);
      this.#known.set(entry, compiled);
    }
    return compiled;
  }
}
