/** What may be asked again without harm, and when. Pure; docs/openstack.md has it as a table. */

/** How one attempt ended. */
export type Attempt =
  | { readonly kind: "answered"; readonly status: number; readonly retryAfterMs: number | undefined }
  /** No connection came to be: nothing was sent. */
  | { readonly kind: "unreachable" }
  /** The connection broke: the service may have done it, or may not. */
  | { readonly kind: "broken" }
  /** Neither an answer nor an end in time. */
  | { readonly kind: "silent" }
  /** It will be the same each time: a certificate that is not trusted. */
  | { readonly kind: "hopeless" };

export interface Asked {
  readonly method: string;
  /** Whether what is sent can be sent twice; a stream cannot. */
  readonly repeatable: boolean;
  /** How many times it was asked by now, this one included. */
  readonly attempts: number;
}

const mostAttempts = 4;
const firstPauseMs = 200;

/** How long a service may have us wait within one request; who asks for longer is left to the caller. */
export const longestPauseMs = 30_000;

/** How long to wait before asking again, in ms; undefined: do not. */
export function pauseBefore(asked: Asked, attempt: Attempt, random: () => number): number | undefined {
  if (!asked.repeatable || asked.attempts >= mostAttempts) return undefined;
  const backoff = Math.round(firstPauseMs * 2 ** (asked.attempts - 1) * (0.5 + random()));
  switch (attempt.kind) {
    case "unreachable":
      return backoff;
    case "broken":
      return asked.method === "GET" ? backoff : undefined;
    // It has taken long enough, and who is slow is not helped by more of the same.
    case "silent":
    case "hopeless":
      return undefined;
    case "answered":
      return answered(asked.method, attempt.status, attempt.retryAfterMs, backoff);
  }
}

function answered(
  method: string,
  status: number,
  retryAfterMs: number | undefined,
  backoff: number,
): number | undefined {
  // Who says when to come again has not done it.
  if ((status === 429 || status === 503) && retryAfterMs !== undefined)
    return retryAfterMs > longestPauseMs ? undefined : Math.max(retryAfterMs, backoff);
  if (status === 429) return backoff;
  return method === "GET" && (status === 502 || status === 503 || status === 504) ? backoff : undefined;
}

/** From the header: seconds, or a date. In ms. */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  if (header === undefined || header.trim() === "") return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}
