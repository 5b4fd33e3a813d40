import type { HostNews } from "../../drivers/host-feed.ts";
import type { Key } from "../runtime/reconciler.ts";

/** Whose containers each host was found to have when all of them were listed last. */
export class Inventory {
  readonly #found = new Map<string, ReadonlySet<Key>>();

  hear(news: HostNews): void {
    if (news.kind === "changed") return;
    // Whatever happened before it is listed again may have been missed.
    if (news.kind === "listening") this.#found.delete(news.hostName);
    else this.#found.set(news.hostName, new Set(news.found.map(({ owner }) => `${owner.namespace}/${owner.name}`)));
  }

  /** Whether the host had nothing of that Container. False while nobody can tell. */
  lacks(hostName: string, key: Key): boolean {
    return this.#found.get(hostName)?.has(key) === false;
  }
}
