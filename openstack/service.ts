/** What the modules of each service (neutron/, cinder/, ...) ask of a session. */
import type { z } from "zod";

/** As the catalog calls them; older and newer names of a type are looked for alike (service-types-authority). */
export type ServiceType = "identity" | "network" | "block-storage" | "image" | "compute" | "placement";

export interface ServiceRequest<T> {
  readonly service: ServiceType;
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the service's versioned endpoint, with a slash first: /networks. Ids in it go through encodeURIComponent. */
  readonly path: string;
  /** Absent values are left out; a list repeats its key. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  /**
   * As JSON, or as it is where it is bytes or an AsyncIterable of them, which is read once and so sent once; says so with
   * `headers`.
   */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of compute or block-storage: 3.59, or latest. */
  readonly microversion?: string;
  /** For errors: "create network web". */
  readonly action: string;
  /** What the answer is like, in the service's words; what it does not name is dropped. */
  readonly schema: z.ZodType<T>;
  readonly signal?: AbortSignal;
}

/** Who speaks to one cloud as one user in one project. Throws OpenStackError, and what `signal` aborts with. */
export interface Service {
  /** The id of the one project that it may act in, where the credentials are lent: see confinement.ts. */
  readonly onlyProject?: string | undefined;
  /** The id of the project that the token is for; undefined where it is for a domain or the system. */
  projectId(signal?: AbortSignal): Promise<string | undefined>;
  /** The id of the user that the token is for. */
  userId(signal?: AbortSignal): Promise<string>;
  request<T>(request: ServiceRequest<T>): Promise<T>;
  /** Every page of a list, as `schema` finds the items of one: `{ networks: [...], networks_links: [...] }`. */
  list<T>(request: ServiceRequest<readonly T[]>): Promise<readonly T[]>;
}
