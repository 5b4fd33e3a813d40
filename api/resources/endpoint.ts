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
  UnknownOutcomeError,
} from "../storage/errors.ts";
import type { Revision, Store } from "../storage/store.ts";
import type { ResourceDefinition } from "./definition.ts";

export class Endpoint {
  readonly definition: ResourceDefinition;
  readonly cacher: Cacher;
  readonly store: Store;
  /** Called with the revision of every write through this endpoint, before it is answered; never rejects. */
  readonly written: (revision: Revision) => Promise<void>;
  /** Whether one object is read from the store: another one that cannot be converted must not stand in its way. */
  readonly uncached: boolean;

  constructor(
    definition: ResourceDefinition,
    cacher: Cacher,
    store: Store,
    written: (revision: Revision) => Promise<void> = async () => undefined,
    uncached = false,
  ) {
    this.definition = definition;
    this.cacher = cacher;
    this.store = store;
    this.uncached = uncached;
    // Who waits for this server to know what was written must not make a write that was done look like one that was not.
    this.written = (revision) => written(revision).catch(() => undefined);
  }

  get codec(): Codec {
    return this.cacher.codec;
  }

  /**
   * As the newest write left it: from the cache, once that has seen all that was written before the call. Throws NotFound.
   * Source of the idea: https://kep.k8s.io/2340 (consistent reads from cache).
   */
  async read(namespace: string | undefined, name: string): Promise<Entry> {
    if (this.uncached) return this.#readStored(namespace, name);
    await this.attempt(name, this.cacher.fresh());
    const entry = this.cacher.get(this.codec.key(namespace, name));
    if (entry === undefined) throw notFound(this.definition, name);
    return entry;
  }

  async #readStored(namespace: string | undefined, name: string): Promise<Entry> {
    const key = this.codec.key(namespace, name);
    const stored = await this.attempt(name, this.store.get(key));
    if (stored === undefined) throw notFound(this.definition, name);
    return this.codec.decode(key, stored.value, stored.revision);
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
  // Without Retry-After, which makes client-go repeat any request (rest/with_retry.go): an append would be done twice.
  if (error instanceof UnknownOutcomeError) return new ApiError("Timeout", error.message);
  return new ApiError("ServiceUnavailable", `The store cannot answer now: ${error.message}`, { retryAfterSeconds: 1 });
}
