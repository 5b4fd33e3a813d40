import type { Change } from "./actuator.ts";
import { WaitingError } from "./actuator.ts";
import { described } from "./differences.ts";

/** It is looked at again no sooner: somebody has to do something about it. */
const pollMs = 60_000;

/**
 * For what keeps its id though it is deleted and made anew by somebody else: it differs from what is asked for in fields
 * that the service cannot change, and is not ours to delete.
 */
export function replacedOutside<T>(what: string, fields: object): Change<T> {
  return {
    what: described(fields),
    perform: () =>
      Promise.reject(
        new WaitingError(
          `${what} was replaced in the cloud by one with other values of ${Object.keys(fields).join(", ")}: delete that one, and it is made again as asked`,
          pollMs,
        ),
      ),
  };
}
