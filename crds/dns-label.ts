/** Names for things that have none which the API takes: IsDNS1123Label in apimachinery/pkg/util/validation. */

/** Letters, digits and dashes, at most 63; `x` where nothing is left of the text. */
export function dnsLabel(text: string): string {
  const found = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  return found === "" ? "x" : found;
}

/** `label`, or `label-2` where that is taken; takes it. */
export function takeLabel(label: string, taken: Set<string>): string {
  let unique = label;
  for (let count = 2; taken.has(unique); count++) unique = `${label.slice(0, 59)}-${count}`;
  taken.add(unique);
  return unique;
}
