/** Users sign in to our API with a token of Keystone. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TokenAuthenticator, TokenUser, User } from "../../api/auth/authentication.ts";
import { projectGroup, roleGroup } from "../../api/auth/project-rights.ts";
import type { Token } from "../../openstack/keystone/tokens.ts";
import { validateOwnToken } from "../../openstack/keystone/tokens.ts";
import { Transport } from "../../openstack/transport.ts";
import type { Clock } from "../../process/clock.ts";

export interface KeystoneTokensOptions {
  /** What Keystone knows of a token; undefined where it does not hold it good. Throws where it does not say. */
  readonly validate: (token: string) => Promise<Token | undefined>;
  readonly clock: Clock;
}

/** For how long a token is taken, or refused, without asking again: what is revoked is good for no longer. */
const rememberMs = 60_000;

/** Tokens that are remembered: what strangers make up does not fill the memory. */
const mostTokens = 10_000;

interface Known {
  readonly askedAtMs: number;
  readonly token: Promise<Token | undefined>;
}

/** Tells whose a token of Keystone is. It remembers digests, so that its memory has no token in it. */
export class KeystoneTokens implements TokenAuthenticator {
  readonly #options: KeystoneTokensOptions;
  /** By digest; who was asked for first stands first. */
  readonly #known = new Map<string, Known>();

  constructor(options: KeystoneTokensOptions) {
    this.#options = options;
  }

  async authenticate(id: string, audiences: readonly string[]): Promise<TokenUser | undefined> {
    // Keystone's are for nobody in particular, and somebody else's are no business of Keystone.
    if (audiences.length > 0 || !mayBeKeystones(id)) return undefined;
    const token = await this.#token(id);
    // A time that cannot be read is over.
    if (token === undefined || !(Date.parse(token.expiresAt) > this.#nowMs())) return undefined;
    return { audiences: [], user: keystoneUser(token) };
  }

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }

  /** Asks once for all who present it within a minute. */
  #token(id: string): Promise<Token | undefined> {
    const key = createHash("sha256").update(id).digest("base64");
    const known = this.#known.get(key);
    const nowMs = this.#nowMs();
    const ageMs = known === undefined ? rememberMs : nowMs - known.askedAtMs;
    // A clock that was set back makes nothing younger.
    if (known !== undefined && ageMs >= 0 && ageMs < rememberMs) return known.token;
    const token = this.#options.validate(id);
    this.#known.delete(key);
    this.#known.set(key, { askedAtMs: nowMs, token });
    // No answer is none to remember.
    token.catch(() => {
      if (this.#known.get(key)?.token === token) this.#known.delete(key);
    });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostTokens && oldest !== undefined) this.#known.delete(oldest);
    return token;
  }
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
  options: { readonly clock: Clock; readonly random: () => number },
): Promise<KeystoneAuthentication> {
  const { clock } = options;
  const cacert = ca === undefined ? {} : { cacert: await readFile(ca, "utf8") };
  const transport = new Transport({ ...cacert, insecure: false }, options);
  const base = authUrl.replace(/\/+$/, "");
  const url = base.endsWith("/v3") ? base : `${base}/v3`;
  const validate = (id: string): Promise<Token | undefined> =>
    validateOwnToken((outgoing) => transport.send(outgoing), id, {
      url,
      now: () => clock.now(),
      signal: AbortSignal.timeout(patienceMs),
    });
  return {
    authenticator: new KeystoneTokens({ validate, clock }),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
