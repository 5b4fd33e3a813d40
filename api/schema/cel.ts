/**
 * x-kubernetes-validations: CEL rules on schema nodes, on @marcbachmann/cel-js.
 * Source of what rules see and of the wording: apiextensions-apiserver/pkg/apiserver/schema/cel/{validation,values}.go.
 *
 * Not there: optionalOldSelf, ratcheting, and Kubernetes' own CEL libraries (quantity, url, ip, regex find, list sum).
 * A rule that uses one of them is refused when its CustomResourceDefinition is created.
 */
import { Environment } from "@marcbachmann/cel-js";
import { asList, childPath, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, forbiddenField, invalidValue, required } from "./field-errors.ts";
import { keysOf } from "./list-types.ts";
import { boundBacktracking } from "./pattern.ts";
import type { SchemaNode } from "./schema-node.ts";

/** One rule, ready to run. */
export interface CompiledRule {
  /** The rule compares with what was before: it runs on updates only. */
  readonly usesOldSelf: boolean;
  /** Upper bound of steps for a value whose longest list or map has `size` items. */
  readonly cost: (size: number) => number;
  /** Whether the value is as the rule wants it. Throws when it cannot be said. */
  readonly holds: (scope: Scope) => boolean;
  readonly failure: (path: string, type: string, scope: Scope) => StatusCause;
  /** What a message calls the rule. */
  readonly text: string;
}

interface Scope {
  readonly self: unknown;
  readonly oldSelf: unknown;
}

/**
 * Steps that the rules of one object may take together: well under a second. The package has no budget of its own, so
 * the most that a rule can take is computed from how deep its loops are nested and how long the lists are.
 */
const costBudget = 50_000_000;

const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
  .registerVariable("self", "dyn")
  .registerVariable("oldSelf", "dyn");

type Expression = ReturnType<Environment["parse"]>;

/** Why this is no rule, undefined when it is one. */
export function ruleProblem(rule: string): string | undefined {
  try {
    const checked = environment.parse(rule).check();
    if (!checked.valid) return checked.error?.summary ?? "it does not compile";
    const { type } = checked;
    return type === "bool" || type === "dyn" ? undefined : `must evaluate to a bool, but evaluates to ${type ?? "?"}`;
  } catch (error) {
    return summaryOf(error);
  }
}

/** Throws for a rule that does not compile: validateCustomResourceDefinition refuses those. */
export function compileRules(validations: readonly JsonObject[]): readonly CompiledRule[] {
  // matches() takes any pattern.
  boundBacktracking();
  return validations.map(compileRule);
}

function compileRule(validation: JsonObject): CompiledRule {
  const text = (key: string): string => {
    const value = getOwn(validation, key);
    return typeof value === "string" ? value.trim() : "";
  };
  const rule = text("rule");
  const expression = environment.parse(rule);
  const message = text("message");
  const messageExpression = text("messageExpression");
  const say = messageExpression === "" ? undefined : environment.parse(messageExpression);
  const costs = [expression.ast, ...(say === undefined ? [] : [say.ast])].map((ast) => ({
    nodes: nodeCount(ast),
    depth: loopDepth(ast),
  }));
  return {
    usesOldSelf: /\boldSelf\b/.test(rule),
    cost: (size) => costs.reduce((sum, { nodes, depth }) => sum + nodes * Math.max(size, 1) ** depth, 0),
    holds: (scope) => expression({ ...scope }) === true,
    failure: (path, type, scope) =>
      failureFor(
        text("reason"),
        path + fieldPathOf(text("fieldPath"), path),
        type,
        messageFrom(say, scope) ?? (message === "" ? `failed rule: ${rule}` : message),
      ),
    text: message === "" ? rule : message,
  };
}

const fieldPathOf = (fieldPath: string, parent: string): string =>
  parent === "" ? fieldPath.replace(/^\./, "") : fieldPath;

/** The result of messageExpression where that is usable: one line, not empty. */
function messageFrom(expression: Expression | undefined, scope: Scope): string | undefined {
  try {
    const said: unknown = expression?.({ ...scope });
    const line = typeof said === "string" ? said.trim() : "";
    return line === "" || line.includes("\n") || line.length > 5120 ? undefined : line;
  } catch {
    return undefined;
  }
}

function failureFor(reason: string, path: string, type: string, message: string): StatusCause {
  switch (reason) {
    case "FieldValueRequired":
      return required(path, message);
    case "FieldValueForbidden":
      return forbiddenField(path, message);
    case "FieldValueDuplicate":
      // Upstream drops the message here; it is what tells the user what to do.
      return duplicate(path, type, message);
    default:
      return invalidValue(path, type, message);
  }
}

function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "summary" in error ? String(error.summary) : (error.message.split("\n", 1)[0] ?? "");
}

/** Macros that run an expression once per item. */
const loops: ReadonlySet<unknown> = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** How deep loops are nested in each other. */
function loopDepth(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((most, one) => Math.max(most, loopDepth(one)), 0);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return 0;
  if (node.op !== "rcall" || !Array.isArray(node.args)) return loopDepth(node.args);
  const [name, receiver, args] = node.args as readonly unknown[];
  return Math.max(loopDepth(receiver), loopDepth(args) + (loops.has(name) ? 1 : 0));
}

function nodeCount(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((sum, one) => sum + nodeCount(one), 0);
  return typeof node === "object" && node !== null && "args" in node ? 1 + nodeCount(node.args) : 0;
}

interface Budget {
  left: number;
}

/** Runs every rule of a resource, and adds what is wrong to `causes`. `old` is undefined on creation. */
export function validateRules(
  object: JsonObject,
  old: JsonObject | undefined,
  root: SchemaNode,
  causes: StatusCause[],
): void {
  if (root.hasRules) walk(object, old, root, "", true, causes, { left: costBudget });
}

function walk(
  value: unknown,
  old: unknown,
  node: SchemaNode,
  path: string,
  resource: boolean,
  causes: StatusCause[],
  budget: Budget,
): void {
  if (!node.hasRules || value === null || value === undefined || budget.left < 0) return;
  runRules(value, old, node, path, resource, causes, budget);
  if (Array.isArray(value)) {
    const { items } = node;
    if (items === undefined) return;
    const before = correlate(old, node);
    for (const [index, item] of value.entries())
      walk(item, before(item), items, `${path}[${index}]`, items.embedded, causes, budget);
  } else if (isJsonObject(value)) {
    const before = isJsonObject(old) ? old : {};
    for (const key of Object.keys(value)) {
      const property = node.properties.get(key);
      const child = property ?? (node.additional instanceof Object ? node.additional : undefined);
      if (child === undefined) continue;
      const childField = property === undefined ? `${path}[${key}]` : childPath(path, key);
      walk(value[key], getOwn(before, key), child, childField, child.embedded, causes, budget);
    }
  }
}

/** Items of a list are the same ones as before only where keys say so. */
function correlate(old: unknown, node: SchemaNode): (item: unknown) => unknown {
  if (node.listType !== "map" || !Array.isArray(old)) return () => undefined;
  const keyOf = (item: unknown): string => JSON.stringify(keysOf(item, node.mapKeys));
  const byKey = new Map(old.map((item: unknown) => [keyOf(item), item]));
  return (item) => byKey.get(keyOf(item));
}

function runRules(
  value: unknown,
  old: unknown,
  node: SchemaNode,
  path: string,
  resource: boolean,
  causes: StatusCause[],
  budget: Budget,
): void {
  const rules = node.rules().filter((rule) => old !== undefined || !rule.usesOldSelf);
  if (rules.length === 0) return;
  const type = node.types.join(",") || "object";
  const transition = rules.some((rule) => rule.usesOldSelf);
  const scope = {
    self: celValue(value, node, resource),
    oldSelf: transition ? celValue(old, node, resource) : undefined,
  };
  const size = Math.max(longest(value), transition ? longest(old) : 0);
  for (const rule of rules) {
    budget.left -= rule.cost(size);
    if (budget.left < 0) {
      const why = "validation failed due to running out of cost budget, no further validation rules will be run";
      causes.push(invalidValue(path, type, why));
      return;
    }
    const cause = problemWith(rule, scope, path, type);
    if (cause !== undefined) causes.push(cause);
  }
}

function problemWith(rule: CompiledRule, scope: Scope, path: string, type: string): StatusCause | undefined {
  try {
    return rule.holds(scope) ? undefined : rule.failure(path, type, scope);
  } catch (error) {
    return invalidValue(path, type, `${summaryOf(error)} evaluating rule: ${rule.text}`);
  }
}

/** The length of the longest list or map in a value. */
function longest(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return items.reduce<number>((most, item) => Math.max(most, longest(item)), items.length);
}

/** What a resource shows of itself to rules, whatever its schema says. */
const metadataShown = ["name", "generateName"] as const;

/**
 * A JSON value as CEL sees it through its schema: integers are int, date-times timestamps, maps are maps, and fields of
 * objects have names that are CEL identifiers.
 */
function celValue(value: unknown, node: SchemaNode | undefined, resource: boolean): unknown {
  if (typeof value === "number") return isInteger(value, node) ? BigInt(value) : value;
  if (typeof value === "string") return node?.format?.name === "date-time" ? new Date(value) : value;
  if (Array.isArray(value)) return value.map((item) => celValue(item, node?.items, node?.items?.embedded === true));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, item]) => celEntry(key, item, node, resource));
  const isMap = node !== undefined && node.properties.size === 0 && node.additional !== undefined;
  return isMap ? new Map(entries) : Object.fromEntries(entries);
}

function celEntry(
  key: string,
  item: unknown,
  node: SchemaNode | undefined,
  resource: boolean,
): readonly (readonly [string, unknown])[] {
  if (resource && key === "metadata" && isJsonObject(item)) {
    const shown = metadataShown.filter((name) => Object.hasOwn(item, name)).map((name) => [name, item[name]] as const);
    return [[key, Object.fromEntries(shown)]];
  }
  const property = node?.properties.get(key);
  const child = property ?? (node?.additional instanceof Object ? node.additional : undefined);
  const isField = property !== undefined;
  return [[isField ? escapeField(key) : key, celValue(item, child, child?.embedded === true)]];
}

function isInteger(value: number, node: SchemaNode | undefined): boolean {
  return Number.isInteger(value) && (node === undefined || node.types.length === 0 || node.types.includes("integer"));
}

/** Source: apiserver/pkg/cel/escaping.go. */
const reserved: ReadonlySet<string> = new Set([
  "true",
  "false",
  "null",
  "in",
  "as",
  "break",
  "const",
  "continue",
  "else",
  "for",
  "function",
  "if",
  "import",
  "let",
  "loop",
  "package",
  "namespace",
  "return",
  "var",
  "void",
  "while",
]);

const escapes: Readonly<Record<string, string>> = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};

function escapeField(name: string): string {
  if (reserved.has(name)) return `__${name}__`;
  return /[.\-/]|__/.test(name) ? name.replaceAll(/__|[.\-/]/g, (part) => escapes[part] ?? part) : name;
}

/** The rules of a schema node as it stands in a CustomResourceDefinition, for those who check it. */
export function rulesOf(schema: JsonObject): readonly JsonObject[] {
  return asList(getOwn(schema, "x-kubernetes-validations")).filter(isJsonObject);
}
