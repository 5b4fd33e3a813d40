/**
 * Kubernetes' JSONPath as CustomResourceDefinitions use it, compiled once:
 * `.status.conditions[?(@.type=="Ready")].status`, `.a.b[0].c`, `.metadata.labels['x\.y']`, `.items[*].name`.
 * Source of the grammar: client-go/util/jsonpath/parser.go. Recursive descent, unions and slices are not in it:
 * apiextensions allows simple paths only.
 */
import { asList, getOwn, isJsonObject } from "../json-object.ts";

/** Every value that the path leads to, in order; none when something on the way is missing. */
export type JsonPath = (object: unknown) => readonly unknown[];

type Step = (value: unknown) => readonly unknown[];

/** Throws SyntaxError saying what is wrong with the path. */
export function compileJsonPath(text: string): JsonPath {
  const steps = parseSteps(text.replace(/^\{([^]*)\}$/, "$1").replace(/^\$/, ""), text);
  return (object) => steps.reduce<readonly unknown[]>((values, step) => follow(values, step), [object]);
}

function follow(values: readonly unknown[], step: Step): readonly unknown[] {
  // Nearly always there is one value: no list of lists is made for it.
  const [only] = values;
  return values.length === 1 ? step(only) : values.flatMap((value) => step(value));
}

const token =
  /\.(?<field>(?:\\[^]|[^\\.,[\]$@{}\s])+)|\[\s*(?:(?<index>-?[0-9]+)|(?<all>\*)|'(?<key>[^']*)'|"(?<quoted>[^"]*)"|\?\((?<filter>(?:"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|[^"')])*)\))\s*\]/y;

function parseSteps(path: string, text: string): readonly Step[] {
  const steps: Step[] = [];
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
  const { field, index, all, key, quoted, filter } = groups;
  if (field === "*" || all !== undefined) return everything;
  const name = field ?? key ?? quoted;
  if (name !== undefined) return fieldStep(unescape(name));
  if (index !== undefined) return indexStep(Number(index));
  return filterStep(filter ?? "", text);
}

const unescape = (name: string): string => name.replaceAll(/\\([^])/g, "$1");

function fieldStep(name: string): Step {
  return (value) => {
    const found = isJsonObject(value) ? getOwn(value, name) : undefined;
    return found === undefined ? [] : [found];
  };
}

function indexStep(index: number): Step {
  return (value) => {
    const found: unknown = Array.isArray(value) ? value.at(index) : undefined;
    return found === undefined ? [] : [found];
  };
}

const everything: Step = (value) => {
  if (Array.isArray(value)) return value as readonly unknown[];
  return isJsonObject(value) ? Object.values(value) : [];
};

type Compare = (left: unknown, right: unknown) => boolean;

const comparisons: Readonly<Record<string, Compare>> = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => typeof left === typeof right && (left as number) < (right as number),
  "<=": (left, right) => typeof left === typeof right && (left as number) <= (right as number),
  ">": (left, right) => typeof left === typeof right && (left as number) > (right as number),
  ">=": (left, right) => typeof left === typeof right && (left as number) >= (right as number),
};

/** `@.type=="Ready"`, or `@.type` alone: where it exists. */
function filterStep(filter: string, text: string): Step {
  const [, left = "", operator, right = ""] =
    /^\s*@([^!<>=]*?)\s*(?:(==|!=|<=|>=|<|>)\s*([^]+?))?\s*$/.exec(filter) ?? [];
  if (left === "") throw new SyntaxError(`Cannot read JSONPath "${text}": filter "${filter}" must compare @.field`);
  const path = parseSteps(left, text);
  const read = (item: unknown): readonly unknown[] => path.reduce<readonly unknown[]>(follow, [item]);
  const compare = operator === undefined ? undefined : comparisons[operator];
  const wanted = operator === undefined ? undefined : literal(right, text);
  return (value) =>
    asList(value).filter((item) => {
      const found = read(item);
      return found.length > 0 && (compare === undefined || compare(found[0], wanted));
    });
}

function literal(source: string, text: string): unknown {
  const [, , string] = /^(["'])([^]*)\1$/.exec(source) ?? [];
  if (string !== undefined) return unescape(string);
  if (source === "true" || source === "false") return source === "true";
  const number = Number(source);
  if (Number.isNaN(number)) throw new SyntaxError(`Cannot read JSONPath "${text}": "${source}" is not a value`);
  return number;
}
