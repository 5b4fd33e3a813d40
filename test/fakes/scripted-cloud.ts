/** A cloud for unit tests of an actuator: it notes what it is asked for, and answers as told. */
import type { Context, Moment } from "../../controllers/openstack/actuator.ts";
import type { Service, ServiceRequest } from "../../openstack/service.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly query?: unknown;
}

/** In the service's own words; throws what the service refuses with. */
export type Answer = (asked: Asked) => unknown;

/** By `GET /servers/1`: what is answered, or thrown where it is an Error; nothing to anything else. */
export const byLine =
  (answers: Readonly<Record<string, unknown>>): Answer =>
  ({ method, path }) => {
    const known = answers[`${method} ${path}`];
    if (known instanceof Error) throw known;
    return known ?? {};
  };

export class ScriptedCloud implements Service {
  readonly asked: Asked[] = [];
  readonly #answer: Answer;

  constructor(answer: Answer = ({ body }) => body) {
    this.#answer = answer;
  }

  projectId(): Promise<string> {
    return Promise.resolve("home");
  }

  userId(): Promise<string> {
    return Promise.resolve("me");
  }

  async request<T>({ method = "GET", path, body, query, schema }: ServiceRequest<T>): Promise<T> {
    const asked = { method, path, ...(body !== undefined && { body }), ...(query !== undefined && { query }) };
    this.asked.push(asked);
    return schema.parse(this.#answer(asked));
  }

  async list<T>(request: ServiceRequest<readonly T[]>): Promise<readonly T[]> {
    return this.request(request);
  }
}

/** References stand for ids such as `ports/web`. */
export function contextOf(cloud: Service = new ScriptedCloud(), more: Partial<Context> = {}): Context {
  return {
    cloud,
    name: "web",
    uid: "u1",
    tag: "stowage.dev/uid=u1",
    beside: [],
    signal: new AbortController().signal,
    idOf: ({ plural }, name) => `${plural}/${name}`,
    observedOf: () => undefined,
    secret: () => Promise.reject(new Error("there is no Secret")),
    secretMark: (name, key) => `mark-of-${name}/${key}`,
    ...more,
  };
}

/** The first look at an object. */
export const moment: Moment = { now: new Date(0), wasReady: false };
