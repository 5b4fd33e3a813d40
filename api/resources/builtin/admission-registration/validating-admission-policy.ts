/** Source: kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicy{,binding}/strategy.go. */
import { validatingAdmissionPolicyBindingType, validatingAdmissionPolicyType } from "../../../../crds/core.ts";
import { asList, asText, getOwn, isJsonObject } from "../../../../formats/json-object.ts";
import { ageColumn, nameColumn } from "../../../tables/columns.ts";
import type { JsonObject } from "../../definition.ts";
import {
  always,
  atomic,
  atomicMap,
  int64,
  list,
  listMap,
  pointer,
  struct,
  structPointer,
  text,
  time,
  typed,
} from "../builtin.ts";
import { defaultBinding, defaultPolicy } from "./defaults.ts";
import { bindingCauses, policyCauses } from "./policy-validation.ts";
import { matchConditions, matchResources, selector } from "./schema.ts";

const expression = (description: string): JsonObject => always(text(description));

const spec = struct("ValidatingAdmissionPolicySpec", {
  paramKind: atomicMap(
    structPointer(
      "ParamKind",
      { apiVersion: text("Group and version of the kind."), kind: text("The kind.") },
      "Kind of the objects that parameterize the policy: params in its expressions.",
    ),
  ),
  matchConstraints: matchResources("The requests that the policy is about."),
  validations: atomic(
    list(
      struct("Validation", {
        expression: expression(
          "A CEL expression of type bool over object, oldObject, request, params, namespaceObject, variables and authorizer.",
        ),
        message: text("What is said when the expression is false."),
        reason: pointer(text("Forbidden, Invalid (the default) or RequestEntityTooLarge.")),
        messageExpression: text("A CEL expression of type string whose result is said instead of message."),
      }),
      "What must be true of a request.",
    ),
  ),
  failurePolicy: pointer(text("What becomes of a request when an expression fails: Fail (the default), Ignore.")),
  auditAnnotations: atomic(
    list(
      struct("AuditAnnotation", {
        key: always(text("Key of the annotation, after the policy's name and a slash.")),
        valueExpression: expression("A CEL expression of type string or null."),
      }),
      "What an audit log would say about a request.",
    ),
  ),
  matchConditions: matchConditions(),
  variables: listMap(
    list(
      struct("Variable", {
        name: always(text("The name: variables.name in the expressions after it.")),
        expression: expression("A CEL expression, evaluated when it is first needed."),
      }),
      "Expressions to use in others.",
    ),
    "name",
  ),
});

const status = struct("ValidatingAdmissionPolicyStatus", {
  observedGeneration: int64("The generation that the status is about."),
  typeChecking: structPointer("TypeChecking", {
    expressionWarnings: atomic(
      list(
        struct("ExpressionWarning", {
          fieldRef: always(text("Path of the expression: spec.validations[0].expression.")),
          warning: always(text("What is wrong with the types in it, for which kinds.")),
        }),
      ),
    ),
  }),
  conditions: listMap(
    list(
      struct("Condition", {
        type: always(text()),
        status: always(text()),
        observedGeneration: int64(),
        lastTransitionTime: always(time()),
        reason: always(text()),
        message: always(text()),
      }),
    ),
    "type",
  ),
});

const specOf = (object: unknown): JsonObject => {
  const found = isJsonObject(object) ? getOwn(object, "spec") : undefined;
  return isJsonObject(found) ? found : {};
};

export const validatingAdmissionPolicies = typed({
  ...validatingAdmissionPolicyType,
  singular: "validatingadmissionpolicy",
  categories: ["api-extensions"],
  description: "ValidatingAdmissionPolicy describes, in CEL, what requests must be like to be accepted.",
  hasGeneration: true,
  subresources: new Set(["status"]),
  properties: { spec, status },
  columns: [
    nameColumn,
    {
      name: "Validations",
      type: "integer",
      description: "Validations indicates the number of validation rules defined in this configuration",
      priority: 0,
      value: (object) => asList(specOf(object)["validations"]).length,
    },
    {
      name: "ParamKind",
      type: "string",
      description: "ParamKind specifies the kind of resources used to parameterize this policy",
      priority: 0,
      value: (object) => paramKindOf(specOf(object)["paramKind"]),
    },
    ageColumn,
  ],
  mergeKeys: { "spec.matchConditions": "name", "spec.variables": "name", "status.conditions": "type" },
  setDefaults: defaultPolicy,
  prepareForCreate: policyCauses,
  prepareForUpdate: policyCauses,
});

function paramKindOf(paramKind: unknown): string {
  return isJsonObject(paramKind) ? `${asText(paramKind["apiVersion"])}/${asText(paramKind["kind"])}` : "<unset>";
}

export const validatingAdmissionPolicyBindings = typed({
  ...validatingAdmissionPolicyBindingType,
  singular: "validatingadmissionpolicybinding",
  categories: ["api-extensions"],
  description: "ValidatingAdmissionPolicyBinding puts a ValidatingAdmissionPolicy in force, with parameters.",
  hasGeneration: true,
  properties: {
    spec: struct("ValidatingAdmissionPolicyBindingSpec", {
      policyName: text("The policy; nothing happens while there is none of the name."),
      paramRef: atomicMap(
        structPointer(
          "ParamRef",
          {
            name: text("The object; all that the selector finds when empty."),
            namespace: text("Its namespace; that of the object of the request when empty."),
            selector: selector("Labels of the objects: each of them is used."),
            parameterNotFoundAction: pointer(text("Deny or Allow: what happens where there is no such object.")),
          },
          "The objects that parameterize the policy.",
        ),
      ),
      matchResources: matchResources("Narrows down which requests the policy is about."),
      validationActions: atomic(list(text(), "What happens when a validation fails: Deny or Warn, and Audit.")),
    }),
  },
  columns: [
    nameColumn,
    {
      name: "PolicyName",
      type: "string",
      description: "PolicyName indicates the policy definition which the policy binding binded to",
      priority: 0,
      value: (object) => asText(specOf(object)["policyName"]),
    },
    {
      name: "ParamRef",
      type: "string",
      description: "ParamRef indicates the param resource which sets the configration param",
      priority: 0,
      value: (object) => paramRefOf(specOf(object)["paramRef"]),
    },
    ageColumn,
  ],
  setDefaults: defaultBinding,
  prepareForCreate: bindingCauses,
  prepareForUpdate: bindingCauses,
});

function paramRefOf(paramRef: unknown): string {
  if (!isJsonObject(paramRef)) return "<unset>";
  const [name, namespace] = [asText(paramRef["name"]), asText(paramRef["namespace"])];
  if (name !== "") return `${namespace === "" ? "*" : namespace}/${name}`;
  return isJsonObject(paramRef["selector"]) ? asText(paramRef["selector"]) : "<unset>";
}
