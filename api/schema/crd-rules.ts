/**
 * Validates the CEL rules of CustomResourceDefinitions, and what they may cost.
 * Source of the rules and the wording: ValidateCustomResourceDefinitionOpenAPISchema and cel_validation.go in
 * apiextensions-apiserver/pkg/apis/apiextensions/validation.
 */
import { asText, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import type { CheckedRule } from "./cel.ts";
import { Rules, rulesOf } from "./cel.ts";
import { maxCardinality, maxElements } from "./cel-cost.ts";
import { fieldPathProblem } from "./field-path.ts";
import { forbiddenField, invalidValue, notSupported, required } from "./field-errors.ts";
import type { SchemaNode } from "./schema-node.ts";
import { schemaNode } from "./schema-node.ts";

type Causes = readonly StatusCause[];

/** What is wrong with how the rules of a schema are written, whether they compile or not. */
export function ruleFormCauses(schema: unknown, path: string): Causes {
  if (!isJsonObject(schema)) return [];
  return [
    ...rulesOf(schema).flatMap((rule, index) => formCauses(rule, schema, `${path}.x-kubernetes-validations[${index}]`)),
    ...Object.entries(objectAt(schema, "properties")).flatMap(([key, property]) =>
      ruleFormCauses(property, `${path}.properties[${key}]`),
    ),
    ...ruleFormCauses(getOwn(schema, "additionalProperties"), `${path}.additionalProperties`),
    ...ruleFormCauses(getOwn(schema, "items"), `${path}.items`),
  ];
}

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
const lineBreak = /[\n\r]/;

function formCauses(rule: JsonObject, schema: JsonObject, path: string): Causes {
  const [source, message] = [asText(rule["rule"]).trim(), asText(rule["message"])];
  const [expression, fieldPath] = [asText(rule["messageExpression"]), asText(rule["fieldPath"])];
  const reason = getOwn(rule, "reason");
  return [
    ...sourceCauses(source, message, path),
    ...(expression !== "" && expression.trim() === ""
      ? [required(`${path}.messageExpression`, "messageExpression must be non-empty if specified")]
      : []),
    ...(reason === undefined || reasons.includes(asText(reason))
      ? []
      : [notSupported(`${path}.reason`, reason, reasons)]),
    ...fieldPathCauses(fieldPath, schema, `${path}.fieldPath`),
  ];
}

function sourceCauses(source: string, message: string, path: string): Causes {
  if (source === "") return [required(`${path}.rule`, "rule is not specified")];
  const trimmed = message.trim();
  const at = `${path}.message`;
  if (message !== "" && trimmed === "") return [invalidValue(at, message, "message must be non-empty if specified")];
  if (lineBreak.test(trimmed)) return [invalidValue(at, message, "message must not contain line breaks")];
  return lineBreak.test(source) && trimmed === ""
    ? [required(at, "message must be specified if rule contains line breaks")]
    : [];
}

function fieldPathCauses(fieldPath: string, schema: JsonObject, path: string): Causes {
  if (fieldPath === "") return [];
  return [
    ...(fieldPath.trim() === "" ? [invalidValue(path, fieldPath, "fieldPath must be non-empty if specified")] : []),
    ...(lineBreak.test(fieldPath) ? [invalidValue(path, fieldPath, "fieldPath must not contain line breaks")] : []),
    ...(fieldPathProblem(fieldPath, schema) === undefined
      ? []
      : [invalidValue(path, fieldPath, "fieldPath must be a valid path")]),
  ];
}

/** In CEL's units, of one rule and of all rules of a schema. Source: validation.go. */
const ruleCostLimit = 10_000_000;
const schemaCostLimit = 100_000_000;

/** What is wrong with the rules of a schema without other faults. `unchanged`: it was accepted before as it is. */
export function ruleCauses(schema: JsonObject, path: string, unchanged: boolean): Causes {
  const root = schemaNode(schema);
  if (!root.hasRules) return [];
  const admission = new RuleAdmission(new Rules(root), unchanged);
  admission.visit(root, path, 1, undefined);
  return [...admission.causes, ...totalCauses(admission.costs, path)];
}

interface Cost {
  readonly path: string;
  readonly cost: number;
}

/** The most expensive expressions are named. Source: TotalCost.ObserveExpressionCost in cel_validation.go. */
function totalCauses(costs: readonly Cost[], path: string): Causes {
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= schemaCostLimit) return [];
  const share = costs.filter(({ cost }) => cost >= schemaCostLimit / 100);
  const worst = share.toSorted((a, b) => b.cost - a.cost).slice(0, 4);
  return [
    ...worst.map((one) =>
      forbiddenField(
        one.path,
        "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
      ),
    ),
    forbiddenField(
      path,
      costMessage(
        "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
        total,
        schemaCostLimit,
      ),
    ),
  ];
}

function costMessage(name: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const shown = factor > 100 ? "more than 100x" : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`;
  return `${name} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

class RuleAdmission {
  readonly causes: StatusCause[] = [];
  readonly costs: Cost[] = [];
  readonly #rules: Rules;
  readonly #unchanged: boolean;

  constructor(rules: Rules, unchanged: boolean) {
    this.#rules = rules;
    this.#unchanged = unchanged;
  }

  /**
   * `cardinality` is how often the node can be there, undefined where nothing limits it; `uncorrelatable` is the path of
   * the outermost part around it of which nobody knows what it was before.
   */
  visit(node: SchemaNode, path: string, cardinality: number | undefined, uncorrelatable: string | undefined): void {
    if (!node.hasRules) return;
    for (const [index, rule] of this.#rules.check(node).entries())
      this.#admit(rule, node, `${path}.x-kubernetes-validations[${index}]`, index, cardinality, uncorrelatable);
    const elements = maxElements(node);
    const many = cardinality === undefined || elements === undefined ? undefined : cardinality * elements;
    const replaced = uncorrelatable ?? (node.atomicMap ? path : undefined);
    for (const [key, property] of node.properties)
      this.visit(property, `${path}.properties[${key}]`, cardinality, replaced);
    if (node.additional instanceof Object)
      this.visit(node.additional, `${path}.additionalProperties`, many, uncorrelatable);
    if (node.items !== undefined)
      this.visit(node.items, `${path}.items`, many, uncorrelatable ?? (node.listType === "map" ? undefined : path));
  }

  #admit(
    rule: CheckedRule,
    node: SchemaNode,
    path: string,
    index: number,
    cardinality: number | undefined,
    uncorrelatable: string | undefined,
  ): void {
    const validation = node.validations[index] ?? {};
    this.#charge(rule.cost * (cardinality ?? maxCardinality(node)), `${path}.rule`, "estimated rule cost");
    if (rule.problem !== undefined) this.causes.push(invalidRule(`${path}.rule`, validation, rule.problem));
    if (rule.messageProblem !== undefined)
      this.causes.push(invalidRule(`${path}.messageExpression`, validation, rule.messageProblem));
    else this.#charge(rule.messageCost, `${path}.messageExpression`, "estimated messageExpression cost");
    if (rule.usesOldSelf && uncorrelatable !== undefined) {
      const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
      this.causes.push(invalidValue(`${path}.rule`, validation["rule"], why));
    }
    const optional = getOwn(validation, "optionalOldSelf");
    if (!rule.usesOldSelf && rule.problem === undefined && optional !== undefined)
      this.causes.push(
        invalidValue(`${path}.optionalOldSelf`, optional, "may not be set if oldSelf is not used in rule"),
      );
  }

  #charge(cost: number, path: string, name: string): void {
    this.costs.push({ path, cost });
    if (cost > ruleCostLimit && !this.#unchanged)
      this.causes.push(forbiddenField(path, costMessage(name, cost, ruleCostLimit)));
  }
}

/** Upstream shows the whole rule, as Go prints it. */
function invalidRule(field: string, validation: JsonObject, why: string): StatusCause {
  const shown = ["Rule", "Message", "MessageExpression"].map(
    (name) => `${name}:${JSON.stringify(asText(validation[name.charAt(0).toLowerCase() + name.slice(1)]))}`,
  );
  const reason = `Reason:(*apiextensions.FieldValueErrorReason)(nil)`;
  const fieldPath = `FieldPath:${JSON.stringify(asText(validation["fieldPath"]))}`;
  const value = `apiextensions.ValidationRule{${[...shown, reason, fieldPath, "OptionalOldSelf:(*bool)(nil)"].join(", ")}}`;
  return { reason: "FieldValueInvalid", message: `Invalid value: ${value}: ${why}`, field };
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = getOwn(object, key);
  return isJsonObject(value) ? value : {};
}
