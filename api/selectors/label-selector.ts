/**
 * Label selectors as they stand in a query. Source of the grammar and the wording of errors:
 * apimachinery/pkg/labels/selector.go; "unable to parse requirement" and all else becomes a BadRequest.
 */
import { invalidValue } from "../schema/field-errors.ts";
import { labelValue, qualified } from "../schema/names.ts";
import { ApiError, badRequest } from "../status.ts";

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels | undefined) => boolean;

type Requirement = (value: string | undefined) => boolean;

const operators = ["in", "notin", "=", "==", "!=", "gt", "lt"].join(", ");

/** Throws BadRequest. An empty selector matches everything. */
export function parseLabelSelector(text: string): LabelMatcher {
  const tokens = text.match(/[=!<>]=?|[(),]|[^\s=!<>(),]+/g) ?? [];
  const requirements: { readonly key: string; readonly holds: Requirement }[] = [];
  let at = 0;

  const peek = (): string => tokens[at] ?? "";
  const take = (): string => {
    const token = peek();
    at += 1;
    return token;
  };
  const takeValues = (): readonly string[] => {
    const open = take();
    if (open !== "(") throw badRequirement(`found '${open}' expected: '('`);
    const values: string[] = [];
    for (;;) {
      values.push(isWord(peek()) ? take() : "");
      const separator = take();
      if (separator === ")") return values;
      if (separator !== ",") throw badRequirement(`found '${separator}', expected: ',' or ')'`);
    }
  };
  const takeValue = (): string => {
    if (peek() === "" || peek() === ",") return "";
    const value = take();
    if (!isWord(value)) throw badRequirement(`found '${value}', expected: identifier`);
    return value;
  };
  const takeRequirement = (): void => {
    const negated = peek() === "!";
    if (negated) take();
    const key = take();
    if (!isWord(key)) throw badRequirement(`found '${key}', expected: identifier`);
    checkKey(key);
    const ended = peek() === "" || peek() === ",";
    if (negated && !ended) throw badRequest(`found '${peek()}', expected: ',' or 'end of string'`);
    if (ended) {
      requirements.push({ key, holds: (value) => (value === undefined) === negated });
      return;
    }
    const operator = take();
    const values = operator === "in" || operator === "notin" ? takeValues() : binary.has(operator) ? [takeValue()] : [];
    for (const [index, value] of values.entries()) checkValue(key, value, index);
    requirements.push({ key, holds: requirement(operator, values) });
  };

  while (at < tokens.length) {
    if (peek() !== "!" && !isWord(peek()))
      throw badRequest(`found '${peek()}', expected: !, identifier, or 'end of string'`);
    takeRequirement();
    if (at >= tokens.length) break;
    const separator = take();
    if (separator !== ",") throw badRequest(`found '${separator}', expected: ',' or 'end of string'`);
    if (peek() !== "!" && !isWord(peek())) throw badRequest(`found '${peek()}', expected: identifier after ','`);
  }
  return (labels) =>
    requirements.every(({ key, holds }) =>
      holds(labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined),
    );
}

const binary: ReadonlySet<string> = new Set(["=", "==", "!=", ">", "<"]);

function isWord(token: string): boolean {
  return token !== "" && !/^[=!<>(),]/.test(token);
}

function requirement(operator: string, values: readonly string[]): Requirement {
  const [first = ""] = values;
  switch (operator) {
    case "in":
    case "=":
    case "==":
      return (value) => value !== undefined && values.includes(value);
    case "notin":
    case "!=":
      return (value) => value === undefined || !values.includes(value);
    case ">":
    case "<": {
      const bound = integer(first);
      if (bound === undefined)
        throw badRequirement(causeText("values[0]", first, "for 'Gt', 'Lt' operators, the value must be an integer"));
      return (value) => {
        const number = integer(value ?? "");
        return number !== undefined && (operator === ">" ? number > bound : number < bound);
      };
    }
    default:
      throw badRequirement(`found '${operator}', expected: ${operators}`);
  }
}

function integer(text: string): bigint | undefined {
  return /^[+-]?[0-9]{1,19}$/.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;
}

function checkKey(key: string): void {
  const wrong = qualified(key);
  if (wrong.length > 0) throw badRequirement(causeText("<nil>", key, wrong.join("; ")));
}

function checkValue(key: string, value: string, index: number): void {
  const wrong = labelValue(value);
  if (wrong.length > 0) throw badRequirement(causeText(`values[${index}][${key}]`, value, wrong.join("; ")));
}

function causeText(field: string, value: string, detail: string): string {
  return `${field}: ${invalidValue(field, value, detail).message ?? ""}`;
}

function badRequirement(why: string): ApiError {
  return badRequest(`unable to parse requirement: ${why}`);
}
