/**
 * kubectl's JSONPath templates: text with {paths}, {"text"} and {range PATH}...{end}. Source: k8s.io/client-go/util/jsonpath.
 */
import type { JsonPath } from "../formats/json-path.ts";
import { compileJsonPath } from "../formats/json-path.ts";
import { UsageError } from "./errors.ts";

/** What the template gives for `root`. Throws UsageError when it cannot be read. */
export function renderTemplate(template: string, root: unknown): string {
  const { parts } = parseParts(template, 0, false);
  return render(parts, root, root);
}

/** The path that `wait --for=jsonpath=` takes: also without braces or its first dot. Throws UsageError. */
export function parseRelaxedPath(text: string): JsonPath {
  const inner = text.trim().replace(/^\{([^]*)\}$/, "$1").trim(); // prettier-ignore
  return parsePath(/^[.[$@]/.test(inner) ? inner : `.${inner}`);
}

function parsePath(text: string): JsonPath {
  try {
    return compileJsonPath(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(error.message);
    throw error;
  }
}

type Part =
  | { readonly text: string }
  | { readonly path: JsonPath }
  | { readonly range: JsonPath; readonly body: readonly Part[] };

function parseParts(template: string, from: number, inRange: boolean): { parts: readonly Part[]; end: number } {
  const parts: Part[] = [];
  let at = from;
  while (at < template.length) {
    const open = template.indexOf("{", at);
    if (open !== at) parts.push({ text: template.slice(at, open < 0 ? undefined : open) });
    if (open < 0) break;
    const close = closingBrace(template, open);
    const inner = template.slice(open + 1, close).trim();
    at = close + 1;
    if (inner === "end") {
      if (inRange) return { parts, end: at };
      throw unreadable(template, "{end} without {range}");
    }
    const range = /^range\s+(.*)$/s.exec(inner)?.[1];
    if (range !== undefined) {
      const body = parseParts(template, at, true);
      parts.push({ range: parsePath(range), body: body.parts });
      at = body.end;
    } else if (/^(["']).*\1$/s.test(inner)) parts.push({ text: unquote(inner) });
    else parts.push({ path: parsePath(inner) });
  }
  if (inRange) throw unreadable(template, "{range} without {end}");
  return { parts, end: at };
}

const unreadable = (template: string, why: string): UsageError =>
  new UsageError(`Cannot read the JSONPath template "${template}": ${why}`);

function closingBrace(template: string, open: number): number {
  let quote = "";
  for (let i = open; i < template.length; i++) {
    const char = template[i] ?? "";
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "}") return i;
  }
  throw unreadable(template, "a { is not closed");
}

function unquote(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
  return text.slice(1, -1).replace(/\\(.)/gs, (_, char: string) => escapes[char] ?? char);
}

function render(parts: readonly Part[], root: unknown, current: unknown): string {
  return parts
    .map((part) => {
      if ("text" in part) return part.text;
      if ("path" in part) return part.path(current, root).map(show).join(" ");
      return part
        .range(current, root)
        .map((item) => render(part.body, root, item))
        .join("");
    })
    .join("");
}

/** A single value: strings bare, everything else as JSON. */
export const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
