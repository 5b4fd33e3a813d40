/** One kind, and where its objects are: what the verbs act on. */
import { groupResource } from "../../crds/meta.ts";
import type { Codec, Entry } from "../codec.ts";
import {
  alreadyExists,
  ApiError,
  conflict,
  expired,
  notFound,
  staleObject,
  tooLargeResourceVersion,
} from "../status.ts";
import type { Cacher } from "../storage/cacher.ts";
import {
  AlreadyExistsError,
  CompactedError,
  ConflictError,
  FutureRevisionError,
  NotFoundError,
  StorageError,
  TooLargeError,
} from "../storage/errors.ts";
import type { Revision, Store } from "../storage/store.ts";
import type { ResourceDefinition } from "./definition.ts";

export class Endpoint {
  readonly definition: ResourceDefinition;
  readonly cacher: Cacher;
  readonly store: Store;
  /** Called with the revision of every write through this endpoint, before it is answered. */
  readonly written: (revision: Revision) => Promise<void>;

  constructor(
    definition: ResourceDefinition,
    cacher: Cacher,
    store: Store,
    written: (revision: Revision) => Promise<void> = async () => undefined,
  ) {
    this.definition = definition;
    this.cacher = cacher;
    this.store = store;
    this.written = written;
  }

  get codec(): Codec {
    return this.cacher.codec;
  }

  /** As the newest write left it. Throws NotFound. */
  async read(namespace: string | undefined, name: string): Promise<Entry> {
    const key = this.codec.key(namespace, name);
    const stored = await this.attempt(name, this.store.get(key));
    if (stored === undefined) throw notFound(this.definition, name);
    const cached = this.cacher.get(key);
    return cached?.revision === stored.revision ? cached : this.codec.decode(key, stored.value, stored.revision);
  }

  /** Gives a store's refusal the words of the API. */
  async attempt<T>(name: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw error instanceof StorageError ? refusalOf(error, this.definition, name) : error;
    }
  }
}

/** The ApiError for what a store answered about one object, or about all of a kind when `name` is empty. */
export function refusalOf(error: StorageError, definition: ResourceDefinition, name: string): ApiError {
  if (error instanceof AlreadyExistsError) return alreadyExists(definition, name);
  if (error instanceof NotFoundError) return notFound(definition, name);
  if (error instanceof ConflictError) return conflict(definition, name, staleObject);
  if (error instanceof CompactedError) return expired(`The resourceVersion for the provided list is too old.`);
  if (error instanceof FutureRevisionError) return tooLargeResourceVersion(error.message);
  if (error instanceof TooLargeError) {
    const what = `${groupResource(definition)} "${name}"`;
    return new ApiError("RequestEntityTooLarge", `Request entity too large: ${what} is larger than the store takes`);
  }
  return new ApiError("ServiceUnavailable", `The store cannot answer now: ${error.message}`, { retryAfterSeconds: 1 });
}
