/** Our mark among the tags of something in a cloud: `stowage.dev/uid=<uid>`, with a colon where tags take no slash. */
const mark = /^stowage\.dev[/:]uid=/;

export const isMark = (tag: string): boolean => mark.test(tag);

/**
 * Our mark, and the tags that are asked for; tags of others stay where the spec does not say what they are to be.
 * undefined where it is so.
 */
export function tagsToSet(
  wanted: readonly string[] | undefined,
  now: readonly string[] = [],
  ours: string,
): string[] | undefined {
  const next = [...new Set([...(wanted ?? now.filter((one) => !isMark(one))), ours])];
  return next.length === now.length && next.every((one) => now.includes(one)) ? undefined : next;
}
