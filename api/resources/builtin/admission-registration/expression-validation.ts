/**
 * Validates the CEL expressions of webhooks and policies.
 * Source of the rules and the wording: kubernetes/pkg/apis/admissionregistration/validation/validation.go.
 */
import { asText, childPath, isJsonObject } from "../../../../formats/json-object.ts";
import { Compiler } from "../../../admission/expressions/compile.ts";
import { duplicate, invalidValue, required, tooMany } from "../../../schema/field-errors.ts";
import { qualified } from "../../../schema/names.ts";
import type { JsonObject } from "../../definition.ts";
import type { Causes } from "./rule-validation.ts";

const maxConditions = 64;

/** Conditions cannot name variables. */
export function matchConditionCauses(
  conditions: readonly unknown[],
  { params }: { readonly params: boolean },
  path: string,
): Causes {
  const compiler = new Compiler();
  const names = conditions.map((condition) => (isJsonObject(condition) ? asText(condition["name"]) : ""));
  return [
    ...(conditions.length > maxConditions ? [tooMany(path, conditions.length, maxConditions)] : []),
    ...conditions.filter(isJsonObject).flatMap((condition, index) => {
      const at = `${path}[${index}]`;
      const name = names[index] ?? "";
      return [
        ...conditionCauses(compiler, asText(condition["expression"]).trim(), params, childPath(at, "expression")),
        ...(name === ""
          ? [required(childPath(at, "name"))]
          : qualified(name).map((why) => invalidValue(childPath(at, "name"), name, why))),
        ...(name !== "" && names.indexOf(name) < index ? [duplicate(childPath(at, "name"), name)] : []),
      ];
    }),
  ];
}

function conditionCauses(compiler: Compiler, source: string, params: boolean, path: string): Causes {
  if (source === "") return [required(path)];
  return problemCauses(compiler.compile(source, { params, authorizer: true }, ["bool"]).problem, source, path);
}

export function problemCauses(problem: string | undefined, source: unknown, path: string): Causes {
  return problem === undefined ? [] : [invalidValue(path, source, problem)];
}

/** Each sees all before it, so that compiling them takes time by the square of how many there are. Upstream has no limit. */
const maxVariables = 500;

/** What is wrong with a policy's variables; those that are right are added to `compiler`. */
export function variableCauses(
  compiler: Compiler,
  variables: readonly JsonObject[],
  { params }: { readonly params: boolean },
  path: string,
): Causes {
  if (variables.length > maxVariables) return [tooMany(path, variables.length, maxVariables)];
  return variables.flatMap((variable, index) => {
    const at = (key: string): string => childPath(`${path}[${index}]`, key);
    const [name, expression] = [asText(variable["name"]), asText(variable["expression"])];
    const compile = (): Causes => {
      const problem = compiler.addVariable(name, expression, { params, authorizer: true });
      return problemCauses(problem, expression, at("expression"));
    };
    return [
      ...variableNameCauses(name, at("name")),
      ...(expression.trim() === "" ? [required(at("expression"), "expression is not specified")] : compile()),
    ];
  });
}

function variableNameCauses(name: string, path: string): Causes {
  if (name.trim() === "") return [required(path, "name is not specified")];
  return isCelIdentifier(name) ? [] : [invalidValue(path, name, "name is not a valid CEL identifier")];
}

const reserved: ReadonlySet<string> = new Set(
  (
    "true false null in as break const continue else for function if import let loop package namespace return var " +
    "void while"
  ).split(" "),
);

const isCelIdentifier = (name: string): boolean => /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !reserved.has(name);
