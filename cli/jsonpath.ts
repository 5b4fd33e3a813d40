/**
 * kubectl's JSONPath templates: text with {expressions}. Source: k8s.io/client-go/util/jsonpath.
 * Known: .field, ['field'], [n], [a:b], [*], ..field, [?(@.field op value)], @ and $, "text", range and end.
 */
import { isDeepStrictEqual } from "node:util";
import { UsageError } from "./errors.ts";

/** What the template gives for `root`. Throws UsageError when it cannot be read. */
export function renderJsonPath(template: string, root: unknown): string {
  const { parts } = parseParts(template, 0, false);
  return render(parts, root, root);
}

/** The values that one path (`{.status.phase}` or `.status.phase`) finds. */
export function findJsonPath(path: string, root: unknown): readonly unknown[] {
  const inner = /^\{(.*)\}$/s.exec(path.trim())?.[1] ?? path;
  return evaluate(inner.trim(), root, root);
}

type Part =
  { readonly text: string } | { readonly path: string } | { readonly range: string; readonly body: readonly Part[] };

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
      parts.push({ range, body: body.parts });
      at = body.end;
    } else if (/^(["']).*\1$/s.test(inner)) parts.push({ text: unquote(inner) });
    else parts.push({ path: inner });
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
      if ("path" in part) return evaluate(part.path, root, current).map(show).join(" ");
      return evaluate(part.range, root, current)
        .map((item) => render(part.body, root, item))
        .join("");
    })
    .join("");
}

/** A single value: strings bare, everything else as JSON. */
export const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

type Step =
  | { readonly field: string; readonly deep: boolean }
  | { readonly index: number }
  | { readonly slice: readonly [number | undefined, number | undefined] }
  | { readonly filter: string }
  | "all";

const stepPattern =
  /^(?:(\.\.?)(\*|(?:\\.|[^.[\]\s'"\\])+)|\[\s*'((?:\\.|[^'])*)'\s*\]|\[\s*"((?:\\.|[^"])*)"\s*\]|\[\s*\*\s*\]|\[\s*(-?\d+)\s*\]|\[\s*(-?\d*)\s*:\s*(-?\d*)\s*\]|\[\s*\?\((.*?)\)\s*\])/s;

function parseSteps(path: string): { readonly steps: readonly Step[]; readonly fromRoot: boolean } {
  let rest = path.replace(/^[$@]/, "");
  if (rest !== "" && !/^[.[]/.test(rest)) rest = `.${rest}`;
  const steps: Step[] = [];
  while (rest !== "" && rest !== ".") {
    const match = stepPattern.exec(rest);
    if (match === null) throw unreadable(path, `"${rest}" is not understood`);
    const [all, dots, field, single, double, index, from, to, filter] = match;
    const name = field?.replace(/\\(.)/g, "$1") ?? single ?? double;
    if (name === "*" && field !== undefined) steps.push("all");
    else if (name !== undefined) steps.push({ field: name, deep: dots === ".." });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else if (filter !== undefined) steps.push({ filter });
    else if (from !== undefined || to !== undefined) steps.push({ slice: [bound(from), bound(to)] });
    else steps.push("all");
    rest = rest.slice(all.length);
  }
  return { steps, fromRoot: path.startsWith("$") };
}

const bound = (text: string | undefined): number | undefined =>
  text === undefined || text === "" ? undefined : Number(text);

function evaluate(path: string, root: unknown, current: unknown): readonly unknown[] {
  const { steps, fromRoot } = parseSteps(path);
  return steps.reduce<readonly unknown[]>(
    (values, step) => values.flatMap((value) => take(step, root, value)),
    [fromRoot ? root : current],
  );
}

const children = (value: unknown): readonly unknown[] =>
  typeof value === "object" && value !== null ? Object.values(value) : [];

const present = (value: unknown): readonly unknown[] => (value === undefined ? [] : [value]);

function take(step: Step, root: unknown, value: unknown): readonly unknown[] {
  if (step === "all") return children(value);
  if ("field" in step) {
    if (step.deep)
      return [
        ...take({ ...step, deep: false }, root, value),
        ...children(value).flatMap((inner) => take(step, root, inner)),
      ];
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMap ? present((value as Readonly<Record<string, unknown>>)[step.field]) : [];
  }
  if (!Array.isArray(value)) return [];
  if ("index" in step) return present(value.at(step.index));
  if ("slice" in step) return value.slice(...step.slice);
  return value.filter((item) => holds(step.filter, root, item));
}

const compare: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  "==": (a, b) => isDeepStrictEqual(a, b),
  "!=": (a, b) => !isDeepStrictEqual(a, b),
  "<": (a, b) => (a as number) < (b as number),
  "<=": (a, b) => (a as number) <= (b as number),
  ">": (a, b) => (a as number) > (b as number),
  ">=": (a, b) => (a as number) >= (b as number),
};

function holds(filter: string, root: unknown, item: unknown): boolean {
  const [, left = "", operator, right = ""] = /^\s*(.+?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?)\s*)?$/s.exec(filter) ?? [];
  const found = operand(left, root, item);
  if (operator === undefined) return found.length > 0;
  const [a] = found;
  const [b] = operand(right, root, item);
  return found.length > 0 && (compare[operator]?.(a, b) ?? false);
}

function operand(text: string, root: unknown, item: unknown): readonly unknown[] {
  if (/^[@$]/.test(text)) return evaluate(text, root, item);
  if (/^(["']).*\1$/s.test(text)) return [unquote(text)];
  try {
    return [JSON.parse(text)];
  } catch {
    throw unreadable(text, "expected a path, a number, true, false or a quoted text");
  }
}
