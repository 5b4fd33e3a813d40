/**
 * Kubernetes' JSONPath, compiled once: `.status.conditions[?(@.type=="Ready")].status`, `.a.b[0].c`, `.items[1:3]`,
 * `.metadata.labels['x\.y']`, `.items[*].name`, `..name`.
 * Source of the grammar: client-go/util/jsonpath/parser.go. Unions and the steps of slices are not in it.
 */
import { isDeepStrictEqual } from "node:util";
import { isJsonObject } from "./json-object.ts";

/**
 * Every value that the path leads to from `object`, in order; none when something on the way is missing. A path that
 * begins with `$` starts at `root` instead, which is `object` when absent.
 */
export type JsonPath = (object: unknown, root?: unknown) => readonly unknown[];

type Step = (value: unknown, root: unknown) => readonly unknown[];

/** Takes a path as it is or in braces. Throws SyntaxError saying what is wrong with it. */
export function compileJsonPath(text: string): JsonPath {
  return compile(text.replace(/^\{([^]*)\}$/, "$1").trim(), text);
}

/** `text` is what error messages quote. */
function compile(path: string, text: string): JsonPath {
  const steps = parseSteps(path.replace(/^[$@]/, ""), text);
  const fromRoot = path.startsWith("$");
  return (object, root = object) =>
    steps.reduce<readonly unknown[]>((values, step) => follow(values, step, root), [fromRoot ? root : object]);
}

function follow(values: readonly unknown[], step: Step, root: unknown): readonly unknown[] {
  // Nearly always there is one value: no list of lists is made for it.
  const [only] = values;
  return values.length === 1 ? step(only, root) : values.flatMap((value) => step(value, root));
}

const token =
  /(?<dots>\.\.?)(?<field>(?:\\[^]|[^\\.,[\]$@{}\s])+)|\[\s*(?:(?<all>\*)|(?<index>-?[0-9]+)|(?<from>-?[0-9]*)\s*:\s*(?<to>-?[0-9]*)|'(?<key>(?:\\[^]|[^'\\])*)'|"(?<quoted>(?:\\[^]|[^"\\])*)"|\?\((?<filter>(?:"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|[^"')])*)\))\s*\]/y;

function parseSteps(path: string, text: string): readonly Step[] {
  const steps: Step[] = [];
  if (path === ".") return steps;
  for (let at = 0; at < path.length;) {
    token.lastIndex = at;
    const found = token.exec(path);
    if (found?.groups === undefined)
      throw new SyntaxError(`Cannot read JSONPath "${text}": "${path.slice(at)}" is not understood`);
    at += found[0].length;
    steps.push(stepOf(found.groups, text));
  }
  return steps;
}

function stepOf(groups: Readonly<Record<string, string | undefined>>, text: string): Step {
  const { dots, field, all, index, from, to, key, quoted, filter } = groups;
  const name = field ?? key ?? quoted;
  if (all !== undefined || field === "*") return dots === ".." ? everythingBelow : everything;
  if (name !== undefined) return dots === ".." ? anywhere(fieldStep(unescape(name))) : fieldStep(unescape(name));
  if (index !== undefined) return indexStep(Number(index));
  if (filter !== undefined) return filterStep(filter, text);
  return sliceStep(bound(from), bound(to));
}

const unescape = (name: string): string => name.replaceAll(/\\([^])/g, "$1");

const bound = (digits = ""): number | undefined => (digits === "" ? undefined : Number(digits));

function fieldStep(name: string): Step {
  // What is inherited (`constructor`, `toString`) is not there.
  return (value) => (isJsonObject(value) && Object.hasOwn(value, name) ? present(value[name]) : []);
}

function indexStep(index: number): Step {
  return (value) => (Array.isArray(value) ? present(value.at(index)) : []);
}

function sliceStep(from: number | undefined, to: number | undefined): Step {
  return (value) => asList(value).slice(from, to);
}

const present = (value: unknown): readonly unknown[] => (value === undefined ? [] : [value]);

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const everything: Step = (value) => (isJsonObject(value) ? Object.values(value) : asList(value));

const everythingBelow: Step = (value) => withAllBelow(value).slice(1);

/** The value, and whatever is in it, at any depth. */
function withAllBelow(value: unknown): readonly unknown[] {
  return [value, ...everything(value, undefined).flatMap(withAllBelow)];
}

function anywhere(step: Step): Step {
  return (value, root) => withAllBelow(value).flatMap((inner) => step(inner, root));
}

type Compare = (left: unknown, right: unknown) => boolean;

const comparisons: Readonly<Record<string, Compare>> = {
  "==": isDeepStrictEqual,
  "!=": (left, right) => !isDeepStrictEqual(left, right),
  "<": (left, right) => typeof left === typeof right && (left as number) < (right as number),
  "<=": (left, right) => typeof left === typeof right && (left as number) <= (right as number),
  ">": (left, right) => typeof left === typeof right && (left as number) > (right as number),
  ">=": (left, right) => typeof left === typeof right && (left as number) >= (right as number),
};

/** `@.type=="Ready"`, or `@.type` alone: where it exists. */
function filterStep(filter: string, text: string): Step {
  const [, left = "", operator, right = ""] =
    /^\s*([^!<>=]*?)\s*(?:(==|!=|<=|>=|<|>)\s*([^]+?))?\s*$/.exec(filter) ?? [];
  const leftOf = operand(left, text);
  const compare = operator === undefined ? undefined : comparisons[operator];
  const rightOf = operator === undefined ? undefined : operand(right, text);
  return (value, root) =>
    asList(value).filter((item) => {
      const found = leftOf(item, root);
      return found.length > 0 && (compare === undefined || compare(found[0], rightOf?.(item, root)[0]));
    });
}

function operand(source: string, text: string): JsonPath {
  if (/^[$@]/.test(source)) return compile(source, text);
  const value = literal(source, text);
  return () => [value];
}

function literal(source: string, text: string): unknown {
  const [, , string] = /^(["'])([^]*)\1$/.exec(source) ?? [];
  if (string !== undefined) return unescape(string);
  if (source === "true" || source === "false") return source === "true";
  const number = Number(source);
  if (source === "" || Number.isNaN(number))
    throw new SyntaxError(`Cannot read JSONPath "${text}": "${source}" is not a value`);
  return number;
}
