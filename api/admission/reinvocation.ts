/** Source: k8s.io/apiserver/pkg/admission/reinvocation.go and plugin/webhook/mutating/reinvocationcontext.go. */
import { isDeepStrictEqual } from "node:util";
import type { WritableObject } from "../codec.ts";

/**
 * What mutation did so far to one request. When something changed the object after a plugin or webhook saw it, all of
 * them get one more chance; those that do not ask for it are left out.
 */
export class Reinvocation {
  #again = false;
  #required = false;
  /** Who was invoked since the object last changed. */
  #invoked = new Set<unknown>();
  readonly #due = new Set<unknown>();
  #last: WritableObject | undefined;

  /** Whether there is to be a second round. */
  get required(): boolean {
    return this.#required && !this.#again;
  }

  startAgain(): void {
    this.#again = true;
  }

  /** Told before a round of webhooks: whoever came in between may have changed the object. */
  begin(object: WritableObject): void {
    if (this.#again && !isDeepStrictEqual(this.#last, object)) this.#recall();
  }

  end(object: WritableObject): void {
    this.#last = object;
  }

  wants(webhook: unknown): boolean {
    return !this.#again || this.#due.has(webhook);
  }

  changed(): void {
    this.#required = true;
    this.#recall();
  }

  /** To be told of what changes from now on. */
  invoked(webhook: unknown): void {
    this.#invoked.add(webhook);
  }

  #recall(): void {
    for (const webhook of this.#invoked) this.#due.add(webhook);
    this.#invoked = new Set();
  }
}
