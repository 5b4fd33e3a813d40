/** One ValidatingAdmissionPolicyBinding, ready to be used. Source of the fields: k8s.io/api/admissionregistration/v1. */
import { asList, asText, isJsonObject } from "../../../formats/json-object.ts";
import type { JsonObject } from "../../resources/definition.ts";
import type { LabelMatcher } from "../../selectors/label-selector.ts";
import { compileStructuredSelector } from "../../selectors/structured-selector.ts";
import { matchOptionsOf, RequestMatcher } from "../request-matcher.ts";

export interface ParamRef {
  /** Empty where a selector says which ones. */
  readonly name: string;
  /** Empty for that of the request. */
  readonly namespace: string;
  readonly selects: LabelMatcher | undefined;
  readonly deniesMissing: boolean;
}

export interface Binding {
  readonly name: string;
  readonly policyName: string;
  readonly paramRef: ParamRef | undefined;
  /** Absent where everything is meant that the policy is about. */
  readonly matcher: RequestMatcher | undefined;
  readonly denies: boolean;
  readonly warns: boolean;
}

export function bindingOf(binding: JsonObject): Binding {
  const { metadata, spec } = binding as { metadata: JsonObject; spec: JsonObject };
  const actions = asList(spec["validationActions"]);
  const { paramRef, matchResources } = spec;
  return {
    name: asText(metadata["name"]),
    policyName: asText(spec["policyName"]),
    paramRef: isJsonObject(paramRef) ? paramRefOf(paramRef) : undefined,
    matcher: isJsonObject(matchResources) ? new RequestMatcher(matchOptionsOf(matchResources)) : undefined,
    denies: actions.includes("Deny"),
    warns: actions.includes("Warn"),
  };
}

function paramRefOf({ name, namespace, selector, parameterNotFoundAction }: JsonObject): ParamRef {
  return {
    name: asText(name),
    namespace: asText(namespace),
    selects: isJsonObject(selector) ? compileStructuredSelector(selector) : undefined,
    deniesMissing: parameterNotFoundAction === "Deny",
  };
}
