/** What requests need to reach what lies on a host, and what they answer when it cannot be had. */
import { ApiError, badRequest, isNotFound } from "../../api/status.ts";
import type { Host } from "../../crds/host.ts";
import type { HostDriver } from "../../drivers/driver.ts";
import { HostUnreachableError, StepError, UnsupportedHostError } from "../../drivers/driver.ts";

/** Opens (or has open) the connection to a host. */
export type OpenDriver = (host: Host) => Promise<HostDriver>;

/** As an ApiError what a driver threw about `what`: `container "web"`. Anything else is given back. */
export function refusalOf(error: unknown, what: string, hostName: string): unknown {
  if (isNotFound(error)) return badRequest(`${what} ran on host "${hostName}", which no longer exists`);
  if (error instanceof StepError) return badRequest(`${what}: ${error.message}`);
  if (error instanceof HostUnreachableError || error instanceof UnsupportedHostError) {
    return new ApiError("ServiceUnavailable", `${what}: ${error.message}`);
  }
  return error;
}

/** The host's own id of a container, of status.containerID: without `docker://`. */
export const hostSideId = (containerID: string): string => containerID.replace(/^[a-z]+:\/\//, "");
