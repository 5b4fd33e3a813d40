/** Keystone's tokens: how one is asked for, and what one says. Source: Identity API v3, "Authentication and token management". */
import { z } from "zod";
import type { Credentials, Named, Scope } from "../cloud-config.ts";
import { means, OpenStackError } from "../errors.ts";
import type { Answer } from "../refusal.ts";
import { refusalOf } from "../refusal.ts";
import { secretsIn } from "../secrets.ts";
import type { Service } from "../service.ts";
import type { Outgoing } from "../transport.ts";
import { payloadOf } from "../transport.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const domain = wire({ id: z.string(), name: z.string().optional() });
const owned = wire({ id: z.string(), name: z.string().optional(), domain: domain.schema.optional() });
const endpoint = wire({
  interface: z.string().optional(),
  region: z.string().optional(),
  regionId: z.string().optional(),
  url: z.string().optional(),
});
const entry = wire({ type: z.string(), name: z.string().optional(), endpoints: z.array(endpoint.schema) });

const token = wire({
  methods: z.array(z.string()),
  /** RFC 3339. */
  expiresAt: z.string(),
  issuedAt: z.string().optional(),
  user: owned.schema,
  /** What it is good for: one of project, domain and system, or none. */
  project: owned.schema.optional(),
  domain: domain.schema.optional(),
  system: z.record(z.string(), z.unknown()).optional(),
  roles: z.array(owned.schema).optional(),
  catalog: z.array(entry.schema).optional(),
});

export type Token = Of<typeof token>;

/** A token, and what it is said with. The id is a secret. */
export interface IssuedToken {
  readonly id: string;
  readonly token: Token;
}

const envelope = z.object({ token: token.schema }).transform((body) => body.token);

/**
 * What Keystone knows of a token; undefined where it does not hold it good (expired, revoked, made up). Its catalog is
 * left out. The service's own user may ask for any token if it has the role that Keystone's policy wants
 * (identity:validate_token: reader of the system, or service).
 */
export async function validateToken(service: Service, id: string, signal?: AbortSignal): Promise<Token | undefined> {
  try {
    return await service.request({
      service: "identity",
      path: "/auth/tokens",
      query: { nocatalog: true },
      headers: { "x-subject-token": id },
      action: "validate a token",
      schema: envelope,
      ...(signal && { signal }),
    });
  } catch (error) {
    if (means(error, "NotFound")) return undefined;
    throw error;
  }
}

/** The body of POST /auth/tokens. It has the secret. Pure. */
export function authBody(credentials: Credentials, scope: Scope): object {
  const { method } = credentials;
  const asked = scopeBody(scope);
  return {
    auth: {
      identity: { methods: [method], [method]: identityBody(credentials) },
      // Keystone refuses a scope with an application credential, which has its own.
      ...(asked !== undefined && method !== "application_credential" && { scope: asked }),
    },
  };
}

const named = (one: Named): object => ("id" in one ? { id: one.id } : { name: one.name, domain: one.domain });

function identityBody(credentials: Credentials): object {
  switch (credentials.method) {
    case "password":
      return { user: { ...named(credentials.user), password: credentials.password } };
    case "token":
      return { id: credentials.token };
    case "application_credential":
      return "id" in credentials
        ? { id: credentials.id, secret: credentials.secret }
        : { name: credentials.name, user: named(credentials.user), secret: credentials.secret };
  }
}

function scopeBody(scope: Scope): object | undefined {
  switch (scope.kind) {
    case "project":
      return { project: named(scope.project) };
    case "domain":
      return { domain: scope.domain };
    case "system":
      return { system: { all: true } };
    case "unscoped":
      return undefined;
  }
}

/** What is kept from messages. */
export const secretOf = (credentials: Credentials): string => {
  switch (credentials.method) {
    case "password":
      return credentials.password;
    case "token":
      return credentials.token;
    case "application_credential":
      return credentials.secret;
  }
};

export interface IssueOptions {
  /** Keystone's, with /v3. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly scope: Scope;
  readonly action: string;
  readonly now: () => Date;
  readonly signal?: AbortSignal;
}

/** A new token. Throws OpenStackError: Unauthorized for whatever is wrong with the credentials or with the URL. */
export async function issueToken(
  send: (outgoing: Outgoing) => Promise<Answer>,
  { url, credentials, scope, action, now, signal }: IssueOptions,
): Promise<IssuedToken> {
  const body = authBody(credentials, scope);
  const payload = payloadOf(body);
  const answer = await send({
    service: "identity",
    method: "POST",
    url: `${url}/auth/tokens`,
    headers: { accept: "application/json" },
    action,
    ...(payload && { payload }),
    ...(signal && { signal }),
  });
  const { status, headers, text } = answer;
  if (status >= 200 && status < 300) {
    const id = headers["x-subject-token"];
    const parsed = envelope.safeParse(json(text));
    if (id !== undefined && parsed.success) return { id, token: parsed.data };
    throw new OpenStackError({
      action,
      meaning: "Unauthorized",
      status,
      message: `${url} does not answer as Keystone does`,
    });
  }
  const secrets = [secretOf(credentials), ...secretsIn(body)];
  const refusal = refusalOf({ service: "identity", action, answer, secrets, now: now() });
  // Whatever else it is, it is not for the object that the token was needed for.
  throw means(refusal, "Unavailable") && status !== 404 ? refusal : refusal.as("Unauthorized");
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface ValidateOptions {
  /** Keystone's, with /v3. */
  readonly url: string;
  readonly now: () => Date;
  readonly signal?: AbortSignal;
}

/**
 * What Keystone knows of a token, asked with the token itself, as its policy lets everybody do (identity:validate_token,
 * rule token_subject); undefined where it does not hold it good. Throws OpenStackError where it does not say.
 */
export async function validateOwnToken(
  send: (outgoing: Outgoing) => Promise<Answer>,
  id: string,
  { url, now, signal }: ValidateOptions,
): Promise<Token | undefined> {
  const action = "validate a token";
  const answer = await send({
    service: "identity",
    method: "GET",
    url: `${url}/auth/tokens?nocatalog`,
    headers: { accept: "application/json", "x-auth-token": id, "x-subject-token": id },
    action,
    ...(signal && { signal }),
  });
  // 400: what no token can be.
  if (answer.status === 401 || answer.status === 400) return undefined;
  if (answer.status < 200 || answer.status >= 300) {
    const refusal = refusalOf({ service: "identity", action, answer, secrets: [id], now: now() });
    if (refusal.meaning === "NotFound") return undefined;
    throw refusal;
  }
  const parsed = envelope.safeParse(json(answer.text));
  if (parsed.success) return parsed.data;
  throw new OpenStackError({
    action,
    meaning: "Unavailable",
    status: answer.status,
    message: `${url} does not answer as Keystone does`,
  });
}
