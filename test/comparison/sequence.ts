/**
 * What is compared: sequences of requests, each sent to both servers in a namespace of its own.
 *
 * In paths, header values and bodies `$ns` stands for that namespace, `$group` for an API group that is the sequence's own,
 * and `{name.path.to.value}` for a value in an earlier answer that was given a name.
 */

/** The answer's body, as far as it is known: JSON of any form. */
export type Body = Readonly<Record<string, unknown>>;

export interface RequestStep {
  readonly do: "request";
  readonly method: string;
  readonly path: string;
  /** Sent as JSON, unless it is text (sent as it is); nothing when undefined. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** What later steps call the answer. */
  readonly name?: string;
  /** Sent again and again until the answer says so; only the last answer is compared. */
  readonly until?: (status: number, body: Body) => boolean;
  /** The part of the body that is compared; all of it when absent. */
  readonly part?: (body: Body) => unknown;
}

export interface WatchStep {
  readonly do: "watch";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly name: string;
}

/** Waits until a watch has told so many events since the last such step. */
export interface EventsStep {
  readonly do: "events";
  readonly watch: string;
  readonly count: number;
}

/** Waits until the server has ended a watch, and compares what it told until then. */
export interface EndStep {
  readonly do: "end";
  readonly watch: string;
}

export type Step = RequestStep | WatchStep | EventsStep | EndStep;

export interface Sequence {
  /** `area: what it is about`. */
  readonly name: string;
  readonly steps: readonly Step[];
}

export type Headers = Readonly<Record<string, string>>;
type Sequences = Readonly<Record<string, readonly Step[]>>;

/** The sequences of one area, by what they are about. */
export function area(name: string, sequences: Sequences): readonly Sequence[] {
  return Object.entries(sequences).map(([about, steps]) => ({ name: `${name}: ${about}`, steps }));
}

/** A sequence for each row of a table: `about` names it. */
export function each<Row>(
  rows: Readonly<Record<string, Row>>,
  steps: (row: Row, about: string) => readonly Step[],
): Sequences {
  return Object.fromEntries(Object.entries(rows).map(([about, row]) => [about, steps(row, about)]));
}

export function send(method: string, path: string, body?: unknown, headers: Headers = {}): RequestStep {
  return { do: "request", method, path, body, headers };
}

export const get = (path: string, headers?: Headers): RequestStep => send("GET", path, undefined, headers);
export const post = (path: string, body: unknown, headers?: Headers): RequestStep => send("POST", path, body, headers);
export const put = (path: string, body: unknown, headers?: Headers): RequestStep => send("PUT", path, body, headers);
export const remove = (path: string, body?: unknown): RequestStep => send("DELETE", path, body);

/** A form of PATCH, and the media type that asks for it. */
const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

export function patch(type: keyof typeof patchTypes, path: string, body: unknown): RequestStep {
  return send("PATCH", path, body, { "content-type": patchTypes[type] });
}

/** Server-side apply of `body` by `manager`; `query` is added to the request's. */
export function apply(manager: string, path: string, body: unknown, query = ""): RequestStep {
  return patch("apply", `${path}?fieldManager=${manager}${query === "" ? "" : `&${query}`}`, body);
}

/** Gives the answer a name, for later steps. */
export const named = (name: string, step: RequestStep): RequestStep => ({ ...step, name });

/** Compares only a part of the answer's body. */
export const only = (step: RequestStep, part: (body: Body) => unknown): RequestStep => ({ ...step, part });

/** Repeats a request until its answer is as wanted. */
export const until = (step: RequestStep, enough: (status: number, body: Body) => boolean): RequestStep => ({
  ...step,
  until: enough,
});

/**
 * A list as new as the write that was given a name; `part` of it is compared. kube-apiserver lists by revision from a watch
 * cache that lags behind what is written, but for such a list: once it has answered, so does the cache.
 */
export const listAfter = (name: string, path: string, part: (body: Body) => unknown): RequestStep =>
  only(get(`${path}?resourceVersion={${name}.metadata.resourceVersion}`), part);

export const watch = (name: string, path: string, headers: Headers = {}): WatchStep => ({
  do: "watch",
  name,
  path,
  headers,
});
export const events = (name: string, count: number): EventsStep => ({ do: "events", watch: name, count });
export const end = (name: string): EndStep => ({ do: "end", watch: name });

/** A body made from an earlier answer, changed by a merge patch. */
export class Changed {
  readonly answer: string;
  readonly change: Body;

  constructor(answer: string, change: Body) {
    this.answer = answer;
    this.change = change;
  }
}

export const changed = (answer: string, change: Body): Changed => new Changed(answer, change);
