/**
 * Does one thing for many who ask at the same time. Who asks while it is being done shares the next run, not this one:
 * so each is given what was so after it asked.
 */
export class SharedWork<T> {
  readonly #work: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  run(): Promise<T> {
    if (this.#running === undefined) return this.#start();
    const start = (): Promise<T> => this.#start();
    this.#next ??= this.#running.then(start, start);
    return this.#next;
  }

  #start(): Promise<T> {
    this.#next = undefined;
    const running = this.#work();
    this.#running = running;
    const clear = (): void => {
      if (this.#next === undefined) this.#running = undefined;
    };
    running.then(clear, clear);
    return running;
  }
}
