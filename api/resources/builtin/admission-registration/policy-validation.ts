/**
 * Validates ValidatingAdmissionPolicies and their bindings.
 * Source of the rules and the wording: kubernetes/pkg/apis/admissionregistration/validation/validation.go.
 */
import { asList, asText, childPath, isJsonObject } from "../../../../formats/json-object.ts";
import { Compiler } from "../../../admission/expressions/compile.ts";
import { duplicate, forbiddenField, invalidValue, notSupported, required } from "../../../schema/field-errors.ts";
import { dns1035Label, dns1123Subdomain, pathSegment, qualified } from "../../../schema/names.ts";
import { structuredSelectorCauses } from "../../../selectors/structured-selector.ts";
import type { JsonObject } from "../../definition.ts";
import { matchConditionCauses, problemCauses, variableCauses } from "./expression-validation.ts";
import type { Causes } from "./rule-validation.ts";
import { failurePolicies, invalidTexts, matchResourcesCauses, oneOf } from "./rule-validation.ts";

const objects = (value: unknown): readonly JsonObject[] => asList(value).filter(isJsonObject);
const objectAt = (holder: JsonObject, key: string): JsonObject | undefined => {
  const value = holder[key];
  return isJsonObject(value) ? value : undefined;
};

export function policyCauses(policy: JsonObject): Causes {
  const spec = objectAt(policy, "spec") ?? {};
  const paramKind = objectAt(spec, "paramKind");
  const declared = { params: paramKind !== undefined };
  const compiler = new Compiler();
  return [
    ...oneOf(spec["failurePolicy"], failurePolicies, "spec.failurePolicy"),
    ...(paramKind === undefined ? [] : paramKindCauses(paramKind, "spec.paramKind")),
    ...matchConstraintsCauses(objectAt(spec, "matchConstraints"), "spec.matchConstraints"),
    ...matchConditionCauses(asList(spec["matchConditions"]), declared, "spec.matchConditions"),
    ...variableCauses(compiler, objects(spec["variables"]), declared, "spec.variables"),
    ...whatToCheckCauses(spec, declared, compiler, asText(objectAt(policy, "metadata")?.["name"])),
  ];
}

interface Declared {
  readonly params: boolean;
}

function whatToCheckCauses(spec: JsonObject, declared: Declared, compiler: Compiler, name: string): Causes {
  const validations = objects(spec["validations"]);
  const annotations = objects(spec["auditAnnotations"]);
  if (validations.length === 0 && annotations.length === 0) {
    const why = "validations or auditAnnotations must contain at least one item";
    return [required("spec.validations", why), required("spec.auditAnnotations", why)];
  }
  return [
    ...validations.flatMap((one, index) => validationCauses(compiler, one, declared, `spec.validations[${index}]`)),
    ...auditAnnotationsCauses(compiler, annotations, declared, name, "spec.auditAnnotations"),
  ];
}

function paramKindCauses(paramKind: JsonObject, path: string): Causes {
  const kind = asText(paramKind["kind"]);
  const wrong = kind === "" ? [] : dns1035Label(kind.toLowerCase());
  const field = childPath(path, "kind");
  return [
    ...apiVersionCauses(asText(paramKind["apiVersion"]), childPath(path, "apiVersion")),
    ...(kind === "" ? [required(field)] : []),
    ...(wrong.length > 0
      ? [invalidValue(field, kind, `may have mixed case, but should otherwise match: ${wrong.join(",")}`)]
      : []),
  ];
}

function apiVersionCauses(apiVersion: string, path: string): Causes {
  if (apiVersion === "") return [required(path)];
  const parts = apiVersion === "/" ? [""] : apiVersion.split("/");
  if (parts.length > 2) return [invalidValue(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  const [version = "", group = ""] = parts.toReversed();
  const wrongGroup = group === "" ? [] : dns1123Subdomain(group);
  const wrongVersion = version === "" ? [] : dns1035Label(version);
  return [
    ...(wrongGroup.length > 0 ? [invalidValue(path, group, wrongGroup.join(","))] : []),
    ...(version === "" ? [invalidValue(path, apiVersion, "version must be specified")] : []),
    ...(wrongVersion.length > 0 ? [invalidValue(path, version, wrongVersion.join(","))] : []),
  ];
}

function matchConstraintsCauses(constraints: JsonObject | undefined, path: string): Causes {
  if (constraints === undefined) return [required(path)];
  return [
    ...matchResourcesCauses(constraints, path),
    ...(asList(constraints["resourceRules"]).length === 0 ? [required(childPath(path, "resourceRules"))] : []),
  ];
}

const hasLineBreaks = (text: string): boolean => /[\n\r]/.test(text);
const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

function validationCauses(compiler: Compiler, validation: JsonObject, { params }: Declared, path: string): Causes {
  const at = (key: string): string => childPath(path, key);
  const [expression, message, say] = ["expression", "message", "messageExpression"].map((key) =>
    asText(validation[key]),
  );
  const compile = (source: string, authorizer: boolean, type: string, field: string): Causes =>
    problemCauses(compiler.compile(source, { params, authorizer }, [type]).problem, source, at(field));
  return [
    ...(expression === undefined || expression.trim() === ""
      ? [required(at("expression"), "expression is not specified")]
      : compile(expression, true, "bool", "expression")),
    ...(say === undefined || say === "" ? [] : messageExpressionCauses(say, at("messageExpression"))),
    ...(say === undefined || say.trim() === "" ? [] : compile(say, false, "string", "messageExpression")),
    ...(message === undefined || message === "" ? [] : messageCauses(message, at("message"))),
    ...oneOf(validation["reason"], reasons, at("reason")),
  ];
}

const messageExpressionCauses = (text: string, path: string): Causes =>
  text.trim() === "" ? [invalidValue(path, text, "must be non-empty if specified")] : [];

function messageCauses(message: string, path: string): Causes {
  if (message.trim() === "") return [invalidValue(path, message, "message must be non-empty if specified")];
  return hasLineBreaks(message.trim()) ? [invalidValue(path, message, "message must not contain line breaks")] : [];
}

const maxAuditAnnotations = 20;
const maxValueExpression = 5 * 1024;

function auditAnnotationsCauses(
  compiler: Compiler,
  annotations: readonly JsonObject[],
  { params }: Declared,
  policy: string,
  path: string,
): Causes {
  const keys = annotations.map((annotation) => asText(annotation["key"]));
  return [
    ...(annotations.length > maxAuditAnnotations
      ? [invalidValue(path, annotations, `must not have more than ${maxAuditAnnotations} auditAnnotations`)]
      : []),
    ...annotations.flatMap((annotation, index) => {
      const at = (field: string): string => childPath(`${path}[${index}]`, field);
      const key = keys[index] ?? "";
      return [
        ...qualified(`${policy}/${key}`).map((why) => invalidValue(at("key"), `${policy}/${key}`, why)),
        ...valueExpressionCauses(compiler, asText(annotation["valueExpression"]), params, at("valueExpression")),
        ...(keys.indexOf(key) < index ? [duplicate(at("key"), key)] : []),
      ];
    }),
  ];
}

function valueExpressionCauses(compiler: Compiler, source: string, params: boolean, path: string): Causes {
  const trimmed = source.trim();
  if (trimmed === "") return [required(path, "valueExpression is not specified")];
  if (trimmed.length > maxValueExpression)
    return [required(path, `must not exceed ${maxValueExpression} bytes in length`)];
  const { problem } = compiler.compile(trimmed, { params, authorizer: true }, ["string", "null"]);
  return problemCauses(problem, source, path);
}

export function bindingCauses(binding: JsonObject): Causes {
  const spec = objectAt(binding, "spec") ?? {};
  const policyName = asText(spec["policyName"]);
  const paramRef = objectAt(spec, "paramRef");
  const matching = objectAt(spec, "matchResources");
  return [
    ...(policyName === ""
      ? [required("spec.policyName")]
      : dns1123Subdomain(policyName).map((why) => invalidValue("spec.policyName", policyName, why))),
    ...(paramRef === undefined ? [] : paramRefCauses(paramRef, "spec.paramRef")),
    // The path is spelled so upstream.
    ...(matching === undefined ? [] : matchResourcesCauses(matching, "spec.matchResouces")),
    ...validationActionCauses(asList(spec["validationActions"]), "spec.validationActions"),
  ];
}

function paramRefCauses(paramRef: JsonObject, path: string): Causes {
  const name = asText(paramRef["name"]);
  const selector = objectAt(paramRef, "selector");
  const both = name !== "" && selector !== undefined;
  const at = (key: string): string => childPath(path, key);
  const exclusive = "name and selector are mutually exclusive";
  return [
    ...(name === "" ? [] : pathSegment(name).map((why) => invalidValue(at("name"), name, why))),
    ...(both ? [forbiddenField(at("name"), exclusive)] : []),
    ...(selector === undefined ? [] : structuredSelectorCauses(selector, at("selector"))),
    ...(both ? [forbiddenField(at("selector"), exclusive)] : []),
    ...(name === "" && selector === undefined ? [required(path, "one of name or selector must be specified")] : []),
    ...notFoundActionCauses(asText(paramRef["parameterNotFoundAction"]), at("parameterNotFoundAction")),
  ];
}

function notFoundActionCauses(action: string, path: string): Causes {
  return action === "" ? [required(path)] : oneOf(action, ["Deny", "Allow"], path);
}

function validationActionCauses(actions: readonly unknown[], path: string): Causes {
  const both = actions.includes("Deny") && actions.includes("Warn");
  const why =
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
  const known = ["Audit", "Deny", "Warn"];
  return [
    ...actions.flatMap((action, index) => [
      ...(known.includes(asText(action)) ? [] : [notSupported(`${path}[${index}]`, action, known)]),
      ...(actions.indexOf(action) < index ? [duplicate(`${path}[${index}]`, action)] : []),
    ]),
    ...(both ? [invalidTexts(path, actions, "admissionregistration.ValidationAction", why)] : []),
    ...(actions.length === 0 ? [required(path, "at least one validation action is required")] : []),
  ];
}
