import type { DiscoveredType } from "../../api/client/client.ts";

/**
 * In which order the content of a namespace goes: one kind after the other but Events, which tell why something does not
 * go, after all that. Kinds that cannot be listed or deleted (access reviews) have no content.
 */
export function deletionOrder(types: readonly DiscoveredType[]): {
  readonly content: readonly DiscoveredType[];
  readonly events: readonly DiscoveredType[];
} {
  const deletable = types.filter(
    ({ namespaced, verbs }) => namespaced && verbs.includes("delete") && verbs.includes("list"),
  );
  const isEvent = ({ kind, group }: DiscoveredType): boolean =>
    kind === "Event" && (group === "" || group === "events.k8s.io");
  return { content: deletable.filter((type) => !isEvent(type)), events: deletable.filter(isEvent) };
}

/**
 * Milliseconds until a terminating namespace is looked at again. What holds it up are finalizers, whose end nobody tells
 * us; they mostly take as long again as they have taken so far. kube-controller-manager waits 8 s from the start
 * (namespace_controller.go: half of an estimate of 15 s, and one more).
 */
export function pollAfter(deletedAt: Date, now: Date): number {
  const elapsed = now.getTime() - deletedAt.getTime();
  return Math.min(8000, Math.max(200, elapsed / 4));
}
