/** GET .../hosts/NAME/adoptable: the containers of a host that no control plane made, as `stowage adopt` needs them. */
import { ApiError } from "../../api/status.ts";
import type { Host } from "../../crds/host.ts";
import { HostUnreachableError, UnsupportedHostError } from "../../drivers/driver.ts";
import type { OpenDriver } from "./host-access.ts";

/** As JSON. Throws ApiError: ServiceUnavailable while the host does not answer. */
export async function* adoptable(openDriver: OpenDriver, host: Host, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    const driver = await openDriver(host);
    yield Buffer.from(JSON.stringify({ containers: await driver.adoptable(signal) }));
  } catch (error) {
    if (error instanceof HostUnreachableError || error instanceof UnsupportedHostError)
      throw new ApiError("ServiceUnavailable", `host "${host.metadata.name}": ${error.message}`);
    throw error;
  }
}
