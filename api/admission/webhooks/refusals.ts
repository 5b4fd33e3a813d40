/**
 * How a request ends that a webhook denied, or that no webhook could be asked about.
 * Source: k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go and pkg/util/webhook/error.go.
 */
import type { Status, StatusDetails, StatusReason } from "../../status.ts";
import { ApiError, badRequest } from "../../status.ts";
import type { GivenStatus } from "./review.ts";

/** The webhook could not be asked, or its answer is of no use: its failurePolicy decides. */
export class WebhookCallError extends Error {
  override readonly name = "WebhookCallError";

  constructor(webhook: string, why: string, options?: ErrorOptions) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${why}`, options);
  }
}

/** Source: NewInternalError in apimachinery/pkg/api/errors/errors.go. */
export function internalError(why: string, options?: ErrorOptions): ApiError {
  return new ApiError("InternalError", `Internal error occurred: ${why}`, { causes: [{ message: why }] }, options);
}

/** The Status is the webhook's own, whatever reason it gave, or none. */
class DeniedError extends ApiError {
  readonly #reason: string | undefined;

  constructor(message: string, code: number, reason: string | undefined, details: StatusDetails | undefined) {
    super("Unknown", message, details, { code });
    this.#reason = reason;
  }

  override toStatus(): Status {
    const { reason: _, ...status } = super.toStatus();
    return { ...status, ...(this.#reason === undefined ? {} : { reason: this.#reason as StatusReason }) } as Status;
  }
}

export function deniedBy(webhook: string, status: GivenStatus = {}): ApiError {
  const { message, reason, code, details } = status;
  const why = [message, reason].find((one) => typeof one === "string" && one !== "");
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  return new DeniedError(
    why === undefined ? `${denied} without explanation` : `${denied}: ${why}`,
    // A refusal is never told as a success, nor as something that HTTP does not have.
    typeof code === "number" && code >= 400 && code <= 599 ? code : 400,
    reason === "" || reason === null ? undefined : reason,
    details === undefined || details === null ? undefined : (withoutNulls(details) as StatusDetails),
  );
}

const withoutNulls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, item: unknown) => (item === null ? undefined : item)));

export function dryRunUnsupported(webhook: string): ApiError {
  return badRequest(`admission webhook ${JSON.stringify(webhook)} does not support dry run`);
}
