/** The files of this suite share one lab: the first one that needs it brings it up, and it goes when the run has ended. */
import { sharedBy, takeDown } from "../lab/openstack.ts";

export function setup(): void {
  sharedBy(process.pid);
}

export async function teardown(): Promise<void> {
  await takeDown();
}
