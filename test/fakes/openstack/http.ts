/** What the services of the fake OpenStack are made of: routes, refusals, tables, pages. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { z } from "zod";

export type Json = Readonly<Record<string, unknown>>;

/** Who asks, as their token says. */
/** A value as a query has it; nothing is empty. */
export const textOf = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

export interface Identity {
  readonly userId: string;
  readonly projectId: string | undefined;
  readonly domainId: string | undefined;
  readonly system: boolean;
  readonly roles: readonly string[];
}

export const isAdmin = ({ roles }: Identity): boolean => roles.includes("admin");

/** May look, and no more. */
export const isReader = ({ roles }: Identity): boolean => !roles.includes("admin") && !roles.includes("member");

export interface Call {
  readonly method: string;
  /** Below the service's prefix, without its query: /networks/ID. */
  readonly path: string;
  /** Up to and with the service's prefix: for links. */
  readonly base: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** As JSON; undefined where there is none. */
  readonly body: unknown;
  readonly bytes: Buffer;
  readonly who: Identity;
  /** Of what a route has in braces. */
  param(name: string): string;
}

export interface Answer {
  readonly status: number;
  /** As JSON, or as it is where it is bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a service answers with a status of 400 or above, in its own form. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly answer: Answer;
  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    super(`${status} ${JSON.stringify(body)}`);
    this.answer = { status, body, headers };
  }
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: Handler;
  readonly open: boolean;
}

export interface Found {
  readonly handler: Handler;
  /** Whether it takes no token. */
  readonly open: boolean;
  readonly params: Readonly<Record<string, string>>;
}

/** The routes of one service: `on("GET /networks/{id}", ...)`. The first that matches is taken. */
export class Routes {
  readonly #routes: Route[] = [];

  on(route: string, handler: Handler, { open = false } = {}): void {
    const [method = "", path = ""] = route.split(" ");
    const pattern = new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}/?$`);
    this.#routes.push({ method, pattern, handler, open });
  }

  find(method: string, path: string): Found | undefined {
    for (const route of this.#routes) {
      const match = route.method === method ? route.pattern.exec(path) : null;
      if (match === null) continue;
      const params = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
      return { ...route, params: Object.fromEntries(params) as Record<string, string> };
    }
    return undefined;
  }
}

/** One service of the fake. */
export interface FakeService {
  /** As its paths begin: /network. */
  readonly prefix: string;
  readonly routes: Routes;
  /** The answer to what no token lets in. */
  unauthorized(): Answer;
  notFound(path: string): Answer;
  /** What it answers to a fault of its own, and to one that a test asks for. */
  failure(status: number): Answer;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const accepted = (body?: unknown): Answer => (body === undefined ? { status: 202 } : { status: 202, body });
export const noContent: Answer = { status: 204 };

/** What the body has below `key`, as `schema` takes it; `refuse` says no in the service's words. */
export function bodyOf<S extends z.ZodType>(
  call: Call,
  key: string | undefined,
  schema: S,
  refuse: (issue: z.core.$ZodIssue | undefined) => Refusal,
): z.output<S> {
  const body = call.body as Json | undefined;
  const result = schema.safeParse(key === undefined ? body : body?.[key]);
  if (!result.success) throw refuse(result.error.issues[0]);
  return result.data;
}

/** Rows by id, in the order in which they came. */
export class Table<R extends { readonly id: string }> {
  readonly #rows = new Map<string, R>();

  get(id: string | null | undefined): R | undefined {
    return id === null || id === undefined ? undefined : this.#rows.get(id);
  }

  add(row: R): R {
    this.#rows.set(row.id, row);
    return row;
  }

  delete(id: string): boolean {
    return this.#rows.delete(id);
  }

  find(test: (row: R) => boolean): R | undefined {
    return this.all.find(test);
  }

  filter(test: (row: R) => boolean): readonly R[] {
    return this.all.filter(test);
  }

  get all(): readonly R[] {
    return [...this.#rows.values()];
  }
}

/** Ids as Keystone has them. */
export const hexId = (): string => randomUUID().replaceAll("-", "");

/** One page of `rows`, after `marker`, and the address of the next one. */
export function pageOf<R extends { readonly id: string }>(
  rows: readonly R[],
  call: Call,
): { readonly page: readonly R[]; readonly next: string | undefined } {
  const marker = call.query.get("marker");
  const limit = Number(call.query.get("limit") ?? "0");
  const from = marker === null ? 0 : rows.findIndex(({ id }) => id === marker) + 1;
  if (limit <= 0) return { page: rows.slice(from), next: undefined };
  const page = rows.slice(from, from + limit);
  const last = page.at(-1);
  if (last === undefined || from + limit >= rows.length) return { page, next: undefined };
  const query = new URLSearchParams(call.query);
  query.set("marker", last.id);
  return { page, next: `${call.base}${call.path}?${query.toString()}` };
}

/** A page with `..._links`, as Neutron, Cinder and Nova have them. */
export function linkedPage<R extends { readonly id: string }>(
  name: string,
  rows: readonly R[],
  call: Call,
  show: (row: R) => unknown,
): Answer {
  const { page, next } = pageOf(rows, call);
  const links = next === undefined ? {} : { [`${name}_links`]: [{ rel: "next", href: next }] };
  return ok({ [name]: page.map(show), ...links });
}
