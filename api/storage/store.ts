/**
 * Where objects live. A Store keeps bytes under keys, counts every change in one revision, and can tell what changed
 * since an earlier revision. It knows nothing of kinds, HTTP or JSON.
 *
 * The shapes are those that kube-apiserver needs of etcd (k8s.io/apiserver/pkg/storage/interfaces.go), so that etcd,
 * anything kine stands for, and the embedded SQLite store are interchangeable. test/contracts/store.contract.ts says
 * the same in code.
 */

/**
 * Counts the changes of a whole store: every create, update and delete gets the next one, whatever its key.
 * Revisions of one store may be compared with each other; outside api/ they are opaque strings (resourceVersion).
 */
export type Revision = number & { readonly __revision: unique symbol };

/** One key's value, as of the revision that last wrote it. */
export interface Stored {
  /** `/<group>/<plural>/...`; what is below "/stowage/" is the store's own bookkeeping. */
  readonly key: string;
  readonly value: Uint8Array;
  /** The revision of the last write to this key. */
  readonly revision: Revision;
}

export type StoreEvent =
  /** `previous` is undefined for a creation. */
  | { readonly type: "put"; readonly object: Stored; readonly previous: Stored | undefined }
  /** `revision` is that of the deletion; `previous` is what was deleted. */
  | { readonly type: "delete"; readonly key: string; readonly previous: Stored; readonly revision: Revision }
  /** Every change up to and including `revision` has been yielded. */
  | { readonly type: "progress"; readonly revision: Revision };

export interface ListOptions {
  /** At most this many items, 1 or more; all of them when absent. */
  readonly limit?: number;
  /** Only keys that sort after this one (bytewise); how the next page is asked for. */
  readonly after?: string;
  /**
   * The state as of this revision; the newest when absent. Throws CompactedError when it is no longer kept,
   * FutureRevisionError when it has not happened.
   */
  readonly revision?: Revision;
}

export interface Page {
  /** In bytewise order of their keys. */
  readonly items: readonly Stored[];
  /** The revision that the page shows. */
  readonly revision: Revision;
  /** How many items follow the last one on this page. */
  readonly remaining: number;
}

export interface WriteOptions {
  /** The key is deleted (and its deletion watched) about this many seconds after the write; whole, 1 or more. */
  readonly ttlSeconds?: number;
}

export interface Store extends AsyncDisposable {
  /** Throws AlreadyExistsError when the key is there. */
  create(key: string, value: Uint8Array, options?: WriteOptions): Promise<Stored>;

  /** The newest value: a read that began after a write returned sees that write. */
  get(key: string): Promise<Stored | undefined>;

  /** All keys that begin with `prefix`, a consistent snapshot. */
  list(prefix: string, options?: ListOptions): Promise<Page>;

  /**
   * Compare-and-swap: replaces the value if the key's revision still is `expected`. Writing bytes equal to those that
   * are there writes nothing and returns what is there (so that a status update without news costs nothing).
   * Throws NotFoundError, or ConflictError which carries what is there now.
   */
  update(key: string, value: Uint8Array, expected: Revision, options?: WriteOptions): Promise<Stored>;

  /** Compare-and-delete. Returns the revision of the deletion. Throws NotFoundError, ConflictError. */
  delete(key: string, expected: Revision): Promise<Revision>;

  /**
   * Every change after `from` under `prefix`, in order, exactly once, in batches as they arrive; a batch is never
   * empty and all changes of one revision are in one batch. Goes on until `signal` aborts (then ends without error).
   * A lost connection is resumed inside. Throws CompactedError when `from` is, or becomes, too old to resume, and
   * FutureRevisionError when it has not happened (which a store that lost its data has to say, too): then list again.
   */
  watch(prefix: string, from: Revision, signal: AbortSignal): AsyncIterable<readonly StoreEvent[]>;

  /** The revision of the newest change: linearizable, as {@link get}. */
  revision(): Promise<Revision>;

  /**
   * Makes every open watch of `prefix` yield a progress event soon, at `revision` or a later one. How a cache learns that
   * it has seen everything although nothing under its prefix changed.
   */
  requestProgress(prefix: string, revision: Revision): Promise<void>;

  /** The oldest revision that can still be read, as far as this process knows. */
  readonly compacted: Revision;

  /** Forgets what is needed only for revisions before `revision`. Compacting twice is harmless. */
  compact(revision: Revision): Promise<void>;
}
