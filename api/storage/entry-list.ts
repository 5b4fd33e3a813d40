import type { Entry } from "../codec.ts";
import { prefixEnd } from "./key-range.ts";

type Chunk = readonly Entry[];

const nothing: Range = { start: 0, end: 0 };

/** A chunk that would become longer is split. A change copies one chunk and the list of chunks, both about this long. */
const longestChunk = 512;

/** Some of the entries of a list, in order; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Entries in the order of their keys. Never changes: {@link with} and {@link without} make new lists, which share all
 * chunks but one with the old one. So a list is a snapshot that costs nothing to keep but what was replaced since.
 * JavaScript compares UTF-16 where stores compare bytes: the same for what names are made of.
 */
export class EntryList {
  static readonly empty = new EntryList([]);
  /** None of them is empty. */
  readonly #chunks: readonly Chunk[];

  private constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks;
  }

  /** `entries` are in order. */
  static of(entries: readonly Entry[]): EntryList {
    const chunks: Chunk[] = [];
    // Half full, so that what comes next splits none of them.
    for (let start = 0; start < entries.length; start += longestChunk / 2)
      chunks.push(entries.slice(start, start + longestChunk / 2));
    return new EntryList(chunks);
  }

  /** With `entry` in place of the one that has its key, if there is one. */
  with(entry: Entry): EntryList {
    if (this.#chunks.length === 0) return new EntryList([[entry]]);
    const at = this.#chunkOf(entry.key);
    const chunk = this.#chunks[at] ?? [];
    const index = position(chunk, entry.key);
    const changed = chunk.toSpliced(index, chunk[index]?.key === entry.key ? 1 : 0, entry);
    const half = changed.length / 2;
    return changed.length > longestChunk
      ? new EntryList(this.#chunks.toSpliced(at, 1, changed.slice(0, half), changed.slice(half)))
      : new EntryList(this.#chunks.with(at, changed));
  }

  without(key: string): EntryList {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] ?? [];
    const index = position(chunk, key);
    if (chunk[index]?.key !== key) return this;
    return chunk.length === 1
      ? new EntryList(this.#chunks.toSpliced(at, 1))
      : new EntryList(this.#chunks.with(at, chunk.toSpliced(index, 1)));
  }

  /** Where those are whose keys begin with `prefix` and sort after `after`, if that is given. */
  range(prefix: string, after?: string): Range {
    if (this.#chunks.length === 0) return nothing;
    const start = this.#index(after === undefined || after < prefix ? prefix : `${after}\0`);
    return { start, end: Math.max(start, this.#index(prefixEnd(prefix) ?? "\u{10ffff}")) };
  }

  /** Those from `start` to before `end`. */
  slice({ start, end }: Range): readonly Entry[] {
    const entries: Entry[] = [];
    let first = 0;
    for (const chunk of this.#chunks) {
      if (first >= end) break;
      if (first + chunk.length > start)
        for (let i = Math.max(0, start - first); i < Math.min(chunk.length, end - first); i++)
          entries.push(chunk[i] as Entry);
      first += chunk.length;
    }
    return entries;
  }

  /** The chunk that has, or would have, the key. */
  #chunkOf(key: string): number {
    let [low, high] = [0, this.#chunks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#chunks[middle]?.[0]?.key ?? "") <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** How many entries sort before `key`. */
  #index(key: string): number {
    const at = this.#chunkOf(key);
    let before = 0;
    for (let i = 0; i < at; i++) before += this.#chunks[i]?.length ?? 0;
    return before + position(this.#chunks[at] ?? [], key);
  }
}

/** Index of the first entry that does not sort before `key`. */
function position(chunk: Chunk, key: string): number {
  let [low, high] = [0, chunk.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((chunk[middle]?.key ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
