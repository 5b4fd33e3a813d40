/**
 * x-kubernetes-validations: CEL rules on schema nodes, on @marcbachmann/cel-js.
 * Source of what rules see and of the wording: apiextensions-apiserver/pkg/apiserver/schema/cel/{compilation,validation}.go.
 * Not there: lists of type set and map are compared and added in order, as other lists are.
 */
import type { ASTNode } from "@marcbachmann/cel-js";
import { Optional } from "@marcbachmann/cel-js";
import { compileError, runError } from "../cel/words.ts";
import { longest, stepBudget, stepsOf } from "../cel/steps.ts";
import { asList, childPath, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { maxCost } from "./cel-cost.ts";
import { SchemaTypes } from "./cel-types.ts";
import { correlatedItems, isUnchanged } from "./correlation.ts";
import type { Correlation } from "./correlation.ts";
import { duplicate, forbiddenField, invalidValue, required } from "./field-errors.ts";
import type { SchemaNode } from "./schema-node.ts";

/** What is known of a rule when its definition is written. */
export interface CheckedRule {
  /** Why it is no rule; undefined when it is one. */
  readonly problem: string | undefined;
  /** Why its messageExpression is none. */
  readonly messageProblem: string | undefined;
  readonly usesOldSelf: boolean;
  /** The most that one evaluation costs, in CEL's units. */
  readonly cost: number;
  readonly messageCost: number;
}

interface Scope {
  readonly self: unknown;
  readonly oldSelf: unknown;
}

/** One rule, ready to run. */
interface Rule {
  /** It compares with what was before, and runs only where something was, or where it says that it can do without. */
  readonly usesOldSelf: boolean;
  readonly optionalOldSelf: boolean;
  /** Upper bound of steps for a value whose longest list or map has `size` items. */
  readonly steps: (size: number) => number;
  /** Whether the value is as the rule wants it. Throws when it cannot be said. */
  readonly holds: (scope: Scope) => boolean;
  readonly failure: (path: string, type: string, scope: Scope) => StatusCause;
  /** What a message calls the rule. */
  readonly text: string;
}

const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

/** All rules of one schema. */
export class Rules {
  readonly #root: SchemaNode;
  readonly #types: SchemaTypes;
  readonly #rules = new Map<SchemaNode, readonly Rule[]>();

  constructor(root: SchemaNode) {
    this.#root = root;
    this.#types = new SchemaTypes(root);
  }

  /** What is wrong with the rules of a node, and what they cost. */
  check(node: SchemaNode): readonly CheckedRule[] {
    return node.validations.map((validation) => this.#checkRule(node, validation));
  }

  /** Runs every rule of a resource, and adds what is wrong to `causes`. `old` is undefined on creation. */
  validate(object: JsonObject, old: JsonObject | undefined, causes: StatusCause[]): void {
    if (!this.#root.hasRules) return;
    const correlation = old && { value: object, old };
    new Run(this.#types, (node) => this.#rulesOf(node), causes).walk(object, old, this.#root, "", {
      current: correlation,
      nearest: undefined,
    });
  }

  #checkRule(node: SchemaNode, validation: JsonObject): CheckedRule {
    const environment = this.#types.environmentOf(node, getOwn(validation, "optionalOldSelf") === true);
    const cost = (ast: ASTNode): number => maxCost(ast, this.#types, node);
    const rule = checked(environment, textOf(validation, "rule"), "bool", cost);
    const message = checked(environment, textOf(validation, "messageExpression"), "string", cost);
    return {
      problem: rule.problem,
      usesOldSelf: rule.usesOldSelf,
      cost: rule.cost,
      messageProblem: message.problem,
      messageCost: message.cost,
    };
  }

  #rulesOf(node: SchemaNode): readonly Rule[] {
    const present = this.#rules.get(node);
    if (present !== undefined) return present;
    const rules = node.validations.map((validation) => compileRule(this.#types, node, validation));
    this.#rules.set(node, rules);
    return rules;
  }
}

type Environment = ReturnType<SchemaTypes["environmentOf"]>;
type Expression = ReturnType<Environment["parse"]>;

interface CheckedExpression {
  readonly problem: string | undefined;
  readonly usesOldSelf: boolean;
  readonly cost: number;
}

/** An expression that is not there is fine. */
function checked(
  environment: Environment,
  source: string,
  wanted: "bool" | "string",
  cost: (ast: ASTNode) => number,
): CheckedExpression {
  const refused = (problem: string): CheckedExpression => ({ problem, usesOldSelf: false, cost: 0 });
  if (source === "") return { problem: undefined, usesOldSelf: false, cost: 0 };
  let expression: Expression;
  try {
    expression = environment.parse(source);
  } catch (error) {
    return refused(`compilation failed: ${compileError(error, source)}`);
  }
  const { valid, type, error } = expression.check();
  if (!valid) return refused(`compilation failed: ${compileError(error, source)}`);
  if (type !== wanted && type !== "dyn")
    return refused(
      wanted === "bool" ? "cel expression must evaluate to a bool" : "messageExpression must evaluate to a string",
    );
  return { problem: undefined, usesOldSelf: mentionsOldSelf(expression.ast), cost: cost(expression.ast) };
}

function mentionsOldSelf(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(mentionsOldSelf);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return false;
  return node.op === "id" ? node.args === "oldSelf" : mentionsOldSelf(node.args);
}

function textOf(validation: JsonObject, key: string): string {
  const value = getOwn(validation, key);
  return typeof value === "string" ? value.trim() : "";
}

/** Throws for a rule that does not compile: validateCustomResourceDefinition refuses those. */
function compileRule(types: SchemaTypes, node: SchemaNode, validation: JsonObject): Rule {
  const optionalOldSelf = getOwn(validation, "optionalOldSelf") === true;
  const environment = types.environmentOf(node, optionalOldSelf);
  const source = textOf(validation, "rule");
  const expression = environment.parse(source);
  const message = textOf(validation, "message");
  const messageExpression = textOf(validation, "messageExpression");
  const say = messageExpression === "" ? undefined : environment.parse(messageExpression);
  return {
    usesOldSelf: mentionsOldSelf(expression.ast),
    optionalOldSelf,
    steps: stepsOf(expression.ast, ...(say === undefined ? [] : [say.ast])),
    holds: (scope) => expression({ ...scope }) === true,
    failure: (path, type, scope) =>
      failureFor(
        textOf(validation, "reason"),
        path + fieldPathOf(textOf(validation, "fieldPath"), path),
        type,
        messageFrom(say, scope) ?? (message === "" ? `failed rule: ${source}` : message),
      ),
    text: message === "" ? source : message,
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
      return duplicate(path, type);
    default:
      return invalidValue(path, type, message);
  }
}

/** What a value was before, and what its nearest container was of which that is known. */
interface Ratchet {
  readonly current: Correlation | undefined;
  readonly nearest: Correlation | undefined;
}

/** One walk over one object. */
class Run {
  readonly #types: SchemaTypes;
  readonly #rulesOf: (node: SchemaNode) => readonly Rule[];
  readonly #causes: StatusCause[];
  #stepsLeft = stepBudget;

  constructor(types: SchemaTypes, rulesOf: (node: SchemaNode) => readonly Rule[], causes: StatusCause[]) {
    this.#types = types;
    this.#rulesOf = rulesOf;
    this.#causes = causes;
  }

  walk(value: unknown, old: unknown, node: SchemaNode, path: string, ratchet: Ratchet): void {
    if (!node.hasRules || value === null || value === undefined || this.#stepsLeft < 0) return;
    if (node.validations.length > 0) this.#run(value, old ?? undefined, node, path, ratchet);
    if (Array.isArray(value)) this.#walkItems(value, old, node, path, ratchet);
    else if (isJsonObject(value)) this.#walkFields(value, old, node, path, ratchet);
  }

  #walkItems(value: readonly unknown[], old: unknown, node: SchemaNode, path: string, ratchet: Ratchet): void {
    const { items } = node;
    if (items === undefined) return;
    const before = correlatedItems(old, node);
    const beforeByRatchet = correlatedItems(ratchet.current?.old, node);
    for (const [index, item] of value.entries())
      this.walk(item, before(item), items, `${path}[${index}]`, below(ratchet, item, beforeByRatchet(item)));
  }

  #walkFields(value: JsonObject, old: unknown, node: SchemaNode, path: string, ratchet: Ratchet): void {
    const before = isJsonObject(old) && !node.atomicMap ? old : {};
    const beforeByRatchet = isJsonObject(ratchet.current?.old) && !node.atomicMap ? ratchet.current.old : {};
    for (const key of Object.keys(value)) {
      const property = node.properties.get(key);
      const child = property ?? (node.additional instanceof Object ? node.additional : undefined);
      if (child === undefined) continue;
      const field = property === undefined ? `${path}[${key}]` : childPath(path, key);
      this.walk(
        value[key],
        getOwn(before, key),
        child,
        field,
        below(ratchet, value[key], getOwn(beforeByRatchet, key)),
      );
    }
  }

  #run(value: unknown, old: unknown, node: SchemaNode, path: string, ratchet: Ratchet): void {
    const rules = this.#rulesOf(node).filter(
      ({ usesOldSelf, optionalOldSelf }) => !usesOldSelf || old !== undefined || optionalOldSelf,
    );
    if (rules.length === 0) return;
    const type = node.types.join(",") || "object";
    const transition = rules.some(({ usesOldSelf }) => usesOldSelf);
    const self = this.#types.value(value, node);
    const oldSelf = transition && old !== undefined ? this.#types.value(old, node) : undefined;
    const size = Math.max(longest(value), transition ? longest(old) : 0);
    for (const rule of rules) {
      this.#stepsLeft -= rule.steps(size);
      if (this.#stepsLeft < 0) {
        this.#causes.push(invalidValue(path, type, outOfBudget));
        return;
      }
      const scope = { self, oldSelf: rule.optionalOldSelf ? optionalOf(oldSelf) : oldSelf };
      const cause = problemWith(rule, scope, path, type);
      if (cause !== undefined && (rule.usesOldSelf || !isForgiven(ratchet))) this.#causes.push(cause);
    }
  }
}

const optionalOf = (value: unknown): unknown => (value === undefined ? Optional.none() : Optional.of(value));

function below({ current, nearest }: Ratchet, value: unknown, old: unknown): Ratchet {
  if (current === undefined) return { current, nearest };
  return { current: old === undefined ? undefined : { value, old }, nearest: current };
}

/** Whether an old fault may stay: nothing about it has changed. Source: shouldRatchetError in validation.go. */
function isForgiven({ current, nearest }: Ratchet): boolean {
  const known = current ?? nearest;
  return known !== undefined && isUnchanged(known);
}

function problemWith(rule: Rule, scope: Scope, path: string, type: string): StatusCause | undefined {
  try {
    return rule.holds(scope) ? undefined : rule.failure(path, type, scope);
  } catch (error) {
    return invalidValue(path, type, `${runError(error)} evaluating rule: ${rule.text}`);
  }
}

/** The rules of a schema node as it stands in a CustomResourceDefinition, for those who check it. */
export function rulesOf(schema: JsonObject): readonly JsonObject[] {
  return asList(getOwn(schema, "x-kubernetes-validations")).filter(isJsonObject);
}
