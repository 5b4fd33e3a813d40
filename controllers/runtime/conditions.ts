import type { Condition } from "../../crds/meta.ts";
import { formatTime } from "../../crds/meta.ts";

/** A condition before it is known whether its status changed. */
export type ConditionDraft = Omit<Condition, "lastTransitionTime">;

/**
 * The conditions with `next` in the place of the one of its type, or at the end. lastTransitionTime moves only when the
 * status does. Returns `all` itself when nothing changes. Source: k8s.io/apimachinery/pkg/api/meta/conditions.go.
 */
export function setCondition(
  all: readonly Condition[] | undefined,
  next: ConditionDraft,
  now: Date,
): readonly Condition[] {
  const before = all ?? [];
  const at = before.findIndex((condition) => condition.type === next.type);
  const old = before[at];
  if (old === undefined) return [...before, { ...next, lastTransitionTime: formatTime(now) }];
  if (sameSaying(old, next)) return before;
  const lastTransitionTime = old.status === next.status ? old.lastTransitionTime : formatTime(now);
  return before.with(at, { ...next, lastTransitionTime });
}

export function findCondition(all: readonly Condition[] | undefined, type: string): Condition | undefined {
  return all?.find((condition) => condition.type === type);
}

function sameSaying(old: Condition, next: ConditionDraft): boolean {
  return (
    old.status === next.status &&
    old.reason === next.reason &&
    old.message === next.message &&
    old.observedGeneration === next.observedGeneration
  );
}
