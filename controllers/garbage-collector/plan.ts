import type { ObjectMeta } from "../../crds/meta.ts";
import type { Node } from "./graph.ts";
import { blocks, deletionOf, foregroundFinalizer, orphanFinalizer } from "./graph.ts";

/**
 * What is known of an owner: there to stay, proven to be gone, waiting for its dependents to go first, or of a kind
 * that cannot be asked for.
 */
export type OwnerState = "present" | "absent" | "deleting" | "unknown";

export type Step =
  /** Take the owner's reference out of its dependents. */
  | { readonly do: "orphan"; readonly dependents: readonly Node[] }
  /** Take a finalizer of ours off the object. */
  | { readonly do: "release"; readonly finalizer: string }
  /** Decide about these anew. */
  | { readonly do: "look"; readonly at: readonly string[] }
  /** Take references out of the object, by uid of the owner. */
  | { readonly do: "disown"; readonly owners: readonly string[] }
  /** Let the object's owners go before it. */
  | { readonly do: "unblock" }
  | { readonly do: "delete"; readonly propagation: "Foreground" | "Background" | "Orphan" };

/**
 * What is to be done about one object. `latest` is its metadata as the API just told, `dependents` are those who name
 * it as their owner, `owners` tells the state of each of its owners by uid.
 * Source: k8s.io/kubernetes/pkg/controller/garbagecollector/garbagecollector.go, attemptToDeleteItem.
 */
export function plan(
  latest: ObjectMeta,
  dependents: readonly Node[],
  owners: ReadonlyMap<string, OwnerState>,
): readonly Step[] {
  switch (deletionOf(latest)) {
    case "none":
      return planOwned(latest, dependents, owners);
    case "background":
      return [];
    case "orphan":
      return [
        { do: "orphan", dependents },
        { do: "release", finalizer: orphanFinalizer },
      ];
    case "foreground":
      return planForeground(latest, dependents);
  }
}

function planForeground(latest: ObjectMeta, dependents: readonly Node[]): readonly Step[] {
  const blocking = dependents.filter((dependent) => blocks(dependent, latest.uid));
  if (blocking.length === 0) return [{ do: "release", finalizer: foregroundFinalizer }];
  const idle = blocking.filter(({ deletion }) => deletion === "none");
  return idle.length === 0 ? [] : [{ do: "look", at: idle.map(({ uid }) => uid) }];
}

function planOwned(
  latest: ObjectMeta,
  dependents: readonly Node[],
  owners: ReadonlyMap<string, OwnerState>,
): readonly Step[] {
  const uids = (latest.ownerReferences ?? []).map(({ uid }) => uid);
  const inState = (...states: readonly OwnerState[]): readonly string[] =>
    uids.filter((uid) => states.includes(owners.get(uid) ?? "unknown"));
  if (uids.length === 0 || inState("unknown").length > 0) return [];

  const gone = inState("absent", "deleting");
  if (gone.length < uids.length) return gone.length === 0 ? [] : [{ do: "disown", owners: gone }];
  if (inState("deleting").length === 0 || dependents.length === 0) {
    return [{ do: "delete", propagation: propagationOf(latest) }];
  }
  // A dependent that itself waits for its dependents may be waiting, in a circle, for us.
  const circle = dependents.some(({ deletion }) => deletion === "foreground");
  return [...(circle ? [{ do: "unblock" } as const] : []), { do: "delete", propagation: "Foreground" }];
}

/** Finalizers that are there already are a wish to be honoured. */
function propagationOf({ finalizers = [] }: ObjectMeta): "Foreground" | "Background" | "Orphan" {
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  return finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
}
