/** Keys compare bytewise as UTF-8, which is the order of their code points (and not JavaScript's order of strings). */

const lastCodePoint = 0x10ffff;
const beforeSurrogates = 0xd7ff;
const afterSurrogates = 0xe000;

/** The smallest string that sorts after every key beginning with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === lastCodePoint) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  return String.fromCodePoint(...points, last === beforeSurrogates ? afterSurrogates : last + 1);
}

/** Where a listing of `prefix` begins, inclusive, when it shows only keys that sort after `after`. */
export function listStart(prefix: string, after: string | undefined): string {
  if (after === undefined || Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0) return prefix;
  return `${after}\0`;
}
