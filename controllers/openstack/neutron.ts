/** What the kinds of Neutron have in common. */
import type { Query } from "../../openstack/collection.ts";
import type { TaggedCollection } from "../../openstack/neutron/tagged.ts";
import { setTags } from "../../openstack/neutron/tagged.ts";
import type { Change, Context } from "./actuator.ts";
import { tagsToSet } from "./marks.ts";

interface Marked {
  readonly id: string;
  readonly tags?: readonly string[] | undefined;
  readonly description?: string | undefined;
}

/**
 * What a create of ours left behind. Tags cannot be given with the creation: until it is recorded it is described by our
 * mark, and gets its own description afterwards.
 */
export async function leftBehindIn<T extends Marked>(
  collection: { readonly find: (query: Query, signal: AbortSignal) => Promise<readonly T[]> },
  { tag, signal }: Pick<Context, "tag" | "signal">,
): Promise<readonly T[]> {
  const [described, tagged] = await Promise.all([
    collection.find({ description: tag }, signal),
    collection.find({ tags: tag }, signal),
  ]);
  // Whatever a service makes of a filter: nothing is ours that has no mark.
  const ours = [...described, ...tagged].filter(({ description, tags }) => description === tag || tags?.includes(tag));
  return [...new Map(ours.map((one) => [one.id, one])).values()];
}

/** Our mark, and the tags that are asked for; tags of others stay where the spec does not say what they are to be. */
export function tagChange<T extends Marked>(
  collection: TaggedCollection,
  wanted: readonly string[] | undefined,
  remote: T,
  { tag }: Pick<Context, "tag">,
): readonly Change<T>[] {
  const next = tagsToSet(wanted, remote.tags, tag);
  if (next === undefined) return [];
  return [
    {
      what: `set tags to ${next.join(", ")}`,
      perform: async ({ cloud, signal }, latest = remote) => ({
        ...latest,
        tags: await setTags(cloud, collection, remote.id, next, signal),
      }),
    },
  ];
}
