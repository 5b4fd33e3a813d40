/** cel-go's words for what cel-js found. Source: cel-go's common/error.go and checker/errors.go. */

/** In cel-go's form: where it is, and the line with a mark below. */
export function compileError(error: unknown, source: string): string {
  const before = source.slice(0, positionOf(error, source)).split("\n");
  const column = before.at(-1)?.length ?? 0;
  const line = source.split("\n")[before.length - 1] ?? "";
  return `ERROR: <input>:${before.length}:${column + 1}: ${inCelGoWords(summaryOf(error))}\n | ${line}\n | ${".".repeat(column)}^`;
}

interface Located {
  readonly range?: { readonly start: number };
  readonly node?: { readonly op?: string; readonly args?: unknown; readonly start?: number };
}

/** Where cel-go sees a fault: at the dot of a field, the parenthesis of a call, the sign of an operator. */
function positionOf(error: unknown, source: string): number {
  const { range, node } = error instanceof Error ? (error as Located) : {};
  const start = range?.start ?? 0;
  const [first, second] = Array.isArray(node?.args) ? (node.args as readonly unknown[]) : [];
  const end = (operand: unknown): number => (operand as { readonly end?: number } | undefined)?.end ?? start;
  const at = (text: string, from: number): number => {
    const found = source.indexOf(text, from);
    return found < 0 ? start : found;
  };
  switch (node?.op) {
    case undefined:
    case "id":
    case "value":
      return start;
    case ".":
      return at(".", end(first));
    case "call":
      return at("(", node.start ?? start);
    case "rcall":
      return at("(", end(second));
    default:
      return at(node?.op ?? "", end(first));
  }
}

/** What cel-js says, as cel-go says it. */
const words: readonly (readonly [RegExp, string])[] = [
  [/^Unknown variable: (.*)$/, "undeclared reference to '$1' (in container '')"],
  [/^No such key: (.*)$/, "undefined field '$1'"],
  [/^no such overload: (\S+) (\S+) (\S+)$/, "found no matching overload for '_$2_' applied to '($1, $3)'"],
  [/^no such overload: ([!-])(\S+)$/, "found no matching overload for '$1_' applied to '($2)'"],
  [/^found no matching overload for '([^'(.]+)\((.*)\)'$/, "found no matching overload for '$1' applied to '($2)'"],
  [
    /^found no matching overload for '([^'(]+)\.([^'(.]+)\((.*)\)'$/,
    "found no matching overload for '$2' applied to '$1.($3)'",
  ],
];

function inCelGoWords(summary: string): string {
  const [pattern, replacement] = words.find(([candidate]) => candidate.test(summary)) ?? [];
  if (pattern === undefined || replacement === undefined) return summary;
  return summary.replace(pattern, replacement);
}

/** Without the excerpt that cel-js adds. */
function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "summary" in error ? String(error.summary) : (error.message.split("\n", 1)[0] ?? "");
}

/** What went wrong in an evaluation. */
export function runError(error: unknown): string {
  return summaryOf(error)
    .replace(/^No such key: (?!index)/, "no such key: ")
    .replace(/^No such key: index out of bounds, index ([0-9-]+).*$/, "index out of bounds: $1");
}
