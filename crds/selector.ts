/** Selectors of labels. Pure. */
import type { HostSelectorTerm } from "./placement.ts";
import type { LabelSelector } from "./schema.ts";

type Labels = Readonly<Record<string, string>>;

interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  readonly values?: readonly string[] | undefined;
}

/**
 * Where there is no selector, everything matches: who means nothing by its absence must look first.
 * Source: LabelSelectorAsSelector in k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go.
 */
export function matches(selector: LabelSelector | undefined, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => meets(requirement, labels))
  );
}

/**
 * A term without expressions matches no Host.
 * Source: nodeSelectorTerm in k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go.
 */
export function matchesTerm({ matchExpressions = [] }: HostSelectorTerm, labels: Labels): boolean {
  return matchExpressions.length > 0 && matchExpressions.every((requirement) => meets(requirement, labels));
}

/** Source: Requirement.Matches in k8s.io/apimachinery/pkg/labels/selector.go. */
function meets({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  // A label may be called `constructor`, which every object seems to have.
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
    case "Lt": {
      const [is, bound] = [integer(value), values.length === 1 ? integer(values[0]) : undefined];
      if (is === undefined || bound === undefined) return false;
      return operator === "Gt" ? is > bound : is < bound;
    }
  }
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?[0-9]{1,18}$/.test(text) ? Number(text) : undefined;
}
