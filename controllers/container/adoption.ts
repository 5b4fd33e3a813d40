/** Which containers that it did not make a Container has taken over. Pure. docs/adr/0005-adoption.md. */
import type { Container } from "../../crds/container.ts";
import { adoptAnnotation } from "../../crds/container.ts";
import type { Adoption } from "../../drivers/driver.ts";
import type { Problem } from "./failure.ts";

/** What its annotation names; undefined where it adopts nothing. */
export const adoptedID = ({ metadata }: Pick<Container, "metadata">): string | undefined =>
  metadata.annotations?.[adoptAnnotation];

/** The host's own id of what stood for it last: what is being replaced, or was left on a Host that is lost, may be there. */
const lastID = ({ status }: Container): string | undefined =>
  (status?.containerID ?? status?.lastState?.containerID)?.replace(/^[a-z]+:\/\//, "");

/**
 * What the annotation names, unless another Container has it, and what stood for the Container last: who takes the
 * annotation away does not make a container that runs nobody's. `claims`: all that name the same one.
 */
export function adoptionOf(container: Container, claims: readonly Container[]): Adoption {
  const named = earlierClaim(container, claims) === undefined ? adoptedID(container) : undefined;
  const ids = [named, lastID(container)].filter((id) => id !== undefined);
  return { uid: container.metadata.uid, ids: [...new Set(ids)] };
}

/** Who has what `container` would adopt: whoever has taken it over, or else whoever was there first. */
function earlierClaim(container: Container, claims: readonly Container[]): Container | undefined {
  const id = adoptedID(container);
  if (id === undefined) return undefined;
  const order = (claim: Container): string =>
    [lastID(claim) === id ? 0 : 1, claim.metadata.creationTimestamp, claim.metadata.uid].join(" ");
  return claims.find(
    (claim) =>
      claim.metadata.uid !== container.metadata.uid && adoptedID(claim) === id && order(claim) < order(container),
  );
}

/** Why nothing is made for `container`: another one has what it would adopt. */
export function alreadyAdopted(container: Container, claims: readonly Container[]): Problem | undefined {
  const earlier = earlierClaim(container, claims);
  if (earlier === undefined) return undefined;
  const { namespace = "", name } = earlier.metadata;
  return {
    reason: "AlreadyAdopted",
    summary: "AlreadyAdopted",
    message: `Container "${namespace}/${name}" has adopted ${adoptedID(container)?.slice(0, 12) ?? ""} already: delete one of the two`,
  };
}
