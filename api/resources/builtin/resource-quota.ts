/** Source: kubernetes/pkg/registry/core/resourcequota/strategy.go, ValidateResourceQuota and printResourceQuota. */
import { isDeepStrictEqual } from "node:util";
import { resourceQuotaType } from "../../../crds/core.ts";
import type { KubeObject } from "../../../crds/meta.ts";
import type { Quantity } from "../../../crds/schema.ts";
import { asList, asText, isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue, required } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { Column, JsonObject } from "../definition.ts";
import { always, atomic, atomicMap, list, mapOf, quantity, struct, structPointer, text, typed } from "./builtin.ts";
import { isStandardQuotaName, quantityCauses, quotaResourceNameCauses } from "./compute-resources.ts";

export const resourceQuotas = typed({
  ...resourceQuotaType,
  singular: "resourcequota",
  shortNames: ["quota"],
  subresources: new Set(["status"]),
  description: "ResourceQuota sets aggregate quota restrictions enforced per namespace.",
  properties: {
    spec: struct(
      "ResourceQuotaSpec",
      {
        hard: mapOf(quantity(), "The most of each named resource that the namespace may use."),
        scopes: atomic(list(text(), "Filters that must match each object that the quota counts.")),
        scopeSelector: atomicMap(
          structPointer(
            "ScopeSelector",
            {
              matchExpressions: atomic(
                list(
                  structPointer("ScopedResourceSelectorRequirement", {
                    scopeName: always(text("Name of the scope.")),
                    operator: always(text("In, NotIn, Exists or DoesNotExist.")),
                    values: atomic(list(text())),
                  }),
                ),
              ),
            },
            "Filters like scopes, by operator and values.",
          ),
        ),
      },
      "The desired quota.",
    ),
    status: struct(
      "ResourceQuotaStatus",
      {
        hard: mapOf(quantity(), "The limits that are enforced now."),
        used: mapOf(quantity(), "How much of each is in use now."),
      },
      "The enforced quota and its current usage.",
    ),
  },
  columns: [
    nameColumn,
    ageColumn,
    usageColumn(
      "Request",
      "Request represents a minimum amount of cpu/memory that a container may consume.",
      (name) => !isLimit(name),
    ),
    usageColumn(
      "Limit",
      "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
      isLimit,
    ),
  ],
  unconditionalUpdate: true,
  answersDeleted: true,
  prepareForCreate(object) {
    object["status"] = {};
    return specCauses(object);
  },
  prepareForUpdate: (object, old) => [
    ...specCauses(object),
    ...(isDeepStrictEqual(scopesOf(object).toSorted(), scopesOf(old).toSorted())
      ? []
      : [invalidValue("spec.scopes", scopesOf(object), "field is immutable")]),
  ],
  prepareForSubresourceUpdate: (object) => {
    const status = objectAt(object, "status");
    return ["hard", "used"].flatMap((field) => amountsCauses(objectAt(status, field), `status.${field}`));
  },
});

function isLimit(name: string): boolean {
  return name.startsWith("limits.");
}

function usageColumn(name: string, description: string, shows: (name: string) => boolean): Column {
  return {
    name,
    type: "string",
    description,
    priority: 0,
    value: (object: KubeObject) => {
      const status = objectAt(object as unknown as JsonObject, "status");
      const [hard, used] = [objectAt(status, "hard"), objectAt(status, "used")];
      return Object.keys(hard)
        .filter(shows)
        .toSorted()
        .map((resource) => `${resource}: ${asText(used[resource] ?? "0")}/${asText(hard[resource])}`)
        .join(", ");
    },
  };
}

function objectAt(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}

const scopesOf = (object: JsonObject): readonly string[] => asList(objectAt(object, "spec")["scopes"]).map(String);

function specCauses(object: JsonObject): readonly StatusCause[] {
  const spec = objectAt(object, "spec");
  const hard = objectAt(spec, "hard");
  return [
    ...amountsCauses(hard, "spec.hard"),
    ...scopesCauses(scopesOf(object), Object.keys(hard).toSorted()),
    ...selectorCauses(objectAt(spec, "scopeSelector"), Object.keys(hard).toSorted()),
  ];
}

function amountsCauses(amounts: JsonObject, path: string): readonly StatusCause[] {
  return Object.entries(amounts).flatMap(([name, amount]) => [
    ...quotaResourceNameCauses(name, `${path}[${name}]`),
    ...quantityCauses(name, amount as Quantity, `${path}[${name}]`),
  ]);
}

/** What each scope counts. Source: IsStandardResourceQuotaScope and IsResourceQuotaScopeValidForResource. */
const podScopes: readonly string[] = [
  "Terminating",
  "NotTerminating",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
];
const podResources: readonly string[] = [
  ...["pods", "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"],
];
const scopeMatches: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(podScopes.map((scope) => [scope, podResources])),
  BestEffort: ["pods"],
};
const conflicting: readonly (readonly [string, string])[] = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
];

const appliesTo = (scope: string, resource: string): boolean =>
  !isStandardQuotaName(resource) || scopeMatches[scope]?.includes(resource) !== false;

function scopesCauses(scopes: readonly string[], hard: readonly string[]): readonly StatusCause[] {
  const refuse = (why: string): StatusCause => invalidValue("spec.scopes", scopes, why);
  return [
    ...scopes.flatMap((scope) => [
      ...(Object.hasOwn(scopeMatches, scope) ? [] : [refuse("unsupported scope")]),
      ...hard.filter((name) => !appliesTo(scope, name)).map(() => refuse("unsupported scope applied to resource")),
    ]),
    ...conflicting
      .filter((pair) => pair.every((scope) => scopes.includes(scope)))
      .map(() => refuse("conflicting scopes")),
  ];
}

function selectorCauses({ matchExpressions }: JsonObject, hard: readonly string[]): readonly StatusCause[] {
  const path = "spec.scopeSelector.matchExpressions";
  return asList(matchExpressions)
    .filter(isJsonObject)
    .flatMap((requirement) => {
      const { scopeName, operator } = requirement;
      const scope = String(scopeName);
      const values = asList(requirement["values"]);
      const listed = operator === "In" || operator === "NotIn";
      const existing = operator === "Exists" || operator === "DoesNotExist";
      const existsOnly = scope !== "PriorityClass" && Object.hasOwn(scopeMatches, scope);
      return [
        ...(Object.hasOwn(scopeMatches, scope) ? [] : [invalidValue(`${path}.scopeName`, scope, "unsupported scope")]),
        ...hard
          .filter((name) => !appliesTo(scope, name))
          .map(() => invalidValue(path, matchExpressions, "unsupported scope applied to resource")),
        ...(existsOnly && operator !== "Exists"
          ? [
              invalidValue(
                `${path}.operator`,
                operator,
                "must be 'Exist' only operator when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
              ),
            ]
          : []),
        ...(listed && values.length === 0
          ? [
              required(
                `${path}.values`,
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
              ),
            ]
          : []),
        ...(existing && values.length > 0
          ? [
              invalidValue(
                `${path}.values`,
                values,
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
              ),
            ]
          : []),
        ...(listed || existing ? [] : [invalidValue(`${path}.operator`, operator, "not a valid selector operator")]),
      ];
    });
}
