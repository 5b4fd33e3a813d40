/** A Store as one version of a custom kind sees it: what is read and written goes through the stored form. */
import { ConflictError } from "../storage/errors.ts";
import type { ListOptions, Page, Revision, Store, Stored, StoreEvent, WriteOptions } from "../storage/store.ts";
import type { StoredForm } from "./stored-form.ts";

/** Gives values, all of one kind, another form. */
export type Form = Pick<StoredForm, "read" | "write">;

export class VersionedStore implements Store {
  readonly #store: Store;
  readonly #form: Form;
  readonly #apiVersion: string;

  /** The store itself stays whoever's it is. */
  constructor(store: Store, form: Form, apiVersion: string) {
    this.#store = store;
    this.#form = form;
    this.#apiVersion = apiVersion;
  }

  async create(key: string, value: Uint8Array, options?: WriteOptions): Promise<Stored> {
    return { ...(await this.#store.create(key, await this.#form.write(value, this.#apiVersion), options)), value };
  }

  async get(key: string): Promise<Stored | undefined> {
    const stored = await this.#store.get(key);
    return stored === undefined ? undefined : this.#readOne(stored);
  }

  async list(prefix: string, options?: ListOptions): Promise<Page> {
    const page = await this.#store.list(prefix, options);
    return { ...page, items: await this.#read(page.items) };
  }

  async update(key: string, value: Uint8Array, expected: Revision, options?: WriteOptions): Promise<Stored> {
    const stored = await this.#form.write(value, this.#apiVersion);
    try {
      return { ...(await this.#store.update(key, stored, expected, options)), value };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      throw new ConflictError(key, expected, await this.#readOne(error.current));
    }
  }

  delete(key: string, expected: Revision): Promise<Revision> {
    return this.#store.delete(key, expected);
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]> {
    for await (const batch of this.#store.watch(prefix, from, signal)) yield await this.#readEvents(batch);
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

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #readOne(stored: Stored): Promise<Stored> {
    const [read = stored] = await this.#read([stored]);
    return read;
  }

  async #read(items: readonly Stored[]): Promise<readonly Stored[]> {
    const values = items.map(({ value }) => value);
    const read = await this.#form.read(values, this.#apiVersion);
    return read === values ? items : items.map((item, index) => ({ ...item, value: read[index] ?? item.value }));
  }

  /** All of a batch at once: a conversion is a request. */
  async #readEvents(batch: readonly StoreEvent[]): Promise<readonly StoreEvent[]> {
    const items = batch.flatMap((event) => {
      if (event.type === "progress") return [];
      const { previous } = event;
      return [...(event.type === "put" ? [event.object] : []), ...(previous === undefined ? [] : [previous])];
    });
    const read = await this.#read(items);
    if (read === items) return batch;
    const byItem = new Map(items.map((item, index) => [item, read[index] ?? item]));
    const now = (item: Stored): Stored => byItem.get(item) ?? item;
    return batch.map((event) => {
      if (event.type === "progress") return event;
      const previous = event.previous && now(event.previous);
      return event.type === "put"
        ? { ...event, object: now(event.object), previous }
        : { ...event, previous: previous ?? event.previous };
    });
  }
}
