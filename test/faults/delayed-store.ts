/** A Store of which some answers are late: what one replica of several sees on a bad day. */
import type { ListOptions, Page, Revision, Store, Stored, StoreEvent, WriteOptions } from "../../api/storage/store.ts";

export class DelayedStore implements Store {
  readonly #store: Store;
  readonly #lists = new Map<string, Gate>();
  readonly #watches = new Map<string, Gate>();

  /** The store itself stays open when this one is disposed of. */
  constructor(store: Store) {
    this.#store = store;
  }

  /** From now on lists of `prefix` begin only when the gate is opened. */
  delayLists(prefix: string): Gate {
    const gate = new Gate();
    this.#lists.set(prefix, gate);
    return gate;
  }

  /** From now on watches of `prefix` are told what happens only when the gate is opened. */
  delayWatches(prefix: string): Gate {
    const gate = new Gate();
    this.#watches.set(prefix, gate);
    return gate;
  }

  async list(prefix: string, options?: ListOptions): Promise<Page> {
    await this.#lists.get(prefix)?.pass();
    return this.#store.list(prefix, options);
  }

  create(key: string, value: Uint8Array, options?: WriteOptions): Promise<Stored> {
    return this.#store.create(key, value, options);
  }

  get(key: string): Promise<Stored | undefined> {
    return this.#store.get(key);
  }

  update(key: string, value: Uint8Array, expected: Revision, options?: WriteOptions): Promise<Stored> {
    return this.#store.update(key, value, expected, options);
  }

  delete(key: string, expected: Revision): Promise<Revision> {
    return this.#store.delete(key, expected);
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    for await (const batch of this.#store.watch(prefix, from, signal)) {
      await this.#watches.get(prefix)?.pass();
      yield batch;
    }
  }

  revision(): Promise<Revision> {
    return this.#store.revision();
  }

  requestProgress(prefix: string, revision: Revision): Promise<void> {
    return this.#store.requestProgress(prefix, revision);
  }

  get compacted(): Revision {
    return this.#store.compacted;
  }

  compact(revision: Revision): Promise<void> {
    return this.#store.compact(revision);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever made the store ends it.
  }
}

/** Holds up whoever comes, until it is opened. */
export class Gate {
  readonly #opened = Promise.withResolvers<undefined>();
  readonly #reached = Promise.withResolvers<undefined>();

  /** Resolves when somebody waits at it, or has passed. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  async pass(): Promise<void> {
    this.#reached.resolve(undefined);
    await this.#opened.promise;
  }

  open(): void {
    this.#opened.resolve(undefined);
  }
}
