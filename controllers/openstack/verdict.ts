/** What an error means for an object: the one place that says so. */
import { OpenStackError } from "../../openstack/errors.ts";
import { InvalidError, WaitingError } from "./actuator.ts";
import type { Verdict } from "./status.ts";

/** undefined for what is no answer of a cloud, and nothing that an actuator says: a fault of ours or of our API. */
export function verdictOf(error: unknown): Verdict | undefined {
  if (error instanceof WaitingError) return { reason: "Progressing", message: error.message, pollMs: error.pollMs };
  if (error instanceof InvalidError) return { reason: "InvalidConfiguration", message: error.message };
  if (!(error instanceof OpenStackError)) return undefined;
  const { message, meaning, retryAfterMs } = error;
  switch (meaning) {
    case "BadRequest":
      return { reason: "InvalidConfiguration", message };
    case "Forbidden":
      return { reason: "TransientError", message: `${message}. Give the credentials' user the role that this needs` };
    case "Unauthorized":
      return { reason: "TransientError", message: `${message}. Check what clouds.yaml in the Secret says` };
    case "QuotaExceeded":
      return {
        reason: "TransientError",
        message: `${message}. Raise the project's quota, or delete what it does not need`,
      };
    case "AlreadyExists":
      return { reason: "TransientError", message: `${message}. Import that one, or give this one another name` };
    case "NotFound":
    case "Conflict":
    case "Unavailable":
      return { reason: "TransientError", message, retryAfterMs };
  }
}
