/**
 * One ValidatingAdmissionPolicy, ready to be asked.
 * Source: k8s.io/apiserver/pkg/admission/plugin/policy/validating/{validator,plugin,policy_decision}.go.
 */
import { asList, asText, isJsonObject } from "../../../formats/json-object.ts";
import type { JsonObject } from "../../resources/definition.ts";
import type { Compiled } from "../expressions/compile.ts";
import { Compiler } from "../expressions/compile.ts";
import type { Scope } from "../expressions/scope.ts";
import { MatchConditions } from "../match-conditions.ts";
import { matchOptionsOf, RequestMatcher } from "../request-matcher.ts";

/** Why a request is not as a policy wants it. */
export interface Denial {
  readonly message: string;
  readonly reason: DenialReason;
}

export type DenialReason = "Forbidden" | "Invalid" | "RequestEntityTooLarge";

/** Source: MaxEvaluatedMessageExpressionSizeBytes in k8s.io/apiserver/pkg/apis/cel/config.go. */
const maxMessageBytes = 5 * 1024;

interface Validation {
  readonly source: string;
  readonly check: Compiled;
  readonly say: Compiled | undefined;
  readonly message: string;
  readonly reason: DenialReason;
}

export class Policy {
  readonly name: string;
  readonly paramKind: { readonly apiVersion: string; readonly kind: string } | undefined;
  readonly matcher: RequestMatcher;
  /** What cannot be evaluated lets the request pass. */
  readonly ignoresFailure: boolean;
  readonly #conditions: MatchConditions;
  readonly #compiler = new Compiler();
  readonly #validations: readonly Validation[];
  readonly #annotations: readonly Compiled[];

  constructor(policy: JsonObject) {
    const { metadata, spec } = policy as { metadata: JsonObject; spec: JsonObject };
    const objects = (key: string): readonly JsonObject[] => asList(spec[key]).filter(isJsonObject);
    const paramKind = isJsonObject(spec["paramKind"]) ? spec["paramKind"] : undefined;
    const params = paramKind !== undefined;
    this.name = asText(metadata["name"]);
    this.paramKind = paramKind && { apiVersion: asText(paramKind["apiVersion"]), kind: asText(paramKind["kind"]) };
    this.matcher = new RequestMatcher(matchOptionsOf(spec["matchConstraints"]));
    this.ignoresFailure = spec["failurePolicy"] === "Ignore";
    this.#conditions = new MatchConditions(objects("matchConditions"), { params });
    for (const { name, expression } of objects("variables"))
      this.#compiler.addVariable(asText(name), asText(expression), { params, authorizer: true });
    this.#validations = objects("validations").map((validation) => this.#validation(validation, params));
    this.#annotations = objects("auditAnnotations").map(({ valueExpression }) =>
      this.#compiler.compile(asText(valueExpression).trim(), { params, authorizer: true }, ["string", "null", "dyn"]),
    );
  }

  /** What is wrong with a request; nothing when its conditions leave it out. */
  denials(scope: Scope): readonly Denial[] {
    const { matches, fault } = this.#conditions.evaluate(scope);
    if (fault !== undefined) return this.#faults([fault]);
    if (!matches) return [];
    const bound = this.#compiler.bind(scope);
    return this.#validations.flatMap((validation) => this.#denialsOf(validation, bound));
  }

  /**
   * Why annotations cannot be evaluated: that denies a request whatever the binding says. Nothing keeps the annotations
   * themselves: there is no audit log.
   */
  annotationFaults(scope: Scope): readonly Denial[] {
    if (this.#annotations.length === 0 || !this.#conditions.evaluate(scope).matches) return [];
    const bound = this.#compiler.bind(scope);
    return this.#faults(this.#annotations.flatMap((annotation) => outcomeOf(annotation, bound).fault ?? []));
  }

  #validation(validation: JsonObject, params: boolean): Validation {
    const [source, message, say] = ["expression", "message", "messageExpression"].map((key) => asText(validation[key]));
    const { reason } = validation;
    return {
      source: source ?? "",
      check: this.#compiler.compile(source ?? "", { params, authorizer: true }, ["bool"]),
      say:
        say === undefined || say.trim() === ""
          ? undefined
          : this.#compiler.compile(say, { params, authorizer: false }, ["string"]),
      message: (message ?? "").trim(),
      reason: reason === "Forbidden" || reason === "RequestEntityTooLarge" ? reason : "Invalid",
    };
  }

  #denialsOf(validation: Validation, scope: Scope): readonly Denial[] {
    const { value, fault } = outcomeOf(validation.check, scope);
    if (fault !== undefined) return this.#faults([fault]);
    return value === true ? [] : [{ message: messageOf(validation, scope), reason: validation.reason }];
  }

  #faults(faults: readonly string[]): readonly Denial[] {
    return this.ignoresFailure ? [] : faults.map((message) => ({ message, reason: "Invalid" }));
  }
}

interface Outcome {
  readonly value?: unknown;
  readonly fault?: string;
}

function outcomeOf({ expression, problem }: Compiled, scope: Scope): Outcome {
  if (expression === undefined) return { fault: `compilation error: ${problem}` };
  try {
    return { value: expression.evaluate(scope) };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

/** The result of messageExpression where that is usable: one line, not empty. */
function messageOf({ say, message, source }: Validation, scope: Scope): string {
  const { value } = say === undefined ? {} : outcomeOf(say, scope);
  const said = typeof value === "string" ? value.trim() : "";
  if (said !== "" && !said.includes("\n") && Buffer.byteLength(said) <= maxMessageBytes) return said;
  return message === "" ? `failed expression: ${source.trim()}` : message;
}
