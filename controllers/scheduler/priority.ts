/** What a Container's PriorityClass means. Pure. */
import type { Container } from "../../crds/container.ts";
import type { KubeObject } from "../../crds/meta.ts";
import type { Cache } from "../runtime/reconciler.ts";

/** Source: PriorityClass in k8s.io/api/scheduling/v1/types.go. */
export interface PriorityClass extends KubeObject {
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly preemptionPolicy?: "PreemptLowerPriority" | "Never";
}

export interface Priority {
  readonly value: number;
  /** Whether it may take the place of what has less. */
  readonly preempts: boolean;
}

/**
 * Undefined where it names a class that does not exist. Where it names none, that of the class that is the default; of
 * several, of the least. Source: kubernetes/plugin/pkg/admission/priority/admission.go.
 */
export function priorityOf(
  { spec: { priorityClassName } }: Container,
  classes: Pick<Cache<PriorityClass>, "get" | "list">,
): Priority | undefined {
  if (priorityClassName === undefined) return meaning(defaultOf(classes.list()));
  const named = classes.get(priorityClassName);
  return named && meaning(named);
}

function defaultOf(classes: Iterable<PriorityClass>): PriorityClass | undefined {
  const defaults = [...classes].filter(({ globalDefault }) => globalDefault === true);
  return defaults.toSorted((a, b) => a.value - b.value)[0];
}

const meaning = (priorityClass: PriorityClass | undefined): Priority => ({
  value: priorityClass?.value ?? 0,
  preempts: priorityClass?.preemptionPolicy !== "Never",
});
