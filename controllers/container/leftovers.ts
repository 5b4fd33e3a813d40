/** Finds volumes that outlived their containers: a crash came between the removal of the one and the other. Pure. */
import type { Container } from "../../crds/container.ts";
import type { OwnedContainer, OwnedVolume } from "../../drivers/driver.ts";
import type { Cache } from "../runtime/reconciler.ts";
import { keyOfOwner } from "../runtime/reconciler.ts";

/**
 * Names of the volumes on a host that belong to no container there, and whose Container is gone or elsewhere: nothing in
 * them can be of use to anybody. One that is bound to the host may be about to be created.
 */
export function leftovers(
  hostName: string,
  volumes: readonly OwnedVolume[],
  found: readonly OwnedContainer[],
  containers: Pick<Cache<Container>, "get">,
): readonly string[] {
  const uids = new Set(found.map(({ uid }) => uid));
  return volumes
    .filter((volume) => volume.hostName === hostName && !uids.has(volume.uid))
    .filter(({ owner, uid }) => {
      const container = containers.get(keyOfOwner(owner));
      return container?.metadata.uid !== uid || container.status?.hostName !== hostName;
    })
    .map(({ name }) => name);
}
