/**
 * News from the hosts, between the Host controller, which listens to each host once and tells, and whoever must look
 * again because of it. The composition root makes one and hands it to both; controllers do not know each other.
 */
import type { OwnedContainer, Owner } from "./driver.ts";

/** News only wake: the truth is what {@link HostDriver.observe} says. */
export type HostNews =
  /** Something happened to a container of this owner. */
  | { readonly kind: "changed"; readonly hostName: string; readonly owner: Owner }
  /** From now on changes are told: whatever happened on this host before may have been missed. */
  | { readonly kind: "listening"; readonly hostName: string }
  /** Everything of ours that is there: what the slow relist found, in case a change was missed. */
  | { readonly kind: "listed"; readonly hostName: string; readonly found: readonly OwnedContainer[] };

export class HostFeed {
  readonly #listeners = new Set<(news: HostNews) => void>();

  /** Listeners must not throw and not wait. */
  listen(listener: (news: HostNews) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  tell(news: HostNews): void {
    for (const listener of this.#listeners) listener(news);
  }
}
