import type { Condition, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { setCondition } from "../runtime/conditions.ts";

/** What one look at a terminating namespace found. */
export interface Findings {
  /** Why the kinds could not be listed. */
  readonly discoveryFailure?: string;
  /** What went wrong while deleting, one message each. */
  readonly contentFailures: readonly string[];
  /** What is still there, by kind. */
  readonly remaining: readonly Remaining[];
}

export interface Remaining {
  readonly type: ResourceType;
  readonly objects: number;
  /** How many of the objects have each finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
}

interface Saying {
  readonly type: string;
  /** While nothing is wrong. */
  readonly ok: { readonly reason: string; readonly message: string };
  /** When something is; undefined while nothing is. */
  readonly trouble: (found: Findings) => { readonly reason: string; readonly message: string } | undefined;
}

// Types, reasons and messages: k8s.io/kubernetes/pkg/controller/namespace/deletion/status_condition_utils.go.
const sayings: readonly Saying[] = [
  {
    type: "NamespaceDeletionDiscoveryFailure",
    ok: { reason: "ResourcesDiscovered", message: "All resources successfully discovered" },
    trouble: ({ discoveryFailure: message }) =>
      message === undefined ? undefined : { reason: "DiscoveryFailed", message },
  },
  {
    type: "NamespaceDeletionGroupVersionParsingFailure",
    ok: { reason: "ParsedGroupVersions", message: "All legacy kube types successfully parsed" },
    // Ours are parsed by the client, whose failures are those of discovery.
    trouble: () => undefined,
  },
  {
    type: "NamespaceDeletionContentFailure",
    ok: { reason: "ContentDeleted", message: "All content successfully deleted, may be waiting on finalization" },
    trouble: ({ contentFailures: all }) =>
      all.length === 0
        ? undefined
        : {
            reason: "ContentDeletionFailed",
            message: `Failed to delete all resource types, ${all.length} remaining: ${sorted(all)}`,
          },
  },
  {
    type: "NamespaceContentRemaining",
    ok: { reason: "ContentRemoved", message: "All content successfully removed" },
    trouble: ({ remaining }) =>
      remaining.length === 0
        ? undefined
        : {
            reason: "SomeResourcesRemain",
            message: `Some resources are remaining: ${sorted(remaining.map(countOf))}`,
          },
  },
  {
    type: "NamespaceFinalizersRemaining",
    ok: { reason: "ContentHasNoFinalizers", message: "All content-preserving finalizers finished" },
    trouble: ({ remaining }) => {
      const all = finalizersIn(remaining);
      return all.size === 0
        ? undefined
        : {
            reason: "SomeFinalizersRemain",
            message: `Some content in the namespace has finalizers remaining: ${sorted(
              [...all].map(([finalizer, objects]) => `${finalizer} in ${objects} resource instances`),
            )}`,
          };
    },
  },
];

/** The conditions of a terminating namespace after one look at it. Returns `old` itself when they say the same. */
export function conditionsOf(
  old: readonly Condition[] | undefined,
  found: Findings,
  now: Date,
): readonly Condition[] | undefined {
  return sayings.reduce((conditions: readonly Condition[] | undefined, { type, ok, trouble }) => {
    const wrong = trouble(found);
    const status = wrong === undefined ? "False" : "True";
    return setCondition(conditions, { type, status, ...(wrong ?? ok) }, now);
  }, old);
}

/** Upstream writes the core group as nothing after a dot: "pods. has 2 resource instances". */
const countOf = ({ type, objects }: Remaining): string => {
  const name = type.group === "" ? `${type.plural}.` : groupResource(type);
  return `${name} has ${objects} resource instances`;
};

function finalizersIn(remaining: readonly Remaining[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const [finalizer, objects] of remaining.flatMap(({ finalizers }) => [...finalizers])) {
    all.set(finalizer, (all.get(finalizer) ?? 0) + objects);
  }
  return all;
}

/** In a fixed order, so that the same findings make the same message. */
const sorted = (words: readonly string[]): string => [...words].sort().join(", ");
