import type { HostNews } from "../../drivers/host-feed.ts";
import type { Key } from "../runtime/reconciler.ts";
import { keyOfOwner } from "../runtime/reconciler.ts";

/** Whose containers each host was found to have when all of them were listed last, and to whose anything happened since. */
export class Inventory {
  readonly #found = new Map<string, Set<Key>>();

  hear(news: HostNews): void {
    switch (news.kind) {
      case "changed":
        // What happened to one may be its end: it is looked for in vain once.
        this.#found.get(news.hostName)?.add(keyOfOwner(news.owner));
        return;
      case "listening":
        // Whatever happened before it is listed again may have been missed.
        this.#found.delete(news.hostName);
        return;
      case "listed":
        this.#found.set(news.hostName, new Set(news.found.map(({ owner }) => keyOfOwner(owner))));
    }
  }

  /** Whether the host has had nothing of that Container since. False while nobody can tell. */
  lacks(hostName: string, key: Key): boolean {
    return this.#found.get(hostName)?.has(key) === false;
  }
}
