/**
 * Forgets history that nobody needs any more. Source of the rule: k8s.io/apiserver/pkg/storage/etcd3/compact.go.
 *
 * Several replicas may run it on one store: each writes the revision of now into one key, if it wrote that key last or
 * has seen who did. Whose write succeeds compacts to the revision that it wrote the time before; the others take note
 * and try again an interval later. So history is kept for one interval at least, and compacted although replicas come
 * and go.
 */
import { sleep } from "../../process/clock.ts";
import type { Clock } from "../../process/clock.ts";
import { AlreadyExistsError, ConflictError, NotFoundError } from "./errors.ts";
import type { Revision, Store, Stored } from "./store.ts";

export interface CompactorOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** How much history is kept at least, in milliseconds; 5 minutes when absent, as upstream. */
  readonly intervalMs?: number;
  /** Told why a compaction failed; it is tried again an interval later. */
  readonly onError: (error: unknown) => void;
}

const compactionKey = "/stowage/compaction";

/** What one replica knows after a turn: the record as it last saw it, and what was the newest revision then. */
interface Turn {
  readonly record: Stored;
  readonly revision: Revision;
}

/** Writes the record if it still is as in `last`; undefined when another replica wrote it. */
async function claim(store: Store, last: Turn | undefined): Promise<Stored | undefined> {
  const value = new TextEncoder().encode(String(last?.revision ?? 0));
  try {
    return last === undefined
      ? await store.create(compactionKey, value)
      : await store.update(compactionKey, value, last.record.revision);
  } catch (error) {
    if (error instanceof AlreadyExistsError || error instanceof ConflictError || error instanceof NotFoundError) {
      return undefined;
    }
    throw error;
  }
}

/** One turn; compacts to the revision of the last one if no other replica had a turn in between. */
async function compactOnce(store: Store, last: Turn | undefined): Promise<Turn | undefined> {
  const claimed = await claim(store, last);
  if (claimed !== undefined) {
    if (last !== undefined) await store.compact(last.revision);
    return { record: claimed, revision: claimed.revision };
  }
  const [record, revision] = [await store.get(compactionKey), await store.revision()];
  return record === undefined ? undefined : { record, revision };
}

/** Compacts the store every interval until it is disposed of. */
export class Compactor implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: CompactorOptions) {
    this.#running = this.#run(options);
  }

  async #run({ store, clock, intervalMs = 5 * 60_000, onError }: CompactorOptions): Promise<void> {
    const { signal } = this.#stop;
    let turn: Turn | undefined;
    await sleep(clock, intervalMs, signal);
    while (!signal.aborted) {
      try {
        turn = await compactOnce(store, turn);
      } catch (error) {
        onError(error);
      }
      await sleep(clock, intervalMs, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
