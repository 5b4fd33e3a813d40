/**
 * Label selectors as they stand in objects (metav1.LabelSelector). Source of the meaning and the wording:
 * apimachinery/pkg/apis/meta/v1/{helpers.go,validation/validation.go}.
 */
import { asList, asText, childPath, isJsonObject } from "../../formats/json-object.ts";
import { forbiddenField, invalidValue, required } from "../schema/field-errors.ts";
import { labelValue, qualified } from "../schema/names.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { StatusCause } from "../status.ts";
import type { LabelMatcher } from "./label-selector.ts";

/** As the types of its kind have been checked. */
export interface StructuredSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Whether it matches everything, without a look at any label. */
export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: StructuredSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** For a selector in which {@link structuredSelectorCauses} finds nothing wrong. */
export function compileStructuredSelector({
  matchLabels = {},
  matchExpressions = [],
}: StructuredSelector): LabelMatcher {
  const wanted = Object.entries(matchLabels);
  return (labels = {}) => {
    const valueOf = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
    return (
      wanted.every(([key, value]) => valueOf(key) === value) &&
      matchExpressions.every(({ key, operator, values = [] }) => holds(operator, valueOf(key), values))
    );
  };
}

function holds(operator: string, value: string | undefined, values: readonly string[]): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    default:
      return value === undefined;
  }
}

/** What is wrong with it. */
export function structuredSelectorCauses(selector: JsonObject, path: string): readonly StatusCause[] {
  const { matchLabels, matchExpressions } = selector;
  const labels = isJsonObject(matchLabels) ? Object.entries(matchLabels) : [];
  const labelsPath = childPath(path, "matchLabels");
  return [
    ...labels.flatMap(([key, value]) => [
      ...qualified(key).map((why) => invalidValue(labelsPath, key, why)),
      ...labelValue(asText(value)).map((why) => invalidValue(labelsPath, value, why)),
    ]),
    ...asList(matchExpressions)
      .filter(isJsonObject)
      .flatMap((requirement, index) => requirementCauses(requirement, `${path}.matchExpressions[${index}]`)),
  ];
}

function requirementCauses(requirement: JsonObject, path: string): readonly StatusCause[] {
  const { key, operator } = requirement;
  const values = asList(requirement["values"]);
  const valuesPath = childPath(path, "values");
  return [
    ...operatorCauses(operator, values.length, path, valuesPath),
    ...qualified(asText(key)).map((why) => invalidValue(childPath(path, "key"), key, why)),
    ...values.flatMap((value, index) =>
      labelValue(asText(value)).map((why) => invalidValue(`${valuesPath}[${index}]`, value, why)),
    ),
  ];
}

function operatorCauses(operator: unknown, values: number, path: string, valuesPath: string): readonly StatusCause[] {
  switch (operator) {
    case "In":
    case "NotIn":
      return values > 0 ? [] : [required(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'")];
    case "Exists":
    case "DoesNotExist":
      return values === 0
        ? []
        : [forbiddenField(valuesPath, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return [invalidValue(childPath(path, "operator"), operator, "not a valid selector operator")];
  }
}
