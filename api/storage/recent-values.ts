import type { Revision, Stored } from "./store.ts";

/** The most bytes of values that are remembered. */
const budgetBytes = 8 * 1024 * 1024;

/**
 * What keys were last seen to hold, as far as memory for it goes. A hint and no truth: a key may have been written
 * since. But a revision has one value, so it tells for sure that a value differs from that of a known revision.
 */
export class RecentValues {
  // Insertion order is from the longest unseen to the latest seen.
  readonly #values = new Map<string, Stored>();
  #bytes = 0;

  remember(stored: Stored): void {
    if ((this.#values.get(stored.key)?.revision ?? 0) > stored.revision) return;
    this.forget(stored.key);
    this.#values.set(stored.key, stored);
    this.#bytes += stored.value.byteLength;
    for (const key of this.#values.keys()) {
      if (this.#bytes <= budgetBytes) return;
      this.forget(key);
    }
  }

  forget(key: string): void {
    this.#bytes -= this.#values.get(key)?.value.byteLength ?? 0;
    this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
  }

  /** Whether `value` is known to be other than what the key held at `revision`. */
  differs(key: string, value: Uint8Array, revision: Revision): boolean {
    const known = this.#values.get(key);
    return known?.revision === revision && Buffer.compare(known.value, value) !== 0;
  }
}
