/** Who asks: the ways to tell, in their order. */
import type { PeerCertificate } from "node:tls";
import { ApiError } from "../status.ts";

/** Who asks. Source: user.Info in k8s.io/apiserver/pkg/authentication/user/user.go. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** May do everything. Source: rbac's cluster role binding cluster-admin. */
export const mastersGroup = "system:masters";
/** Everybody who is known. */
export const authenticatedGroup = "system:authenticated";
export const unauthenticatedGroup = "system:unauthenticated";

/** Who acts when no request does: the controllers of this process. Source: user.APIServerUser. */
export const serverUser: User = { name: "system:apiserver", groups: [mastersGroup, authenticatedGroup] };

/** Whoever did not say who. Source: user.Anonymous in k8s.io/apiserver/pkg/authentication/user/user.go. */
export const anonymous: User = { name: "system:anonymous", groups: [unauthenticatedGroup] };

export const isPrivileged = ({ groups }: User): boolean => groups.includes(mastersGroup);

/** A bearer token's user, and for which of the audiences asked for it was made. */
export interface TokenUser {
  readonly user: User;
  readonly audiences: readonly string[];
  /**
   * Until when that is known; what goes on for longer is asked about again. Absent where who was let in stays in, as with
   * the tokens of ServiceAccounts upstream.
   */
  readonly goodUntil?: Date;
}

/** Who asks, and until when that is known. */
export type Asker = Pick<TokenUser, "user" | "goodUntil">;

/** Tells whose a bearer token is. They are asked in order, until one knows the token. */
export interface TokenAuthenticator {
  /**
   * Undefined for a token that is none of its own. Throws Error, which says why, for one that is and cannot be taken, and
   * ApiError (ServiceUnavailable, TooManyRequests) where it cannot tell now.
   */
  authenticate(token: string, audiences: readonly string[]): Promise<TokenUser | undefined>;
}

/**
 * The user that a client certificate stands for: common name and organizations.
 * Source: k8s.io/apiserver/pkg/authentication/request/x509/x509.go.
 */
export function userOf({ subject }: Pick<PeerCertificate, "subject">): User | undefined {
  // Types say string; Node gives a list where a name has several values.
  const values = (value: unknown): readonly string[] =>
    (Array.isArray(value) ? (value as unknown[]) : [value]).filter((one) => typeof one === "string");
  const [name] = values(subject.CN);
  return name === undefined || name === "" ? undefined : authenticated({ name, groups: values(subject.O) });
}

/** Source: AuthenticatedGroupAdder in k8s.io/apiserver/pkg/authentication/group. */
function authenticated(user: User): User {
  const { name, groups } = user;
  if (name === anonymous.name || groups.includes(authenticatedGroup)) return user;
  return { ...user, groups: [...groups, authenticatedGroup] };
}

/**
 * Whose token it is, by the first authenticator that knows it; undefined when none does. Throws Error, which says why,
 * when none of those that know it takes it, and ApiError when one of them cannot tell now.
 */
export async function userOfToken(
  authenticators: readonly TokenAuthenticator[],
  token: string,
  audiences: readonly string[],
): Promise<TokenUser | undefined> {
  const errors: string[] = [];
  let unsure: ApiError | undefined;
  for (const authenticator of authenticators) {
    try {
      const found = await authenticator.authenticate(token, audiences);
      if (found !== undefined) return { ...found, user: authenticated(found.user) };
    } catch (error) {
      if (error instanceof ApiError) unsure = error;
      else errors.push((error as Error).message);
    }
  }
  if (unsure !== undefined) throw unsure;
  if (errors.length > 0) throw new Error(errors.join(", "));
  return undefined;
}

/** Source: k8s.io/apiserver/pkg/authentication/request/bearertoken/bearertoken.go. */
function bearerOf(authorization = ""): string | undefined {
  const [scheme = "", token = ""] = authorization.trim().split(" ", 2);
  return scheme.toLowerCase() === "bearer" && token !== "" ? token : undefined;
}

/**
 * Whose token the headers hold: Authorization, or X-Auth-Token, in which OpenStack's clients send theirs; undefined when
 * there is none. Throws Unauthorized for one that nobody knows or takes, ServiceUnavailable and TooManyRequests where that
 * cannot be told now.
 */
export async function userOfHeaders(
  authenticators: readonly TokenAuthenticator[],
  header: (name: string) => string | undefined,
): Promise<Asker | undefined> {
  const token = bearerOf(header("authorization")) ?? header("x-auth-token")?.trim();
  if (token === undefined || token === "") return undefined;
  const found = await userOfToken(authenticators, token, []).catch((error: unknown) => {
    if (error instanceof ApiError) throw error;
    return undefined;
  });
  if (found === undefined) throw unauthorized();
  return found;
}

export function unauthorized(): ApiError {
  return new ApiError("Unauthorized", "Unauthorized");
}
