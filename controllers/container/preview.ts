/** Plans on what a host shows, and only looks: how reconciler.ts decides, and what a preview says it would decide. */
import type { Container, ContainerSpec } from "../../crds/container.ts";
import type { HostDriver, Owner, Step } from "../../drivers/driver.ts";
import { specHash } from "../../drivers/spec-hash.ts";
import { adoptionOf, alreadyAdopted } from "./adoption.ts";
import type { Plan, PlanInput, Wanted } from "./plan.ts";
import { needsImage, plan, planRemoval } from "./plan.ts";

/** What the host would show of a container that was made from the spec. */
export function wantedOf(driver: Pick<HostDriver, "inPlace">, spec: ContainerSpec): Wanted {
  return { specHash: specHash(spec), inPlace: driver.inPlace(spec) };
}

/** The plan; the host is asked about the image only where that decides anything. */
export async function planOn(
  driver: Pick<HostDriver, "hasImage">,
  input: Omit<PlanInput, "imagePresent">,
  signal: AbortSignal,
): Promise<Plan> {
  const { spec } = input.container;
  const made = plan({ ...input, imagePresent: true });
  if (!needsImage(spec, made) || (await driver.hasImage(spec.image, signal))) return made;
  return plan({ ...input, imagePresent: false });
}

type Looking = Pick<HostDriver, "observe" | "hasImage" | "inPlace">;

/**
 * What the controller would do first if this were the Container now. `claims`: Containers that adopt. Throws
 * HostUnreachableError.
 */
export async function preview(
  driver: Looking,
  container: Container,
  claims: readonly Container[],
  now: Date,
  signal: AbortSignal,
): Promise<Plan> {
  const observed = await driver.observe(ownerOf(container), signal, adoptionOf(container, claims));
  const refusal = observed.length === 0 ? alreadyAdopted(container, claims) : undefined;
  if (refusal !== undefined) return { keep: undefined, steps: [], replacing: [], updating: [], problem: refusal };
  const wanted = wantedOf(driver, container.spec);
  return planOn(driver, { container, observed, wanted, failure: undefined, now }, signal);
}

/** What the controller would do if the Container were deleted now. Throws HostUnreachableError. */
export async function previewRemoval(
  driver: Pick<HostDriver, "observe">,
  container: Container,
  claims: readonly Container[],
  signal: AbortSignal,
): Promise<readonly Step[]> {
  return planRemoval(container.spec, await driver.observe(ownerOf(container), signal, adoptionOf(container, claims)));
}

const ownerOf = ({ metadata: { namespace = "", name } }: Container): Owner => ({ namespace, name });
