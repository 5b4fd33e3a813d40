/** Plans on what a host shows, and only looks: how reconciler.ts decides, and what a preview says it would decide. */
import { isDeepStrictEqual } from "node:util";
import type { Container, ContainerSpec } from "../../crds/container.ts";
import type { HostDriver, Observed, Owner } from "../../drivers/driver.ts";
import type { Inputs } from "../../drivers/inputs.ts";
import { shownFiles } from "../../drivers/own-volumes.ts";
import { specHash } from "../../drivers/spec-hash.ts";
import { adoptionOf, alreadyAdopted } from "./adoption.ts";
import type { Resolved } from "./inputs/inputs.ts";
import { conceal, withoutValues } from "./inputs/words.ts";
import { asPlaced } from "./placed.ts";
import type { Action, Plan, PlanInput, Wanted } from "./plan.ts";
import { imagesAsked, needsFiles, plan, planRemoval } from "./plan.ts";

/** What the host would show of a container that was made from the spec and from what it takes from elsewhere. */
export function wantedOf(
  driver: Pick<HostDriver, "inPlace">,
  spec: ContainerSpec,
  { inputs, missing }: Pick<Resolved, "inputs" | "missing">,
): Wanted {
  return {
    specHash: specHash(spec),
    inPlace: driver.inPlace(spec),
    files: digestsOf(spec, inputs),
    ...(missing === undefined ? { config: inputs?.config ?? {} } : { missing }),
  };
}

/** What is observed, as it can be told: see {@link withoutValues}. */
export function withoutValuesOf(
  observed: readonly Observed[],
  { spec }: Container,
  { inputs, secrets }: Pick<Resolved, "inputs" | "secrets">,
): readonly Observed[] {
  return observed.map((one) => ({
    ...one,
    error: conceal(withoutValues(one.error, spec, inputs), secrets),
    ...(one.health && { health: { ...one.health, output: conceal(one.health.output, secrets) } }),
  }));
}

/** Of what the volumes of files should hold, by their names. */
export function digestsOf(spec: ContainerSpec, inputs: Inputs | undefined): Readonly<Record<string, string>> {
  const shown = shownFiles(spec);
  return Object.fromEntries(
    [...(inputs?.volumes ?? [])].flatMap(([name, { digest }]) => (shown.has(name) ? [[name, digest]] : [])),
  );
}

/** Who knows more than what is observed; each is asked only where the answer decides anything. */
export interface Questions {
  /** Digest of what the volumes of a container hold. */
  files(keep: Observed): Promise<Readonly<Record<string, string>>>;
  /** See {@link PlanInput.movedTo}. */
  movedTo(keep: Observed | undefined): Promise<string | undefined>;
}

export async function planOn(
  driver: Pick<HostDriver, "hasImage">,
  given: Omit<PlanInput, "missingImages" | "files" | "movedTo">,
  questions: Questions,
  signal: AbortSignal,
): Promise<Plan> {
  const input = { ...given, missingImages: new Set<string>() };
  const asItIs = plan(input);
  const { keep } = asItIs;
  const files = keep !== undefined && needsFiles(given.wanted, asItIs) ? await questions.files(keep) : undefined;
  const known = { ...input, ...(files === undefined ? {} : { files }), movedTo: await questions.movedTo(keep) };
  const made = plan(known);
  const asked = imagesAsked(given.container, made);
  const present = await Promise.all(asked.map((image) => driver.hasImage(image, signal)));
  const missingImages = new Set(asked.filter((_, index) => present[index] === false));
  return missingImages.size === 0 ? made : plan({ ...known, missingImages });
}

type Looking = Pick<HostDriver, "observe" | "hasImage" | "inPlace" | "files">;

/**
 * What the controller would do if this were the Container now, its tag stood for what it did, and its init containers
 * succeeded. `claims`:
 * Containers that adopt. Throws HostUnreachableError, and StepError where the host shows nothing of a container.
 */
export async function preview(
  driver: Looking,
  asked: Container,
  { resolved, claims, now }: { readonly resolved: Resolved; readonly claims: readonly Container[]; readonly now: Date },
  signal: AbortSignal,
): Promise<Plan> {
  const container = asPlaced(asked);
  const observed = withoutValuesOf(await observedBy(driver, container, claims, signal), container, resolved);
  const refusal = observed.length === 0 ? alreadyAdopted(container, claims) : undefined;
  const wanted = wantedOf(driver, container.spec, resolved);
  const questions: Questions = {
    files: (keep) => driver.files(keep.id, shownFiles(container.spec), signal),
    movedTo: () => Promise.resolve(undefined),
  };
  const input = { container, wanted, failure: undefined, now };
  const made = await planOn(driver, { ...input, observed }, questions, signal);
  if (refusal !== undefined) return { ...made, steps: [], problem: refusal };
  let steps = made.steps;
  let shown = observed;
  for (let last = made; last.problem === undefined && last.steps.some(isInitCreate);) {
    shown = afterwards(shown, last.steps, wanted);
    last = await planOn(driver, { ...input, observed: shown }, questions, signal);
    steps = [...steps, ...last.steps.filter((step) => !steps.some((known) => isDeepStrictEqual(known, step)))];
  }
  return { ...made, steps };
}

const isInitCreate = (step: Action): boolean => step.do === "create" && step.initContainer !== undefined;

/** What the host would show once the steps are done and the init container that they made has succeeded. */
function afterwards(observed: readonly Observed[], steps: readonly Action[], wanted: Wanted): readonly Observed[] {
  const removed = new Set(steps.flatMap((step) => (step.do === "remove" ? [step.id] : [])));
  const made = steps.flatMap((step): readonly Observed[] => {
    if (step.do !== "create" || step.initContainer === undefined) return [];
    const { container, initContainer } = step;
    return [
      {
        owner: ownerOf(container),
        initContainer,
        uid: container.metadata.uid,
        id: initContainer,
        hostSideName: initContainer,
        state: "exited",
        exitCode: 0,
        specHash: wanted.specHash,
        inPlace: wanted.inPlace,
        config: wanted.config ?? {},
        volumes: [],
        imageID: "",
        addresses: [],
        oomKilled: false,
        error: "",
        restarts: 0,
      },
    ];
  });
  return [...observed.filter(({ id }) => !removed.has(id)), ...made];
}

/** What the controller would do if all of the Container had to leave the host now. Throws HostUnreachableError. */
export async function previewRemoval(
  driver: Pick<HostDriver, "observe">,
  container: Container,
  { claims, why }: { readonly claims: readonly Container[]; readonly why: string },
  signal: AbortSignal,
): Promise<readonly Action[]> {
  const observed = await observedBy(driver, container, claims, signal);
  return planRemoval(container.spec, observed, why);
}

/** A plan takes nothing over. */
const observedBy = (
  driver: Pick<HostDriver, "observe">,
  container: Container,
  claims: readonly Container[],
  signal: AbortSignal,
): Promise<readonly Observed[]> =>
  driver.observe(ownerOf(container), signal, { ...adoptionOf(container, claims), looking: true });

const ownerOf = ({ metadata: { namespace = "", name } }: Container): Owner => ({ namespace, name });
