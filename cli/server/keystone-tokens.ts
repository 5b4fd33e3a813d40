/** Users sign in to our API with a token of Keystone. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TokenAuthenticator, TokenUser, User } from "../../api/auth/authentication.ts";
import { projectGroup, roleGroup } from "../../api/auth/project-rights.ts";
import { ApiError } from "../../api/status.ts";
import type { TokenLimit, Tokens } from "../../controllers/runtime/token-bucket.ts";
import { takeToken } from "../../controllers/runtime/token-bucket.ts";
import { OpenStackError } from "../../openstack/errors.ts";
import type { Token } from "../../openstack/keystone/tokens.ts";
import { validateOwnToken } from "../../openstack/keystone/tokens.ts";
import { Transport } from "../../openstack/transport.ts";
import type { Clock } from "../../process/clock.ts";
import type { Log } from "../../process/log.ts";
import { describeError } from "../../process/log.ts";

export interface KeystoneTokensOptions {
  /** What Keystone knows of a token; undefined where it does not hold it good. Throws where it does not say. */
  readonly validate: (token: string) => Promise<Token | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  /** For how long a token is taken, or refused, without asking again: what is revoked is good for no longer. A minute when absent. */
  readonly rememberMs?: number;
}

/** Tokens that are remembered: those that are good, and as many again that strangers made up. */
const mostTokens = 10_000;

/** How many tokens that were not good a minute ago Keystone is asked about at the same time. */
const mostStrangers = 16;

/** How many of those it may refuse: whoever makes up tokens does not take it away from others. */
const refusals: TokenLimit = { burst: 100, refillMs: 50 };

interface Good {
  /** Milliseconds since the epoch. */
  readonly askedAtMs: number;
  readonly token: Token;
}

/**
 * Tells whose a token of Keystone is. It remembers digests, so that its memory has no token in it, and those that are good
 * apart from the others, so that what is made up pushes none of them out.
 */
export class KeystoneTokens implements TokenAuthenticator {
  readonly #options: KeystoneTokensOptions;
  readonly #rememberMs: number;
  /** By digest; who was asked about first stands first. */
  readonly #good = new Map<string, Good>();
  /** By digest, when it was asked about. */
  readonly #refused = new Map<string, number>();
  readonly #asking = new Map<string, Promise<Good | undefined>>();
  #strangers = 0;
  #refusals: Tokens | undefined;
  #isAway = false;

  constructor(options: KeystoneTokensOptions) {
    this.#options = options;
    this.#rememberMs = options.rememberMs ?? 60_000;
  }

  async authenticate(id: string, audiences: readonly string[]): Promise<TokenUser | undefined> {
    // Keystone's are for nobody in particular, and somebody else's are no business of Keystone.
    if (audiences.length > 0 || !mayBeKeystones(id)) return undefined;
    const good = await this.#known(createHash("sha256").update(id).digest("base64"), id);
    if (good === undefined || !this.#lasts(good)) return undefined;
    const { askedAtMs, token } = good;
    const goodUntil = new Date(Math.min(askedAtMs + this.#rememberMs, Date.parse(token.expiresAt)));
    return { audiences: [], user: keystoneUser(token), goodUntil };
  }

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }

  /** A clock that was set back makes nothing younger. */
  #isFresh(askedAtMs: number): boolean {
    const ageMs = this.#nowMs() - askedAtMs;
    return ageMs >= 0 && ageMs < this.#rememberMs;
  }

  /** A time that cannot be read is over. */
  #lasts({ token }: Good): boolean {
    return Date.parse(token.expiresAt) > this.#nowMs();
  }

  /** Asks once for all who present it within a minute. Throws ServiceUnavailable, TooManyRequests. */
  async #known(key: string, id: string): Promise<Good | undefined> {
    const good = this.#good.get(key);
    if (good !== undefined && (this.#isFresh(good.askedAtMs) || !this.#lasts(good))) return good;
    const refusedAtMs = this.#refused.get(key);
    if (refusedAtMs !== undefined && this.#isFresh(refusedAtMs)) return undefined;
    const asking = this.#asking.get(key) ?? (good === undefined ? this.#askForStranger(key, id) : this.#ask(key, id));
    this.#asking.set(key, asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(key);
    }
  }

  async #askForStranger(key: string, id: string): Promise<Good | undefined> {
    const { clock } = this.#options;
    if (this.#strangers >= mostStrangers || takeToken(this.#refusals, refusals, clock.now()) === undefined)
      throw new ApiError("TooManyRequests", "Too many unknown tokens, please try again later.", {
        retryAfterSeconds: 1,
      });
    this.#strangers += 1;
    try {
      const good = await this.#ask(key, id);
      if (good === undefined) this.#refusals = takeToken(this.#refusals, refusals, clock.now()) ?? this.#refusals;
      return good;
    } finally {
      this.#strangers -= 1;
    }
  }

  async #ask(key: string, id: string): Promise<Good | undefined> {
    const askedAtMs = this.#nowMs();
    const token = await this.#validate(id);
    if (token === undefined) {
      this.#good.delete(key);
      remember(this.#refused, key, askedAtMs);
      return undefined;
    }
    const good = { askedAtMs, token };
    this.#refused.delete(key);
    remember(this.#good, key, good);
    return good;
  }

  /** The operator is told of an outage once, and of its end; whoever asks, each time. */
  async #validate(id: string): Promise<Token | undefined> {
    const { validate, log } = this.#options;
    try {
      const token = await validate(id);
      if (this.#isAway) log.info("Keystone says again whose tokens are");
      this.#isAway = false;
      return token;
    } catch (error) {
      if (!this.#isAway)
        log.warn("Keystone does not say whose tokens are: who comes with one gets 503 until it does", {
          error: describeError(error),
        });
      this.#isAway = true;
      const retryAfterMs = error instanceof OpenStackError ? error.retryAfterMs : undefined;
      throw new ApiError(
        "ServiceUnavailable",
        "Keystone does not say whose this token is: please try again later",
        { retryAfterSeconds: Math.max(1, Math.ceil((retryAfterMs ?? 0) / 1000)) },
        { cause: error },
      );
    }
  }
}

/** Forgets the oldest where there are too many. */
function remember<V>(known: Map<string, V>, key: string, value: V): void {
  known.delete(key);
  known.set(key, value);
  const [oldest] = known.keys();
  if (known.size > mostTokens && oldest !== undefined) known.delete(oldest);
}

/** A JWT with an issuer is somebody else's: Keystone's own JWS tokens name none. Source: keystone/token/token_formatters. */
function mayBeKeystones(id: string): boolean {
  if (!/^[\x21-\x7e]{1,4096}$/.test(id)) return false;
  const [, claims, signature] = id.split(".");
  if (claims === undefined || signature === undefined) return true;
  try {
    return (
      (JSON.parse(Buffer.from(claims, "base64url").toString("utf8")) as { readonly iss?: unknown }).iss === undefined
    );
  } catch {
    return false;
  }
}

/**
 * Names are Keystone's behind a prefix, so that nobody is called as an administrator of ours is, or as Kubernetes calls its own;
 * the uid tells apart who is called the same in two domains. Rights come from groups alone.
 */
export function keystoneUser({ user, project, domain, roles = [] }: Token): User {
  const name = `keystone:${user.name ?? user.id}`;
  const extra = {
    "openstack.stowage.dev/user-domain": user.domain?.name,
    "openstack.stowage.dev/project": project?.name,
    "openstack.stowage.dev/domain": domain?.name,
  };
  return {
    name,
    uid: user.id,
    groups: [
      ...(project === undefined ? [] : [projectGroup(project.id)]),
      ...roles.map((role) => roleGroup(role.name ?? role.id)),
    ],
    extra: Object.fromEntries(
      Object.entries(extra).flatMap(([key, value]) => (value === undefined ? [] : [[key, [value]]])),
    ),
  };
}

export interface KeystoneOptions {
  /** With or without /v3. */
  readonly authUrl: string;
  /** Path of a PEM file; the authorities that Node trusts where undefined. */
  readonly ca: string | undefined;
}

/** How long a request of ours waits for Keystone. */
const patienceMs = 10_000;

export interface KeystoneAuthentication extends AsyncDisposable {
  readonly authenticator: TokenAuthenticator;
}

/** Reads the authority's file; asks Keystone nothing yet. */
export async function keystoneAuthentication(
  { authUrl, ca }: KeystoneOptions,
  { random, ...options }: Omit<KeystoneTokensOptions, "validate"> & { readonly random: () => number },
): Promise<KeystoneAuthentication> {
  const { clock } = options;
  const cacert = ca === undefined ? {} : { cacert: await readFile(ca, "utf8") };
  // Strangers leave room for those who were let in before.
  const concurrency = 2 * mostStrangers;
  const transport = new Transport({ ...cacert, insecure: false }, { clock, random, concurrency });
  const base = authUrl.replace(/\/+$/, "");
  const url = base.endsWith("/v3") ? base : `${base}/v3`;
  const validate = async (id: string): Promise<Token | undefined> => {
    const late = new AbortController();
    using _timer = clock.after(patienceMs, () => {
      late.abort(new Error(`${url} does not answer within ${patienceMs / 1000} s`));
    });
    return await validateOwnToken((outgoing) => transport.send(outgoing), id, {
      url,
      now: () => clock.now(),
      signal: late.signal,
    });
  };
  return {
    authenticator: new KeystoneTokens({ ...options, validate }),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
