/** What is wrong with a metav1.LabelSelector. Source: apimachinery/pkg/apis/meta/v1/validation/validation.go. */
import { asList, asText, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import { forbiddenField, invalidValue, required } from "./field-errors.ts";
import { labelValue, qualified } from "./names.ts";

/** `path` is where the selector is. */
export function labelSelectorCauses(selector: JsonObject, path: string): readonly StatusCause[] {
  const { matchLabels, matchExpressions } = selector;
  return [
    ...labelCauses(isJsonObject(matchLabels) ? matchLabels : {}, `${path}.matchLabels`),
    ...asList(matchExpressions)
      .filter(isJsonObject)
      .flatMap((requirement, index) => requirementCauses(requirement, `${path}.matchExpressions[${index}]`)),
  ];
}

/** Source: ValidateLabels. */
function labelCauses(labels: JsonObject, path: string): readonly StatusCause[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualified(key).map((why) => invalidValue(path, key, why)),
    ...labelValue(asText(value)).map((why) => invalidValue(path, value, why)),
  ]);
}

function requirementCauses({ key, operator, values }: JsonObject, path: string): readonly StatusCause[] {
  const given = asList(values);
  return [
    ...operatorCauses(operator, given, path),
    ...qualified(asText(key)).map((why) => invalidValue(`${path}.key`, asText(key), why)),
    ...given.flatMap((value, index) =>
      labelValue(asText(value)).map((why) => invalidValue(`${path}.values[${index}]`, value, why)),
    ),
  ];
}

function operatorCauses(operator: unknown, values: readonly unknown[], path: string): readonly StatusCause[] {
  switch (operator) {
    case "In":
    case "NotIn":
      return values.length > 0
        ? []
        : [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case "Exists":
    case "DoesNotExist":
      return values.length === 0
        ? []
        : [forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return [invalidValue(`${path}.operator`, operator ?? "", "not a valid selector operator")];
  }
}
