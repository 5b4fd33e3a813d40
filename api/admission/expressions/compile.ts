/**
 * CEL over admission requests: the conditions of webhooks and everything in ValidatingAdmissionPolicies.
 * Source of what an expression sees, and of the wording: k8s.io/apiserver/pkg/admission/plugin/cel/{compile,condition,
 * composition}.go.
 */
import type { Environment } from "@marcbachmann/cel-js";
import { kubernetesEnvironment } from "../../cel/environment.ts";
import { stepsOf } from "../../cel/steps.ts";
import { compileError, runError } from "../../cel/words.ts";
import { registerAuthorizer } from "./authorizer.ts";
import type { Scope } from "./scope.ts";
import { OutOfBudgetError, Variables } from "./scope.ts";

/** What an expression may name besides object, oldObject, request and namespaceObject. */
export interface Declared {
  readonly params: boolean;
  readonly authorizer: boolean;
}

export interface Expression {
  readonly source: string;
  /** Of the result, as CEL calls it; "dyn" where only running it tells. */
  readonly type: string;
  /** Throws an Error in upstream's words when it cannot be said. */
  readonly evaluate: (scope: Scope) => unknown;
}

/** An expression, or why it is none. */
export type Compiled =
  | { readonly expression: Expression; readonly problem?: never }
  | { readonly expression?: never; readonly problem: string };

const groupVersion = { group: "string", version: "string" };

/** Source: BuildRequestType. */
const requestTypes = {
  "kubernetes.GroupVersionKind": { ...groupVersion, kind: "string" },
  "kubernetes.GroupVersionResource": { ...groupVersion, resource: "string" },
  "kubernetes.UserInfo": {
    username: "string",
    uid: "string",
    groups: "list<string>",
    extra: "map<string, list<string>>",
  },
  "kubernetes.AdmissionRequest": {
    kind: "kubernetes.GroupVersionKind",
    resource: "kubernetes.GroupVersionResource",
    subResource: "string",
    requestKind: "kubernetes.GroupVersionKind",
    requestResource: "kubernetes.GroupVersionResource",
    requestSubResource: "string",
    name: "string",
    namespace: "string",
    operation: "string",
    userInfo: "kubernetes.UserInfo",
    dryRun: "bool",
    options: "dyn",
  },
};

const variablesType = "kubernetes.variables";

const bases = new Map<string, Environment>();

function baseFor({ params, authorizer }: Declared): Environment {
  const key = `${String(params)} ${String(authorizer)}`;
  const known = bases.get(key);
  if (known !== undefined) return known;
  const environment = kubernetesEnvironment();
  for (const [name, fields] of Object.entries(requestTypes)) environment.registerType(name, { fields });
  environment.registerVariable("request", "kubernetes.AdmissionRequest");
  // namespaceObject is null where there is no namespace, which a type with fields could not be compared with here.
  for (const name of ["object", "oldObject", "namespaceObject"]) environment.registerVariable(name, "dyn");
  if (params) environment.registerVariable("params", "dyn");
  if (authorizer) registerAuthorizer(environment);
  bases.set(key, environment);
  return environment;
}

/** Compiles the expressions of one webhook or policy; what is added as a variable can be named by those after it. */
export class Compiler {
  readonly #variables = new Map<string, Expression>();
  readonly #types = new Map<string, string>();

  /** `results` are the types that the result may have, any when absent. */
  compile(source: string, declared: Declared, results?: readonly string[]): Compiled {
    try {
      const parsed = this.#environment(declared).parse(source);
      const checked = parsed.check();
      if (!checked.valid) return { problem: `compilation failed: ${compileError(checked.error, source)}` };
      const { type = "dyn" } = checked;
      if (results !== undefined && !results.includes(type))
        return { problem: `must evaluate to ${oneOf(results)} but got ${type}` };
      const steps = stepsOf(parsed.ast);
      return { expression: { source, type, evaluate: (scope) => run(parsed, steps, scope, source) } };
    } catch (error) {
      return { problem: `compilation failed: ${compileError(error, source)}` };
    }
  }

  /** What is wrong with it; undefined when `variables.<name>` can be used from now on. */
  addVariable(name: string, source: string, declared: Declared): string | undefined {
    const { expression, problem } = this.compile(source, declared);
    this.#types.set(name, expression?.type ?? "dyn");
    if (expression !== undefined) this.#variables.set(name, expression);
    return problem;
  }

  /** The variables for one evaluation. */
  bind(scope: Scope): Scope {
    return this.#variables.size === 0 ? scope : Variables.within(scope, this.#variables);
  }

  #environment(declared: Declared): Environment {
    const base = baseFor(declared);
    if (this.#types.size === 0) return base;
    return base
      .clone()
      .registerType(variablesType, { ctor: Variables, fields: Object.fromEntries(this.#types) })
      .registerVariable("variables", variablesType);
  }
}

const oneOf = (types: readonly string[]): string =>
  types.length === 1 ? (types[0] ?? "") : `one of [${types.join(" ")}]`;

function run(
  expression: (context: object) => unknown,
  steps: (size: number) => number,
  scope: Scope,
  source: string,
): unknown {
  scope.spend(steps);
  try {
    return expression(scope);
  } catch (error) {
    if (error instanceof OutOfBudgetError) throw error;
    throw new Error(`expression '${source}' resulted in error: ${runError(error)}`, { cause: error });
  }
}
