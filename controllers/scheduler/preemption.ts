/**
 * Who must go so that a Container of more priority finds room. Pure: what it tries out on the ledger is put back.
 * Source: kubernetes/pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go, and pickOneNodeForPreemption
 * in kubernetes/pkg/scheduler/framework/preemption/preemption.go.
 */
import type { Allotment } from "../../crds/allocation.ts";
import type { Key } from "../runtime/reconciler.ts";
import { allot } from "./allotment.ts";
import { refusalsOf } from "./filters/filter.ts";
import { filters } from "./filters/index.ts";
import { notProbed } from "./filters/readiness.ts";
import type { Claim, Ledger } from "./ledger.ts";
import type { Want } from "./want.ts";
import type { Candidate } from "./world.ts";

export interface Preemption {
  readonly hostName: string;
  /** Who must leave it. None: room comes of itself, for others are about to leave. */
  readonly victims: readonly Key[];
  /** What the Container will have there. */
  readonly allotment: Allotment;
}

/** What the choice between Hosts looks at. */
interface Option extends Preemption {
  readonly claims: readonly Claim[];
  /** How many victims are moved against a DisruptionBudget. */
  readonly violations: number;
}

export type Trial = Pick<
  Ledger,
  "candidates" | "candidate" | "counts" | "termsAbout" | "claimsOn" | "forget" | "restore"
>;

/** Which of those that would go together, the most important first, would go against a DisruptionBudget. */
export type Violating = (keys: readonly Key[]) => ReadonlySet<Key>;

/**
 * The Host where the least is lost, for a Container that no Host takes as things are. Undefined where nothing helps:
 * only those of less priority ever go, and of these none that cannot go on elsewhere.
 */
export function preempt(want: Want, trial: Trial, violatingOf: Violating): Preemption | undefined {
  const candidates = [...trial.candidates()];
  const refusals = refusalsOf(filters, want, trial);
  if (candidates.some((candidate) => refusals(candidate) === notProbed)) return undefined;
  const fixed = refusalsOf(
    filters.filter(({ makesRoom }) => !makesRoom),
    want,
    trial,
  );
  const options = candidates
    .filter((candidate) => fixed(candidate) === undefined)
    .flatMap((candidate) => optionOn(candidate, want, trial, violatingOf) ?? []);
  const [best] = options.toSorted(lessIsLost);
  return best && { hostName: best.hostName, victims: best.victims, allotment: best.allotment };
}

/**
 * Takes away all that may go, and lets each come back that still leaves room: first those that a DisruptionBudget wants
 * to stay, then the more important.
 */
function optionOn(candidate: Candidate, want: Want, trial: Trial, violatingOf: Violating): Option | undefined {
  const hostName = candidate.host.metadata.name;
  const mayGo = [...trial.claimsOn(hostName)].filter(
    (claim) => isGoing(claim) || (claim.want.priority < want.priority && !claim.want.stays),
  );
  if (mayGo.length === 0) return undefined;
  const fits = (): boolean => refusalsOf(filters, want, trial)(candidate) === undefined;
  const gone = new Set(mayGo);
  for (const claim of mayGo) trial.forget(claim.want.key);
  try {
    if (!fits()) return undefined;
    const asked = mayGo.filter((claim) => !isGoing(claim)).toSorted(moreImportant);
    const against = violatingOf(asked.map(({ want: { key } }) => key));
    const violates = ({ want: { key } }: Claim): boolean => against.has(key);
    const comingBack = [...asked.filter(violates), ...asked.filter((claim) => !violates(claim))];
    for (const claim of comingBack) {
      trial.restore(claim);
      if (fits()) gone.delete(claim);
      else trial.forget(claim.want.key);
    }
    const claims = comingBack.filter((claim) => gone.has(claim));
    return {
      hostName,
      claims,
      victims: claims.map(({ want: { key } }) => key),
      violations: claims.filter(violates).length,
      allotment: allot(want, candidate),
    };
  } finally {
    for (const claim of gone) trial.restore(claim);
  }
}

/** It leaves whatever we do: costs nobody anything. */
const isGoing = ({ want }: Claim): boolean => want.leaving;

/** Source: MoreImportantPod in kubernetes/pkg/scheduler/util/utils.go. */
function moreImportant(a: Claim, b: Claim): number {
  return (
    b.want.priority - a.want.priority || compare(a.want.createdAt, b.want.createdAt) || compare(a.want.key, b.want.key)
  );
}

function lessIsLost(a: Option, b: Option): number {
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.claims.length - b.claims.length ||
    // Of the most important, those that came last.
    compare(oldestOfHighest(b), oldestOfHighest(a)) ||
    compare(a.hostName, b.hostName)
  );
}

/** Below every priority: nobody goes. */
const nobody = -(2 ** 32);

const highest = ({ claims }: Option): number => Math.max(nobody, ...claims.map(({ want }) => want.priority));

/** Each counts, also those of a priority below 0. */
const sum = ({ claims }: Option): number => claims.reduce((all, { want }) => all + want.priority + 2 ** 31, 0);

function oldestOfHighest(option: Option): string {
  const top = highest(option);
  const [oldest] = option.claims.flatMap(({ want }) => (want.priority === top ? [want.createdAt] : [])).sort();
  return oldest ?? "";
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
