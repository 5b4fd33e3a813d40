/** How a patch is refused. Source: apiserver/pkg/endpoints/handlers/patch.go. */
import { ApiError } from "../status.ts";

/**
 * The patch is well formed, but it cannot be applied to this object: 422. kube-apiserver says the first sentence only;
 * what exactly failed is in the cause, which kubectl prints.
 */
export function cannotApply(why: string): ApiError {
  return new ApiError("Invalid", "the server rejected our request due to an error in our request", {
    causes: [{ field: "patch", message: why }],
  });
}
