/** What will happen, and when: a pure function of the seed, so that a failure can be had again. */
import type { Random } from "./random.ts";
import { randomFrom } from "./random.ts";

/** What is asked of one Container. */
export interface Wanted {
  readonly name: string;
  /** Counts the operations: value of its environment variable ROUND, whose change replaces the container. */
  readonly round: number;
  readonly runState: "Running" | "Paused" | "Stopped";
  /** Changed in place. */
  readonly memory: string;
  readonly placement: Placement;
}

/** Where it runs while its Host is lost. It belongs to the name, and does not change. */
export interface Placement {
  /** How long it waits for its Host before it moves; as the product says when absent. */
  readonly tolerationSeconds?: number;
  readonly singleton?: boolean;
}

/** What people do to a container behind our back, with the command line of Docker. */
export const harms = ["kill", "rm", "stop", "pause", "rename"] as const;
export type Harm = (typeof harms)[number];

export type Operation =
  | { readonly do: "apply"; readonly wanted: readonly Wanted[] }
  | { readonly do: "delete"; readonly names: readonly string[] }
  /** `which`: from 0 up to 1, of what runs on that host by then. */
  | { readonly do: "harm"; readonly how: Harm; readonly host: string; readonly which: number }
  | { readonly do: "break"; readonly what: string }
  | { readonly do: "mend"; readonly what: string };

export interface Timed {
  /** Milliseconds from the beginning. */
  readonly at: number;
  readonly operation: Operation;
}

/** Something that breaks and is mended again. */
export interface Fault {
  readonly perMinute: number;
  /** How long it stays broken. */
  readonly awayMs: readonly [least: number, most: number];
}

export interface TimelineOptions {
  readonly seed: number;
  readonly minutes: number;
  /** How often each is done. */
  readonly perMinute: Readonly<Record<"apply" | "delete" | "harm", number>>;
  readonly containers: Readonly<Record<string, Placement>>;
  readonly hosts: readonly string[];
  readonly faults: Readonly<Record<string, Fault>>;
}

/** In the order of time. Whatever breaks is mended by the end. */
export function timeline(options: TimelineOptions): readonly Timed[] {
  const { faults, perMinute } = options;
  const random = randomFrom(options.seed);
  const end = options.minutes * 60_000;
  const weights: Record<string, number> = { ...perMinute };
  for (const [what, fault] of Object.entries(faults)) weights[what] = fault.perMinute;
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);

  const found: Timed[] = [];
  const brokenUntil = new Map<string, number>();
  for (let at = random.untilNext(total), round = 1; at < end; at += random.untilNext(total), round++) {
    const what = random.weighted(weights);
    const fault = faults[what];
    if (fault === undefined) {
      found.push({ at, operation: asked(what as keyof typeof perMinute, options, random, round) });
      continue;
    }
    const mended = Math.min(end, at + random.between(...fault.awayMs));
    if ((brokenUntil.get(what) ?? 0) > at) continue;
    brokenUntil.set(what, mended);
    found.push({ at, operation: { do: "break", what } }, { at: mended, operation: { do: "mend", what } });
  }
  return found.toSorted((a, b) => a.at - b.at);
}

function asked(
  what: "apply" | "delete" | "harm",
  { containers, hosts }: TimelineOptions,
  random: Random,
  round: number,
): Operation {
  if (what === "harm") {
    return { do: "harm", how: random.oneOf(harms), host: random.oneOf(hosts), which: random.next() };
  }
  const names = Object.keys(containers);
  const some = names.filter(() => random.next() < 0.25);
  const chosen = some.length === 0 ? [random.oneOf(names)] : some;
  if (what === "delete") return { do: "delete", names: chosen };
  const wanted = chosen.map((name): Wanted => {
    const runState = random.weighted({ Running: 8, Paused: 1, Stopped: 1 });
    const memory = random.oneOf(["32Mi", "64Mi"]);
    return { name, round, runState, memory, placement: containers[name] ?? {} };
  });
  return { do: "apply", wanted };
}

/** What was asked for last, by the Container's name. */
export function modelOf(operations: readonly Timed[]): ReadonlyMap<string, Wanted> {
  const model = new Map<string, Wanted>();
  for (const { operation } of operations) {
    if (operation.do === "apply") for (const wanted of operation.wanted) model.set(wanted.name, wanted);
    if (operation.do === "delete") for (const name of operation.names) model.delete(name);
  }
  return model;
}

/** For the log: `apply c1, c4 (Stopped)`. */
export function describe(operation: Operation): string {
  switch (operation.do) {
    case "apply":
      return `apply ${operation.wanted.map(({ name, runState }) => (runState === "Running" ? name : `${name} (${runState})`)).join(", ")}, round ${operation.wanted[0]?.round ?? 0}`;
    case "delete":
      return `delete ${operation.names.join(", ")}`;
    case "harm":
      return `docker ${operation.how} on ${operation.host}`;
    case "break":
    case "mend":
      return `${operation.do} ${operation.what}`;
  }
}
