/** What is to go wrong, and what was asked. */

export interface Fault {
  /** Of which requests; `path` has the service's prefix: /network/v2.0/networks. */
  readonly match: (method: string, path: string) => boolean;
  /**
   * A status: that is answered, in the service's words. reset: the connection breaks before anything is done. lost: it
   * is done, and the connection breaks before the answer. late: the connection breaks, and it is done `afterMs` later.
   * hang: no answer comes.
   */
  readonly does: number | "reset" | "lost" | "late" | "hang";
  /** Of what is late; when absent, not before {@link FakeOpenStack.carryOut}. */
  readonly afterMs?: number;
  /** How often; each time where absent. */
  readonly times?: number;
  /** In place of the service's own words for that status. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Faults {
  readonly #faults = new Map<Fault, number>();

  /** Disposing of what it returns takes the fault back. */
  add(fault: Fault): Disposable {
    this.#faults.set(fault, fault.times ?? Number.POSITIVE_INFINITY);
    return {
      [Symbol.dispose]: () => {
        this.#faults.delete(fault);
      },
    };
  }

  clear(): void {
    this.#faults.clear();
  }

  /** The fault of this request, which is counted. */
  next(method: string, path: string): Fault | undefined {
    for (const [fault, left] of this.#faults) {
      if (!fault.match(method, path)) continue;
      if (left <= 1) this.#faults.delete(fault);
      else this.#faults.set(fault, left - 1);
      return fault;
    }
    return undefined;
  }
}

export interface Logged {
  readonly method: string;
  /** With the service's prefix, without the query. */
  readonly path: string;
  readonly query: string;
  readonly status: number | "reset" | "lost" | "late" | "hang";
}

const idInPath = /\/(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\/|$)/g;

export class RequestLog {
  readonly #requests: Logged[] = [];

  add(request: Logged): void {
    this.#requests.push(request);
  }

  get all(): readonly Logged[] {
    return this.#requests;
  }

  clear(): void {
    this.#requests.length = 0;
  }

  /** How many of those there were: `POST /network/v2.0/networks`; ids in paths are `{id}`. */
  count(request: string): number {
    return this.counts()[request] ?? 0;
  }

  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { method, path } of this.#requests) {
      const request = `${method} ${path.replaceAll(idInPath, "/{id}")}`;
      counts[request] = (counts[request] ?? 0) + 1;
    }
    return counts;
  }
}
