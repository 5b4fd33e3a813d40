/** Waits for many objects at once. */
import type { Client, Name } from "../api/client/client.ts";
import type { KubeObject, ResourceType } from "../crds/meta.ts";
import { groupResource } from "../crds/meta.ts";
import type { Following } from "./follow.ts";
import { follow, keyOf } from "./follow.ts";

/** One object, by its kind and name. */
export interface Target {
  readonly type: ResourceType;
  readonly name: Name;
}

/**
 * Asks `isDone` of each object, at once and whenever it or one beside it changes, until it said yes of all or the
 * signal aborts. An object that does not exist is undefined. Returns those that it did not say yes of.
 */
export async function untilAll<T extends Target>(
  client: Client,
  targets: readonly T[],
  following: Following,
  isDone: (target: T, object: KubeObject | undefined) => boolean,
): Promise<readonly T[]> {
  const groups = Map.groupBy(targets, ({ type, name }) => `${groupResource(type)} ${name.namespace ?? ""}`);
  const left = await Promise.all([...groups.values()].map((group) => untilGroup(client, group, following, isDone)));
  return left.flat();
}

/** Objects of one kind in one namespace share one watch. */
async function untilGroup<T extends Target>(
  client: Client,
  group: readonly T[],
  following: Following,
  isDone: (target: T, object: KubeObject | undefined) => boolean,
): Promise<readonly T[]> {
  const [first] = group;
  if (first === undefined) return [];
  const selection = {
    namespace: first.name.namespace,
    fieldSelector: group.length === 1 ? `metadata.name=${first.name.name}` : undefined,
  };
  let left = group;
  for await (const objects of follow(client, first.type, selection, following)) {
    left = group.filter((target) => !isDone(target, objects.get(keyOf(target.name.namespace, target.name.name))));
    if (left.length === 0) break;
  }
  return left;
}
