/** What OpenStack answers with when it does not do as asked. */

/** What an answer means, however the service words it. */
export type Meaning =
  /** The resource, or one that it needs, is not there. */
  | "NotFound"
  /** Asked for something that can never be: 400, 413 of a body, 422. */
  | "BadRequest"
  /** The credentials are not taken, or are not allowed to do this. */
  | "Unauthorized"
  | "Forbidden"
  /** There is one already, by what has to be unique. */
  | "AlreadyExists"
  /** It is in use, or in a state in which this cannot be done; that may pass. */
  | "Conflict"
  | "QuotaExceeded"
  /** Too many requests, an outage, a connection that broke, no answer in time: worth asking again. */
  | "Unavailable";

export interface OpenStackErrorOptions extends ErrorOptions {
  /** What was to be done, for people: "create network". */
  readonly action: string;
  readonly meaning: Meaning;
  /** HTTP status; absent where there was no answer. */
  readonly status?: number;
  /** What the service said, on one line. */
  readonly message: string;
  /** As its log has it (x-openstack-request-id). */
  readonly requestId?: string;
  /** How long it asks to be left alone, in ms. */
  readonly retryAfterMs?: number;
  /** Whether the request was sent and no answer came: it may be carried out yet. */
  readonly isUnanswered?: boolean;
}

/** A request that failed. Its message names the action, what the service said, and the id of the request in its log. */
export class OpenStackError extends Error {
  override readonly name = "OpenStackError";
  readonly meaning: Meaning;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isUnanswered: boolean;

  readonly #options: OpenStackErrorOptions;

  constructor(options: OpenStackErrorOptions) {
    const { action, meaning, status, message, requestId, retryAfterMs, isUnanswered = false, cause } = options;
    const code = status === undefined ? "" : ` (${status})`;
    const id = requestId === undefined ? "" : ` [${requestId}]`;
    super(`${action}: ${message}${code}${id}`, { cause });
    this.meaning = meaning;
    this.status = status;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
    this.isUnanswered = isUnanswered;
    this.#options = options;
  }

  /** The same, for who knows better what it means. */
  as(meaning: Meaning): OpenStackError {
    return new OpenStackError({ ...this.#options, meaning });
  }
}

/** Whether `error` is an answer of that meaning. */
export const means = (error: unknown, ...meanings: readonly Meaning[]): error is OpenStackError =>
  error instanceof OpenStackError && meanings.includes(error.meaning);
