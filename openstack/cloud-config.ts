/** What a session needs to know to speak to one cloud: clouds-yaml.ts reads it, session.ts uses it. */
import type { ServiceType } from "./service.ts";

/** By its id, or by its name in a domain. */
export type Named = { readonly id: string } | { readonly name: string; readonly domain: DomainRef };

export type DomainRef = { readonly id: string } | { readonly name: string };

/** Who we are to Keystone. Never for a log or an error. */
export type Credentials =
  | { readonly method: "password"; readonly user: Named; readonly password: string }
  | { readonly method: "token"; readonly token: string }
  | { readonly method: "application_credential"; readonly id: string; readonly secret: string }
  | { readonly method: "application_credential"; readonly name: string; readonly user: Named; readonly secret: string };

/** What a token is to be good for. An application credential has its project in itself, and asks for nothing. */
export type Scope =
  | { readonly kind: "project"; readonly project: Named }
  | { readonly kind: "domain"; readonly domain: DomainRef }
  | { readonly kind: "system" }
  | { readonly kind: "unscoped" };

/** Which of a service's endpoints is spoken to. */
export type Interface = "public" | "internal" | "admin";

/** What one service's endpoint is chosen by, where it is not chosen as the others are. */
export interface EndpointChoice {
  /** Instead of what the catalog has. `%(project_id)s` in it stands for the project's id. */
  readonly url?: string;
  readonly interface?: Interface;
  readonly region?: string;
}

export interface CloudConfig {
  /** As clouds.yaml calls it; for messages. */
  readonly name: string;
  /** Where Keystone is, with or without /v3. */
  readonly authUrl: string;
  readonly credentials: Credentials;
  readonly scope: Scope;
  /**
   * The id of the one project that may be acted in, whatever `scope` says: the credentials are lent to who is to reach
   * nothing else. See confinement.ts.
   */
  readonly onlyProject?: string;
  /** Absent: the first that the catalog has. */
  readonly region?: string;
  readonly interface: Interface;
  /** PEM. Absent: the certificates that Node trusts. */
  readonly cacert?: string;
  /** Path of a file with it, for who may read files; used where `cacert` is not given. */
  readonly cacertFile?: string;
  /** Takes any certificate. */
  readonly insecure: boolean;
  readonly services: Partial<Readonly<Record<ServiceType, EndpointChoice>>>;
}

/**
 * Where a cloud is, for people: Keystone's address and the region, and what services are elsewhere. The same for all who
 * speak to one cloud, whoever they are there.
 */
export function placeOf({ authUrl, region, services }: Pick<CloudConfig, "authUrl" | "region" | "services">): string {
  const elsewhere = Object.entries(services)
    .map(([service, { url, region: other }]) => ({ service, where: url === undefined ? other : addressOf(url) }))
    .filter(({ where }) => where !== undefined)
    .map(({ service, where = "" }) => `${service} at ${where}`)
    .sort();
  return [addressOf(authUrl), ...(region === undefined ? [] : [`region ${region}`]), ...elsewhere].join(", ");
}

/** Without a user and a query, which are nobody's business; Keystone is one with and without /v3. */
function addressOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, "").replace(/\/v3$/, "")}`;
}
