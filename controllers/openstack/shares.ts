import type { Key, Wake } from "../runtime/reconciler.ts";

/** Of a cloud that answers: more than a session sends to one endpoint at once (openstack/transport.ts), so that it never runs dry. */
const wholeShare = 16;

/** Of a cloud that gave no answer last: one object finds out whether it is back, the others lose nothing by waiting. */
const leastShare = 1;

interface Line {
  readonly cloud: string;
  isSilent: boolean;
  /** How many are let in. */
  inside: number;
  /** In the order they came. */
  readonly waiting: Set<Key>;
}

/**
 * Sees that no cloud keeps all workers of a controller: at most a share of them is about one cloud at once, and who comes
 * above that waits in line, without a worker. A cloud that does not answer holds each for a minute, and has the least share.
 */
export class Shares {
  readonly #lines = new Map<string, Line>();
  readonly #inside = new Map<Key, Line>();
  #wake: Wake = () => undefined;

  /** `wake` is called with each that has waited and is let in. It must come then, and {@link leave} whatever it finds. */
  onTurn(wake: Wake): void {
    this.#wake = wake;
  }

  /** Whether it is let in; if not, it is woken when it is its turn. */
  enter(key: Key, cloud: string): boolean {
    if (this.#inside.get(key)?.cloud === cloud) return true;
    this.leave(key);
    const line = this.#lines.get(cloud) ?? { cloud, isSilent: false, inside: 0, waiting: new Set() };
    this.#lines.set(cloud, line);
    line.waiting.add(key);
    if (line.inside < shareOf(line)) this.#admit(line, key);
    return this.#inside.has(key);
  }

  /** Says whether the cloud has answered whom it let in. */
  answered(key: Key, isAnswer: boolean): void {
    const line = this.#inside.get(key);
    if (line !== undefined) line.isSilent = !isAnswer;
  }

  /** Lets the next ones in. As good for who is not inside. */
  leave(key: Key): void {
    const line = this.#inside.get(key);
    if (line === undefined) return;
    this.#inside.delete(key);
    line.inside--;
    for (const next of line.waiting) {
      if (line.inside >= shareOf(line)) break;
      this.#admit(line, next);
      this.#wake(next);
    }
    if (line.inside === 0 && !line.isSilent) this.#lines.delete(line.cloud);
  }

  #admit(line: Line, key: Key): void {
    line.waiting.delete(key);
    line.inside++;
    this.#inside.set(key, line);
  }
}

const shareOf = ({ isSilent }: Line): number => (isSilent ? leastShare : wholeShare);
