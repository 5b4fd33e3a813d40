import { orAborted } from "../process/abort.ts";
import type { Clock } from "../process/clock.ts";
import type { Log } from "../process/log.ts";
import { describeError } from "../process/log.ts";
import { OpenStackError } from "./errors.ts";
import type { IssuedToken } from "./keystone/tokens.ts";

export interface TokenKeeperOptions {
  readonly issue: () => Promise<IssuedToken>;
  readonly clock: Clock;
  readonly log: Log | undefined;
}

/** A token is renewed this long before its end, so that none expires on its way; sooner with those that live shortly. */
const renewBeforeMs = 120_000;

/** How long a refusal of the credentials stands: many objects with a wrong password are not to lock its user out. */
const refusalMs = 5000;

/** How soon a renewal that failed is tried again while the old token is still good. */
const renewAgainMs = 10_000;

interface Held {
  readonly issued: IssuedToken;
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** Holds a token and renews it in time, once for all who wait for it. */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  #held: Held | undefined;
  #renewal: Promise<IssuedToken> | undefined;
  #refusal: { readonly error: OpenStackError; readonly until: number } | undefined;

  constructor(options: TokenKeeperOptions) {
    this.#options = options;
  }

  /** One that is good for a while. Throws OpenStackError, and what `signal` aborts with; the renewal goes on then. */
  async current(signal?: AbortSignal): Promise<IssuedToken> {
    const now = this.#now();
    if (this.#held !== undefined && now < this.#held.renewAt) return this.#held.issued;
    if (this.#refusal !== undefined && now < this.#refusal.until) throw this.#refusal.error;
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
    return waitFor(this.#renewal, signal);
  }

  /** A service did not take it. */
  drop(token: IssuedToken): void {
    if (this.#held?.issued === token) this.#held = undefined;
  }

  #now(): number {
    return this.#options.clock.now().getTime();
  }

  async #renew(): Promise<IssuedToken> {
    const { issue, log } = this.#options;
    try {
      const issued = await issue();
      const now = this.#now();
      const expiresAt = Date.parse(issued.token.expiresAt);
      const renewAt = expiresAt - Math.min(renewBeforeMs, (expiresAt - now) / 10);
      this.#held = { issued, renewAt, expiresAt };
      this.#refusal = undefined;
      return issued;
    } catch (error) {
      const now = this.#now();
      if (error instanceof OpenStackError && error.meaning !== "Unavailable")
        this.#refusal = { error, until: now + refusalMs };
      const held = this.#held;
      if (held === undefined || now >= held.expiresAt) throw error;
      log?.warn("Cannot renew the token of a cloud yet", { error: describeError(error) });
      this.#held = { ...held, renewAt: Math.min(now + renewAgainMs, held.expiresAt) };
      return held.issued;
    }
  }
}

/** What `promise` gives; throws what `signal` aborts with as soon as it does. */
export async function waitFor<T extends object>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const value = await orAborted(promise, signal);
  if (value !== undefined) return value;
  throw signal.reason;
}
