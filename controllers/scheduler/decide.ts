/** What becomes of one Container that has no Host. Pure: what is tried out on the ledger is put back. */
import { allot } from "./allotment.ts";
import type { Ledger } from "./ledger.ts";
import type { Preemption, Violating } from "./preemption.ts";
import { preempt } from "./preemption.ts";
import type { Priority } from "./priority.ts";
import { schedule } from "./schedule.ts";
import type { Place } from "./status.ts";
import type { Want } from "./want.ts";

export type Decision =
  | { readonly place: Place }
  | { readonly place?: undefined; readonly refusal: string; readonly preemption: Preemption | undefined };

/** `violating`: see {@link preempt}. */
export function decide(want: Want, { value, preempts }: Priority, ledger: Ledger, violating: Violating): Decision {
  // Room that is made for others is not kept from whoever has more priority.
  const promises = ledger.takeBackPromises(value);
  try {
    const placement = schedule(want, ledger);
    if ("hostName" in placement) {
      const { hostName } = placement;
      const candidate = ledger.candidate(hostName);
      return { place: { hostName, priority: value, ...(candidate && allot(want, candidate)) } };
    }
    const preemption = preempts ? preempt(want, ledger, violating) : undefined;
    return { refusal: placement.unschedulable, preemption };
  } finally {
    for (const promise of promises) ledger.restore(promise);
  }
}

/** Why it is not placed now, for who reads its status. */
export function refusalText({ refusal, preemption }: Extract<Decision, { refusal: string }>): string {
  if (preemption === undefined) return refusal;
  const { hostName, victims } = preemption;
  if (victims.length === 0) return `${refusal}; waits for room on Host "${hostName}", which others are leaving`;
  const whom =
    victims.length === 1
      ? "a Container of less priority leaves"
      : `${victims.length} Containers of less priority leave`;
  return `${refusal}; waits until ${whom} Host "${hostName}"`;
}

/** Where its spec names a PriorityClass that there is not. */
export const noPriorityClass = (name = ""): string => `PriorityClass "${name}" does not exist`;
