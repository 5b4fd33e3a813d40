import { z } from "zod";
import type { Service } from "../service.ts";

/** The collections of Neutron that take tags, as their URLs have them (extension standard-attr-tag). */
export type TaggedCollection =
  "networks" | "subnets" | "ports" | "routers" | "security-groups" | "floatingips" | "trunks" | "subnetpools";

/** Makes these all of its tags. Returns them as Neutron has them. */
export function setTags(
  service: Service,
  collection: TaggedCollection,
  id: string,
  tags: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  return service.request({
    service: "network",
    method: "PUT",
    path: `/${collection}/${encodeURIComponent(id)}/tags`,
    body: { tags },
    action: `set tags of ${collection}/${id}`,
    schema: z.object({ tags: z.array(z.string()) }).transform((answer) => answer.tags),
    ...(signal && { signal }),
  });
}

export interface TagFilter {
  readonly tags?: readonly string[] | undefined;
  readonly tagsAny?: readonly string[] | undefined;
  readonly notTags?: readonly string[] | undefined;
  readonly notTagsAny?: readonly string[] | undefined;
}

/** Neutron's own query parameters. */
export function tagQuery({ tags, tagsAny, notTags, notTagsAny }: TagFilter): Record<string, string | undefined> {
  return {
    tags: tags?.join(","),
    "tags-any": tagsAny?.join(","),
    "not-tags": notTags?.join(","),
    "not-tags-any": notTagsAny?.join(","),
  };
}
