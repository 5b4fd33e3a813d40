/** What an actuator is given, without a cloud: what it asks of one is written down, and answered as told. */
import type { Context } from "../../controllers/openstack/actuator.ts";
import type { Service, ServiceRequest } from "../../openstack/service.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query?: ServiceRequest<unknown>["query"];
  readonly body?: unknown;
}

/** Answers in the service's words, or throws. */
export type Answer = (asked: Asked) => unknown;

/** By `GET /servers/1`: what is answered, or thrown where it is an Error; nothing to anything else. */
export const byLine =
  (answers: Readonly<Record<string, unknown>>): Answer =>
  ({ method, path }) => {
    const known = answers[`${method} ${path}`];
    if (known instanceof Error) throw known;
    return known ?? {};
  };

export interface RecordedService extends Service {
  readonly asked: readonly Asked[];
}

export function recordedService(answer: Answer): RecordedService {
  const asked: Asked[] = [];
  const request = <T>({ method = "GET", path, query, body, schema }: ServiceRequest<T>): Promise<T> => {
    const one = { method, path, ...(query && { query }), ...(body !== undefined && { body }) };
    asked.push(one);
    return Promise.resolve().then(() => schema.parse(answer(one)));
  };
  return {
    asked,
    projectId: () => Promise.resolve("own-project"),
    userId: () => Promise.resolve("own-user"),
    request,
    list: request,
  };
}

/** Ids of references are `<plural>-<name>`, values of Secrets `<name>/<key>`. */
export function contextOf(cloud: Service, more: Partial<Context> = {}): Context {
  const uid = "11111111-2222-3333-4444-555555555555";
  return {
    cloud,
    name: "subject",
    tag: `stowage.dev/uid=${uid}`,
    uid,
    beside: [],
    signal: new AbortController().signal,
    idOf: (type, name) => `${type.plural}-${name}`,
    observedOf: () => undefined,
    secret: (name, key) => Promise.resolve(`${name}/${key}`),
    secretMark: (name, key) => `mark-of-${name}/${key}`,
    ...more,
  };
}
