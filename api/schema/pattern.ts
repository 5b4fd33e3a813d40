/**
 * Patterns of schemas. Go's RE2 defines them, which runs in linear time and knows no look-around or back-references.
 * Here V8 runs them; asked to, it too falls back to a linear engine when a match backtracks too much.
 */
import { setFlagsFromString } from "node:v8";

/** What RE2 does not have, found outside of character classes closely enough to tell a user. */
const notRe2 = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k</;

/** Why this is no pattern, undefined when it is one. */
export function patternProblem(source: string): string | undefined {
  const foreign = notRe2.exec(source)?.[0];
  if (foreign !== undefined) return `error parsing regexp: invalid or unsupported Perl syntax: \`${foreign}\``;
  try {
    toRegExp(source);
    return undefined;
  } catch (error) {
    return `error parsing regexp: ${inRe2Words((error as Error).message, source)}`;
  }
}

/** What V8 says of a pattern, as RE2 says it. Source: regexp/syntax/parse.go. */
const words: readonly (readonly [RegExp, string])[] = [
  [/Unterminated group/, "missing closing )"],
  [/Unmatched '\)'/, "unexpected )"],
  [/Unterminated character class/, "missing closing ]"],
  [/Nothing to repeat/, "missing argument to repetition operator"],
  [/Range out of order in character class/, "invalid character class range"],
  [/\\ at end of pattern/, "trailing backslash at end of expression"],
];

function inRe2Words(message: string, source: string): string {
  const found = words.find(([pattern]) => pattern.test(message));
  return found === undefined ? message : `${found[1]}: \`${source}\``;
}

/** Compiles at first use. A pattern that is none matches nothing: validateCustomResourceDefinition refuses it. */
export function compilePattern(source: string): (text: string) => boolean {
  let compiled: RegExp | undefined;
  return (text) => {
    try {
      compiled ??= toRegExp(source);
    } catch {
      return false;
    }
    return compiled.test(text);
  };
}

let bounded = false;

/** From now on no regular expression of this process backtracks without end. Again is harmless. */
export function boundBacktracking(): void {
  if (!bounded) setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
  bounded = true;
}

/** Throws SyntaxError for what is no pattern. */
export function toRegExp(source: string): RegExp {
  boundBacktracking();
  const { body, flags } = translate(source);
  return new RegExp(body, flags);
}

/** The few spellings of RE2 that JavaScript has under another name. */
function translate(source: string): { readonly body: string; readonly flags: string } {
  const [, flags = "", rest = source] = /^\(\?([ims]+)\)([^]*)$/.exec(source) ?? [];
  const body = rest.replaceAll("\\A", "^").replaceAll("\\z", "$").replaceAll("(?P<", "(?<");
  // The linear engine cannot do the u flag, so only what needs it gets it.
  return { body, flags: flags + (/\\[pP]\{/.test(body) ? "u" : "") };
}
