import { isDeepStrictEqual } from "node:util";
import { canonicalQuantity, writeAmount } from "../../crds/amount.ts";
import type { KubeObject, ResourceType } from "../../crds/meta.ts";
import { groupResource } from "../../crds/meta.ts";
import { countedKind, totalUsage } from "../../crds/quota.ts";
import type { Quantity } from "../../crds/schema.ts";

type Amounts = Readonly<Record<string, Quantity>>;

export interface ResourceQuota extends KubeObject {
  readonly spec?: { readonly hard?: Amounts };
  readonly status?: { readonly hard?: Amounts; readonly used?: Amounts };
}

/** Whether the limits that are enforced are those that are asked for, and what is used of each is known. */
export function isInForce({ spec = {}, status = {} }: ResourceQuota): boolean {
  const { hard = {} } = spec;
  const { hard: enforced = {}, used = {} } = status;
  return isDeepStrictEqual(hard, enforced) && Object.keys(hard).every((name) => Object.hasOwn(used, name));
}

/** The names of a quota by the resource (`plural.group`) whose objects count towards them; "" for those of none. */
export function namesByKind({ spec = {} }: ResourceQuota): ReadonlyMap<string, readonly string[]> {
  return Map.groupBy(Object.keys(spec.hard ?? {}), (name) => {
    const kind = countedKind(name);
    return kind === undefined ? "" : groupResource(kind);
  });
}

/** `objects` gives those of one kind in the quota's namespace; nothing is used of names that no kind counts towards. */
export function statusOf(
  quota: ResourceQuota,
  kinds: ReadonlyMap<string, ResourceType>,
  objects: (type: ResourceType) => Iterable<KubeObject>,
): Required<NonNullable<ResourceQuota["status"]>> {
  const { hard = {} } = quota.spec ?? {};
  const used: Record<string, string> = Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]));
  for (const [resource, names] of namesByKind(quota)) {
    const type = kinds.get(resource);
    if (type === undefined) continue;
    for (const [name, amount] of totalUsage(type, objects(type), names)) used[name] = writeAmount(amount);
  }
  return {
    hard: Object.fromEntries(Object.entries(hard).map(([name, amount]) => [name, canonicalQuantity(amount)])),
    used,
  };
}
