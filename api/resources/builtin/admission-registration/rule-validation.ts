/**
 * Validates what says which requests a webhook or a policy is about.
 * Source of the rules and the wording: kubernetes/pkg/apis/admissionregistration/validation/validation.go.
 */
import { asList, asText, childPath, isJsonObject } from "../../../../formats/json-object.ts";
import { duplicate, invalidValue, notSupported, required } from "../../../schema/field-errors.ts";
import { pathSegment } from "../../../schema/names.ts";
import { structuredSelectorCauses } from "../../../selectors/structured-selector.ts";
import type { StatusCause } from "../../../status.ts";
import type { JsonObject } from "../../definition.ts";

export type Causes = readonly StatusCause[];

/** A list of texts as Go shows it, with the name of its type. */
export function invalidTexts(path: string, values: readonly unknown[], type: string, why: string): StatusCause {
  const shown = values.map((value) => JSON.stringify(value)).join(", ");
  return { reason: "FieldValueInvalid", message: `Invalid value: []${type}{${shown}}: ${why}`, field: path };
}

/** Undefined is fine: defaults have been filled in where there are some. */
export function oneOf(value: unknown, allowed: readonly string[], path: string): Causes {
  return value === undefined || allowed.includes(asText(value)) ? [] : [notSupported(path, value, allowed)];
}

export const failurePolicies: readonly string[] = ["Fail", "Ignore"];
export const matchPolicies: readonly string[] = ["Equivalent", "Exact"];

export function selectorCauses(holder: JsonObject, path: string): Causes {
  return ["namespaceSelector", "objectSelector"].flatMap((key) => {
    const selector = holder[key];
    return isJsonObject(selector) ? structuredSelectorCauses(selector, childPath(path, key)) : [];
  });
}

export function ruleCauses(rule: JsonObject, path: string): Causes {
  return [
    ...operationCauses(asList(rule["operations"]), childPath(path, "operations")),
    ...wildcardCauses(rule, "apiGroups", "API groups", path),
    ...wildcardCauses(rule, "apiVersions", "API versions", path),
    ...emptyCauses(asList(rule["apiVersions"]), childPath(path, "apiVersions")),
    ...resourceCauses(asList(rule["resources"]).map(asText), childPath(path, "resources")),
    ...oneOf(rule["scope"], ["*", "Cluster", "Namespaced"], childPath(path, "scope")),
  ];
}

function operationCauses(operations: readonly unknown[], path: string): Causes {
  const supported = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
  return [
    ...(operations.length === 0 ? [required(path)] : []),
    ...aloneCauses(operations, "admissionregistration.OperationType", "operations", path),
    ...operations.flatMap((operation, index) => oneOf(operation, supported, `${path}[${index}]`)),
  ];
}

function wildcardCauses(rule: JsonObject, key: string, what: string, path: string): Causes {
  const values = asList(rule[key]);
  const field = childPath(path, key);
  return values.length === 0 ? [required(field)] : aloneCauses(values, "string", what, field);
}

/** A wildcard among others says less than it does. */
function aloneCauses(values: readonly unknown[], type: string, what: string, path: string): Causes {
  if (values.length < 2 || !values.includes("*")) return [];
  return [invalidTexts(path, values, type, `if '*' is present, must not specify other ${what}`)];
}

function emptyCauses(values: readonly unknown[], path: string): Causes {
  return values.flatMap((value, index) => (value === "" ? [required(`${path}[${index}]`)] : []));
}

function resourceCauses(resources: readonly string[], path: string): Causes {
  const causes: StatusCause[] = [...(resources.length === 0 ? [required(path)] : []), ...emptyCauses(resources, path)];
  const allSubresourcesOf = new Set<string>();
  const subresourceOfAll = new Set<string>();
  for (const [index, resource] of resources.entries()) {
    const slash = resource.indexOf("/");
    if (slash < 0) continue;
    const [parent, sub] = [resource.slice(0, slash), resource.slice(slash + 1)];
    const field = `${path}[${index}]`;
    if (allSubresourcesOf.has(parent))
      causes.push(invalidValue(field, resource, `if '${parent}/*' is present, must not specify ${resource}`));
    if (subresourceOfAll.has(sub))
      causes.push(invalidValue(field, resource, `if '*/${sub}' is present, must not specify ${resource}`));
    if (sub === "*") allSubresourcesOf.add(parent);
    if (parent === "*") subresourceOfAll.add(sub);
  }
  if (resources.length > 1 && resources.includes("*/*"))
    causes.push(invalidTexts(path, resources, "string", "if '*/*' is present, must not specify other resources"));
  // Upstream remembers the last one only.
  const whole = resources.filter((resource) => resource !== "" && !resource.includes("/"));
  if (resources.includes("*") && whole.length > 0 && whole.at(-1) !== "*")
    causes.push(
      invalidTexts(
        path,
        resources,
        "string",
        "if '*' is present, must not specify other resources without subresources",
      ),
    );
  return causes;
}

/** MatchResources of a policy or a binding. */
export function matchResourcesCauses(matching: JsonObject, path: string): Causes {
  return [
    ...oneOf(matching["matchPolicy"], matchPolicies, childPath(path, "matchPolicy")),
    ...selectorCauses(matching, path),
    ...["resourceRules", "excludeResourceRules"].flatMap((key) =>
      asList(matching[key])
        .filter(isJsonObject)
        .flatMap((rule, index) => namedRuleCauses(rule, `${childPath(path, key)}[${index}]`)),
    ),
  ];
}

function namedRuleCauses(rule: JsonObject, path: string): Causes {
  const names = asList(rule["resourceNames"]).map(asText);
  const field = (index: number): string => `${childPath(path, "resourceNames")}[${index}]`;
  return [
    ...names.flatMap((name, index) => [
      ...pathSegment(name).map((why) => invalidValue(field(index), name, why)),
      ...(names.indexOf(name) < index ? [duplicate(field(index), name)] : []),
    ]),
    ...ruleCauses(rule, path),
  ];
}
