/** What two servers answered differently, and which of it is allowed. */
import { isDeepStrictEqual } from "node:util";

export interface Difference {
  /** The sequence. */
  readonly sequence: string;
  /** Where: the number of the step, then the path in its answer, as in `2.body.metadata.name`. */
  readonly at: string;
  /** undefined where there is none. */
  readonly theirs: unknown;
  readonly ours: unknown;
}

/** A reviewed difference, from allowed.ts. */
export interface Allowed {
  /** The names of sequences: `*` stands for anything. */
  readonly sequences: string;
  /** Where in the answer: `*` stands for anything but a dot, `**` for anything. */
  readonly at: string;
  /** What each says, as text or as the JSON of anything else; `absent` where it says nothing. */
  readonly theirs?: RegExp | "absent";
  readonly ours?: RegExp | "absent";
  /** Why it is right: which release changed it, and where upstream's source says so. */
  readonly why: string;
}

/**
 * In the order of steps and paths. Objects are compared by key, lists by place; of answers with other status codes only
 * the codes, with the message of a refusal: all else follows from them.
 */
export function differences(
  sequence: string,
  theirs: readonly Answer[],
  ours: readonly Answer[],
): readonly Difference[] {
  return theirs.flatMap((their, i) => {
    const our = ours[i];
    const found = our?.["status"] === their["status"] ? walk(String(i), their, our) : [outcomes(String(i), their, our)];
    return [...found].map((difference) => ({ sequence, ...difference }));
  });
}

type Found = Omit<Difference, "sequence">;
export type Answer = Readonly<Record<string, unknown>>;

const outcomes = (at: string, theirs: Answer, ours: Answer | undefined): Found => ({
  at,
  theirs: outcomeOf(theirs),
  ours: outcomeOf(ours),
});

function outcomeOf(answer: Answer | undefined): string {
  const { message } = (answer?.["body"] ?? {}) as { message?: unknown };
  return `${String(answer?.["status"])} ${typeof message === "string" ? message : ""}`.trimEnd();
}

function* walk(at: string, theirs: unknown, ours: unknown): Generator<Found> {
  if (isDeepStrictEqual(theirs, ours)) return;
  const below = (key: string | number): string => `${at}.${key}`;
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    for (let i = 0; i < Math.max(theirs.length, ours.length); i++) yield* walk(below(i), theirs[i], ours[i]);
    return;
  }
  if (isObject(theirs) && isObject(ours) && !areOfOtherKinds(theirs, ours)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(ours)]))
      yield* walk(below(key), theirs[key], ours[key]);
    return;
  }
  yield { at, theirs, ours };
}

const areOfOtherKinds = (theirs: Answer, ours: Answer): boolean =>
  theirs["kind"] !== undefined && ours["kind"] !== undefined && theirs["kind"] !== ours["kind"];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export class AllowList {
  readonly #entries: readonly Entry[];

  constructor(entries: readonly Allowed[]) {
    this.#entries = entries.map((allowed) => new Entry(allowed));
  }

  /** The differences that no entry allows. */
  remaining(found: readonly Difference[]): readonly Difference[] {
    return found.filter((difference) => !this.#entries.some((entry) => entry.allows(difference)));
  }

  /** The entries that have allowed nothing so far. */
  get unused(): readonly Allowed[] {
    return this.#entries.filter(({ used }) => !used).map(({ allowed }) => allowed);
  }
}

class Entry {
  readonly allowed: Allowed;
  used = false;
  readonly #sequences: RegExp;
  readonly #at: RegExp;
  readonly #theirs: (value: unknown) => boolean;
  readonly #ours: (value: unknown) => boolean;

  constructor(allowed: Allowed) {
    this.allowed = allowed;
    this.#sequences = pattern(allowed.sequences, ".*");
    this.#at = pattern(allowed.at, "[^.]*");
    this.#theirs = matcher(allowed.theirs);
    this.#ours = matcher(allowed.ours);
  }

  allows({ sequence, at, theirs, ours }: Difference): boolean {
    if (!this.#sequences.test(sequence) || !this.#at.test(at) || !this.#theirs(theirs) || !this.#ours(ours))
      return false;
    this.used = true;
    return true;
  }
}

function pattern(text: string, star: string): RegExp {
  const parts = text.split(/(\*+)/).map((part) => {
    if (part === "**") return ".*";
    return part === "*" ? star : part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

function matcher(expected: RegExp | "absent" | undefined): (value: unknown) => boolean {
  if (expected === undefined) return () => true;
  if (expected === "absent") return (value) => value === undefined;
  return (value) => value !== undefined && expected.test(typeof value === "string" ? value : JSON.stringify(value));
}
