/**
 * The one place that knows HTTP codes. Every refusal is an {@link ApiError}, which renders as metav1.Status.
 * Source of reasons, codes and wording: k8s.io/apimachinery/pkg/api/errors/errors.go and meta/v1/types.go.
 */
import type { ResourceType } from "../crds/meta.ts";
import { groupResource } from "../crds/meta.ts";

export type StatusReason =
  | "AlreadyExists"
  | "BadRequest"
  | "Conflict"
  | "Expired"
  | "Forbidden"
  | "Gone"
  | "InternalError"
  | "Invalid"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "NotFound"
  | "RequestEntityTooLarge"
  | "ServiceUnavailable"
  | "Timeout"
  | "TooManyRequests"
  | "Unauthorized"
  | "UnsupportedMediaType"
  /** What a server answered without saying a reason. */
  | "Unknown";

/** metav1.StatusCause: one thing that is wrong, and where. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  /** Path in the object: `spec.ports[0].containerPort`. */
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** metav1.Status, as a failure. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: "Failure";
  readonly message: string;
  readonly reason: StatusReason;
  readonly details?: StatusDetails;
  readonly code: number;
}

const codes: Readonly<Record<StatusReason, number>> = {
  AlreadyExists: 409,
  BadRequest: 400,
  Conflict: 409,
  Expired: 410,
  Forbidden: 403,
  Gone: 410,
  InternalError: 500,
  Invalid: 422,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  NotFound: 404,
  RequestEntityTooLarge: 413,
  ServiceUnavailable: 503,
  Timeout: 504,
  TooManyRequests: 429,
  Unauthorized: 401,
  UnsupportedMediaType: 415,
  Unknown: 500,
};

/** What the API answers when it does not do what was asked. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly reason: StatusReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  readonly #continue: string | undefined;

  /** `continue`: the token with which a list can go on all the same. */
  constructor(
    reason: StatusReason,
    message: string,
    details?: StatusDetails,
    options?: ErrorOptions & { code?: number; continue?: string },
  ) {
    super(message, options);
    this.#continue = options?.continue;
    this.reason = reason;
    this.code = options?.code ?? codes[reason];
    this.details = details;
  }

  toStatus(): Status {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.#continue === undefined ? {} : { continue: this.#continue },
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }

  /** From a Status that a server sent; `code` is that of the HTTP answer. */
  static fromStatus(status: Partial<Status>, code: number): ApiError {
    return new ApiError(status.reason ?? "Unknown", status.message ?? `The server answered ${code}`, status.details, {
      code,
    });
  }
}

/** Whether `error` is an {@link ApiError} with one of these reasons. */
export function hasReason(error: unknown, ...reasons: readonly StatusReason[]): error is ApiError {
  return error instanceof ApiError && reasons.includes(error.reason);
}

export const isNotFound = (error: unknown): boolean => hasReason(error, "NotFound");
export const isConflict = (error: unknown): boolean => hasReason(error, "Conflict");
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, "AlreadyExists");
/** The revision asked for is no longer kept: list again. */
export const isExpired = (error: unknown): boolean => hasReason(error, "Expired", "Gone");

type Named = Pick<ResourceType, "group" | "plural">;

const detailsOf = (type: Named, name: string): StatusDetails => ({
  ...(name === "" ? {} : { name }),
  ...(type.group === "" ? {} : { group: type.group }),
  kind: type.plural,
});

export function notFound(type: Named, name: string): ApiError {
  return new ApiError("NotFound", `${groupResource(type)} "${name}" not found`, detailsOf(type, name));
}

export function alreadyExists(type: Named, name: string): ApiError {
  return new ApiError("AlreadyExists", `${groupResource(type)} "${name}" already exists`, detailsOf(type, name));
}

export function conflict(type: Named, name: string, why: string): ApiError {
  return new ApiError(
    "Conflict",
    `Operation cannot be fulfilled on ${groupResource(type)} "${name}": ${why}`,
    detailsOf(type, name),
  );
}

/** The words of registry.Store when metadata.resourceVersion is not the newest. */
export const staleObject =
  "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(type: Named, name: string, why: string): ApiError {
  const what = name === "" ? groupResource(type) : `${groupResource(type)} "${name}"`;
  return new ApiError("Forbidden", `${what} is forbidden: ${why}`, detailsOf(type, name));
}

/** One or more fields are wrong. Causes are listed in the message as field.ErrorList does. */
export function invalid(
  type: Pick<ResourceType, "group" | "kind">,
  name: string,
  causes: readonly StatusCause[],
): ApiError {
  const lines = [...new Set(causes.map((cause) => `${cause.field ?? ""}: ${cause.message ?? ""}`))];
  const all = lines.length === 1 ? (lines[0] ?? "") : `[${lines.join(", ")}]`;
  const kind = type.group === "" ? type.kind : `${type.kind}.${type.group}`;
  return new ApiError("Invalid", `${kind} "${name}" is invalid: ${all}`, {
    ...(name === "" ? {} : { name }),
    ...(type.group === "" ? {} : { group: type.group }),
    ...(type.kind === "" ? {} : { kind: type.kind }),
    causes,
  });
}

export function badRequest(why: string): ApiError {
  return new ApiError("BadRequest", why);
}

export function expired(why: string): ApiError {
  return new ApiError("Expired", why);
}

/** A revision that has not happened yet. Source: NewTooLargeResourceVersionError in k8s.io/apiserver/pkg/storage/errors.go. */
export function tooLargeResourceVersion(why: string): ApiError {
  return new ApiError("Timeout", why, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
