/** How many are asked at once on one Host, and whose turn it is. */
import type { Timetable } from "../../runtime/timetable.ts";

/** At once on one Host: each makes its Engine start a process. And at once of one namespace, however long they take. */
const concurrency = 16;

/** Milliseconds. What takes longer makes its Engine no work any more: it waits, and others may begin. */
const slotMs = 2_000;

/** What one namespace has. */
interface Share {
  /** In the order they came. */
  readonly waiting: Set<() => void>;
  /** Begun and not ended, whether they hold a slot or not. */
  underWay: number;
}

/**
 * The slots of one Host. A task holds one from its beginning until its end, but for two seconds at most; a namespace has at
 * most sixteen tasks under way. A slot that comes free goes to the namespace with the fewest under way, and among equals
 * to the one whose turn is longest ago.
 *
 * So whatever others do, and for however long, a namespace with nothing under way waits two seconds for each sixteen
 * such namespaces before it; what hangs delays only what is of the same namespace.
 */
export class Slots {
  readonly #timetable: Pick<Timetable, "after">;
  /** Those that have something waiting or under way; whose turn was last comes last. */
  readonly #shares = new Map<string, Share>();
  readonly #held = new Set<object>();

  constructor(timetable: Pick<Timetable, "after">) {
    this.#timetable = timetable;
  }

  /** What `task` gives, once it had its turn. Rejects with the signal's reason where that aborts before `task` begins. */
  run<T>(namespace: string, task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const share = this.#shares.get(namespace) ?? { waiting: new Set(), underWay: 0 };
      this.#shares.set(namespace, share);
      const begin = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve(this.#hold(namespace, share, task));
      };
      const giveUp = (): void => {
        share.waiting.delete(begin);
        this.#forgetIdle(namespace, share);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      share.waiting.add(begin);
      this.#begin();
    });
  }

  #begin(): void {
    while (this.#held.size < concurrency) {
      const next = this.#next();
      if (next === undefined) return;
      const [namespace, share, begin] = next;
      share.waiting.delete(begin);
      this.#shares.delete(namespace);
      this.#shares.set(namespace, share);
      begin();
    }
  }

  #next(): readonly [string, Share, () => void] | undefined {
    let next: readonly [string, Share, () => void] | undefined;
    for (const [namespace, share] of this.#shares) {
      const [begin] = share.waiting;
      const fewest = next?.[1].underWay ?? concurrency;
      if (begin !== undefined && share.underWay < fewest) next = [namespace, share, begin];
    }
    return next;
  }

  async #hold<T>(namespace: string, share: Share, task: () => Promise<T>): Promise<T> {
    const slot = {};
    const giveBack = (): void => {
      this.#held.delete(slot);
      this.#begin();
    };
    this.#held.add(slot);
    share.underWay++;
    const timer = this.#timetable.after(slotMs, giveBack);
    try {
      return await task();
    } finally {
      timer[Symbol.dispose]();
      share.underWay--;
      this.#forgetIdle(namespace, share);
      giveBack();
    }
  }

  #forgetIdle(namespace: string, { waiting, underWay }: Share): void {
    if (waiting.size === 0 && underWay === 0) this.#shares.delete(namespace);
  }
}
