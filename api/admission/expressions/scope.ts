/** What an expression over an admission request sees. */
import type { KubeObject } from "../../../crds/meta.ts";
import { isJsonObject } from "../../../formats/json-object.ts";
import { longest, stepBudget } from "../../cel/steps.ts";
import { runError } from "../../cel/words.ts";
import type { Authorizer } from "../../auth/authorization.ts";
import type { AdmissionRequest } from "../admission.ts";
import type { ResourceDefinition } from "../../resources/definition.ts";
import type { JsonObject } from "../../resources/definition.ts";
import { describeRequest } from "../request-description.ts";
import { AuthorizerValue } from "./authorizer.ts";
import type { Expression } from "./compile.ts";

export interface Scope {
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly request: unknown;
  readonly params?: unknown;
  readonly namespaceObject: unknown;
  readonly authorizer: AuthorizerValue;
  readonly variables?: Variables;
  /** Told how long an expression may take before it is evaluated. Throws {@link OutOfBudgetError}. */
  readonly spend: (steps: (size: number) => number) => void;
  /** The same with parameters, null where there are none, and as many steps to take again. */
  readonly withParams: (params: KubeObject | undefined) => Scope;
}

/** Source of the words: k8s.io/apiserver/pkg/admission/plugin/cel/condition.go. */
export class OutOfBudgetError extends Error {
  override readonly name = "OutOfBudgetError";

  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

function spender(...values: readonly unknown[]): Scope["spend"] {
  const size = once(() => longest(values.map((value) => value ?? null)));
  let left = stepBudget;
  return (steps) => {
    left -= steps(size());
    if (left < 0) throw new OutOfBudgetError();
  };
}

/** What a scope is made from: the request, with its objects as of `definition`. */
export interface Seen {
  readonly request: AdmissionRequest;
  readonly definition: ResourceDefinition;
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  readonly namespace?: KubeObject | undefined;
  readonly authorizer: Authorizer;
}

/** What is asked for is made once. */
export function scopeOf({ request, definition, object, old, namespace, authorizer }: Seen): Scope {
  const values = {
    object: once(() => dynamicValue(object)),
    oldObject: once(() => dynamicValue(old)),
    request: once(() => {
      const description = describeRequest(request, definition);
      return { ...description, options: dynamicValue(description.options) };
    }),
    namespaceObject: once(() => dynamicValue(namespace)),
    authorizer: once(() => new AuthorizerValue({ authorizer, user: request.user }, resourceOf(request))),
  };
  const scope: Scope = {
    get object() {
      return values.object();
    },
    get oldObject() {
      return values.oldObject();
    },
    get request() {
      return values.request();
    },
    get namespaceObject() {
      return values.namespaceObject();
    },
    get authorizer() {
      return values.authorizer();
    },
    spend: spender(object, old, namespace),
    withParams: (params) =>
      Object.create(scope, {
        params: { value: dynamicValue(params) },
        spend: { value: spender(object, old, namespace, params) },
      }) as Scope,
  };
  return scope;
}

function resourceOf({
  definition,
  subresource,
  name,
}: AdmissionRequest): AuthorizerValue["requestResource"]["resource"] {
  const { group, plural } = definition;
  return { group, plural, subresource, namespace: name.namespace, name: name.name };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The variables of a policy: each is evaluated when it is first asked for, once. */
export class Variables extends Map<string, unknown> {
  #expressions: ReadonlyMap<string, Expression> = new Map();
  #scope: Scope | undefined;

  static within(scope: Scope, expressions: ReadonlyMap<string, Expression>): Scope {
    const variables = new Variables();
    variables.#expressions = expressions;
    variables.#scope = Object.create(scope, { variables: { value: variables } }) as Scope;
    return variables.#scope;
  }

  override get(name: string): unknown {
    const expression = this.#expressions.get(name);
    if (expression === undefined || this.#scope === undefined || this.has(name)) return super.get(name);
    try {
      const value = expression.evaluate(this.#scope);
      this.set(name, value);
      return value;
    } catch (error) {
      if (error instanceof OutOfBudgetError) throw error;
      const why = runError(error instanceof Error ? (error.cause ?? error) : error);
      throw new Error(`composited variable "${name}" fails to evaluate: ${why}`, { cause: error });
    }
  }
}

/**
 * A JSON value as CEL sees it where no schema says more: whole numbers are int, objects are maps. Maps, for a key like
 * `constructor` says nothing about those.
 */
function dynamicValue(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(dynamicValue);
  if (!isJsonObject(value)) return value ?? null;
  return new Map(Object.entries(value).map(([key, item]) => [key, dynamicValue(item)]));
}
