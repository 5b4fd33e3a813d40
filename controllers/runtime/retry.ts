import { isConflict } from "../../api/status.ts";

/** client-go retries this often. Source: k8s.io/client-go/util/retry/util.go, DefaultRetry. */
const tries = 5;

/**
 * Runs `attempt` again while another writer comes first, five times in all; then throws the Conflict. `attempt` reads
 * the object anew each time. Every other error is thrown at once.
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !isConflict(error)) throw error;
    }
  }
}
