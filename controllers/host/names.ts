/** Most names that a message tells. */
const mostNames = 5;

/** Names for a message, in order; the first few of many. */
export function shortList(names: readonly string[]): string {
  return names.toSorted().slice(0, mostNames).join(", ") + (names.length > mostNames ? ", ..." : "");
}
