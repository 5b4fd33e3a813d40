import type { Clock } from "../../process/clock.ts";
import type { EntryList } from "./entry-list.ts";
import type { Revision } from "./store.ts";

/** A state that nobody goes on from for so long is forgotten: the store has it until it is compacted. */
const longestMs = 60_000;
const mostSnapshots = 32;

/** The states that pages were read from, so that the pages after them need not be read from the store. */
export class Snapshots {
  readonly #clock: Clock;
  /** From the oldest to the newest. */
  readonly #states = new Map<Revision, { readonly list: EntryList; readonly keptAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(revision: Revision, list: EntryList): void {
    if (this.#states.has(revision)) return;
    const keptAt = this.#clock.now().getTime();
    this.#states.set(revision, { list, keptAt });
    for (const [old, state] of this.#states) {
      if (this.#states.size <= mostSnapshots && keptAt - state.keptAt < longestMs) return;
      this.#states.delete(old);
    }
  }

  /** Nothing of a revision before `oldest`: what the store forgot nobody is to remember. */
  at(revision: Revision, oldest: Revision): EntryList | undefined {
    const state = this.#states.get(revision);
    if (state === undefined) return undefined;
    if (revision >= oldest && this.#clock.now().getTime() - state.keptAt < longestMs) return state.list;
    this.#states.delete(revision);
    return undefined;
  }

  clear(): void {
    this.#states.clear();
  }
}
