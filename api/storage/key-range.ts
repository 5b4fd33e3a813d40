/** Keys compare bytewise as UTF-8, which is the order of their code points (and not JavaScript's order of strings). */

const lastCodePoint = 0x10ffff;
const beforeSurrogates = 0xd7ff;
const afterSurrogates = 0xe000;

/** The smallest string that sorts after every key beginning with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const last = Array.from(prefix.slice(-2)).at(-1);
  const point = last?.codePointAt(0);
  if (last === undefined || point === undefined) return undefined;
  const rest = prefix.slice(0, -last.length);
  if (point === lastCodePoint) return prefixEnd(rest);
  return rest + String.fromCodePoint(point === beforeSurrogates ? afterSurrogates : point + 1);
}

/** Where a listing of `prefix` begins, inclusive, when it shows only keys that sort after `after`. */
export function listStart(prefix: string, after: string | undefined): string {
  if (after === undefined || Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0) return prefix;
  return `${after}\0`;
}
