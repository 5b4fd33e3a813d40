/** What the kinds of Neutron have in common. */
import type { TaggedCollection } from "../../openstack/neutron/tagged.ts";
import { setTags } from "../../openstack/neutron/tagged.ts";
import type { Change, Context } from "./actuator.ts";
import { isMark, tagsToSet } from "./marks.ts";

interface Marked {
  readonly id: string;
  readonly tags?: readonly string[] | undefined;
  readonly createdAt?: string | undefined;
}

/** How far the cloud's clock may be behind ours. */
const skewMs = 300_000;

/**
 * Of those that look alike, what a create of ours may have left behind: marked as ours, or else not marked as anybody's
 * and no older than the attempt. Tags cannot be given with the creation, so that what is left behind may have none.
 */
export function leftBehindOf<T extends Marked>(
  alike: readonly T[],
  { tag }: Pick<Context, "tag">,
  since: Date,
): readonly T[] {
  const marked = alike.filter(({ tags }) => tags?.includes(tag) === true);
  if (marked.length > 0) return marked;
  const earliest = since.getTime() - skewMs;
  return alike.filter(
    ({ tags = [], createdAt }) => !tags.some(isMark) && createdAt !== undefined && Date.parse(createdAt) >= earliest,
  );
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
