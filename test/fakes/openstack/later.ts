/** What happens in the background after an answer was given. */
export class Later implements Disposable {
  readonly #timers = new Set<NodeJS.Timeout>();

  in(ms: number, happens: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      happens();
    }, ms);
    this.#timers.add(timer);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
