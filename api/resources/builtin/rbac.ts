/**
 * Roles and their bindings. They are stored, and nothing is decided by them yet (api/auth/authorization.ts).
 * Source: kubernetes/pkg/registry/rbac and pkg/apis/rbac/{v1/defaults,validation/validation}.go.
 */
import { isDeepStrictEqual } from "node:util";
import { clusterRoleBindingType, clusterRoleType, rbacGroup, roleBindingType, roleType } from "../../../crds/core.ts";
import type { KubeObject, ResourceType } from "../../../crds/meta.ts";
import { asList, asText, isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue, notSupported, required } from "../../schema/field-errors.ts";
import { labelSelectorCauses } from "../../schema/label-selector.ts";
import { dns1123Subdomain, pathSegment } from "../../schema/names.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { Column, JsonObject, ResourceDefinition } from "../definition.ts";
import { always, atomic, atomicMap, list, mapOf, struct, structPointer, text, typed } from "./builtin.ts";

const strings = (description: string): JsonObject => atomic(list(text(), description));

const rules = always(
  atomic(
    list(
      structPointer("PolicyRule", {
        verbs: always(strings("Verbs that apply to all the resources of this rule; '*' is all of them.")),
        apiGroups: strings("Groups that contain the resources; '*' is all of them, \"\" the core group."),
        resources: strings("Resources that this rule applies to; '*' is all of them."),
        resourceNames: strings("Names that the rule applies to; none is all of them."),
        nonResourceURLs: strings("Paths that are no resources; '*' may stand for the last part."),
      }),
      "What the role allows.",
    ),
  ),
);

const labelSelector = atomicMap(
  structPointer("LabelSelector", {
    matchLabels: mapOf(text()),
    matchExpressions: atomic(
      list(
        structPointer("LabelSelectorRequirement", {
          key: always(text()),
          operator: always(text()),
          values: atomic(list(text())),
        }),
      ),
    ),
  }),
);

const binding: JsonObject = {
  subjects: atomic(
    list(
      atomicMap(
        structPointer("Subject", {
          kind: always(text("User, Group or ServiceAccount.")),
          apiGroup: text("Of the subject: empty for a ServiceAccount."),
          name: always(text("Name of the subject.")),
          namespace: text("Namespace of a ServiceAccount."),
        }),
      ),
      "Whom the role is given to.",
    ),
  ),
  roleRef: atomicMap(
    struct(
      "RoleRef",
      {
        apiGroup: always(text("Group of the role.")),
        kind: always(text("Role or ClusterRole.")),
        name: always(text("Name of the role.")),
      },
      "The role that is given. It cannot be changed.",
    ),
  ),
};

const createdAt: Column = {
  name: "Created At",
  type: "date",
  description: ageColumn.description ?? "",
  priority: 0,
  value: ({ metadata }) => metadata.creationTimestamp,
};

interface Subject {
  readonly kind?: string;
  readonly apiGroup?: string;
  readonly name?: string;
  readonly namespace?: string;
}

interface RoleBinding extends KubeObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: { readonly apiGroup?: string; readonly kind?: string; readonly name?: string };
}

const subjectsColumn = (name: string, kind: string): Column => ({
  name,
  type: "string",
  description: `${name} in the roleBinding`,
  priority: 1,
  value: (object) =>
    ((object as RoleBinding).subjects ?? [])
      .filter((subject) => subject.kind === kind)
      .map((subject) => (kind === "ServiceAccount" ? `${subject.namespace ?? ""}/${subject.name}` : subject.name))
      .join(", "),
});

const bindingColumns: readonly Column[] = [
  nameColumn,
  {
    name: "Role",
    type: "string",
    description:
      "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error. This field is immutable.",
    priority: 0,
    value: (object) => {
      const { kind, name } = (object as RoleBinding).roleRef;
      return `${kind}/${name}`;
    },
  },
  ageColumn,
  subjectsColumn("Users", "User"),
  subjectsColumn("Groups", "Group"),
  subjectsColumn("ServiceAccounts", "ServiceAccount"),
];

function roleKind(type: ResourceType, description: string, more: JsonObject = {}): ResourceDefinition {
  const causesOf = (role: JsonObject): readonly StatusCause[] => [
    ...asList(role["rules"]).flatMap((rule, index) =>
      isJsonObject(rule) ? ruleCauses(rule, type.namespaced, `rules[${index}]`) : [],
    ),
    ...aggregationCauses(role["aggregationRule"]),
  ];
  return typed({
    ...type,
    singular: type.kind.toLowerCase(),
    description,
    properties: { rules, ...more },
    columns: [nameColumn, createdAt],
    unconditionalUpdate: true,
    createOnUpdate: true,
    prepareForCreate: causesOf,
    prepareForUpdate: causesOf,
  });
}

function bindingKind(type: ResourceType, description: string): ResourceDefinition {
  const causesOf = (object: JsonObject): readonly StatusCause[] => [
    ...roleRefCauses(object, type.namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"]),
    ...asList(object["subjects"]).flatMap((subject, index) =>
      subjectCauses(subject as Subject, type.namespaced, `subjects[${index}]`),
    ),
  ];
  return typed({
    ...type,
    singular: type.kind.toLowerCase(),
    description,
    required: ["roleRef"],
    properties: binding,
    columns: bindingColumns,
    unconditionalUpdate: true,
    createOnUpdate: true,
    setDefaults: setBindingDefaults,
    prepareForCreate: causesOf,
    prepareForUpdate: (next, old) => [
      ...causesOf(next),
      ...(isDeepStrictEqual(next["roleRef"], old["roleRef"])
        ? []
        : [invalidValue("roleRef", next["roleRef"], "cannot change roleRef")]),
    ],
  });
}

export const rbacKinds: readonly ResourceDefinition[] = [
  roleKind(roleType, "Role is a namespaced, logical grouping of PolicyRules that can be referenced by a RoleBinding."),
  roleKind(
    clusterRoleType,
    "ClusterRole is a cluster level, logical grouping of PolicyRules that can be referenced by a RoleBinding or ClusterRoleBinding.",
    {
      aggregationRule: structPointer(
        "AggregationRule",
        { clusterRoleSelectors: atomic(list(labelSelector, "The ClusterRoles whose rules are put together.")) },
        "Where the rules come from, when they are put together by a controller.",
      ),
    },
  ),
  bindingKind(roleBindingType, "RoleBinding references a role, but does not contain it, for one namespace."),
  bindingKind(clusterRoleBindingType, "ClusterRoleBinding references a ClusterRole, but does not contain it."),
];

function setBindingDefaults(object: JsonObject): void {
  const roleRef = isJsonObject(object["roleRef"]) ? object["roleRef"] : {};
  object["roleRef"] = { ...roleRef, apiGroup: asText(roleRef["apiGroup"]) || rbacGroup };
  for (const subject of asList(object["subjects"]).filter(isJsonObject))
    if (subject["kind"] === "User" || subject["kind"] === "Group") subject["apiGroup"] ||= rbacGroup;
}

function ruleCauses(rule: JsonObject, namespaced: boolean, path: string): readonly StatusCause[] {
  const count = (field: string): number => asList(rule[field]).length;
  const verbs = count("verbs") === 0 ? [required(`${path}.verbs`, "verbs must contain at least one value")] : [];
  if (count("nonResourceURLs") > 0) {
    const refuse = (why: string): StatusCause => invalidValue(`${path}.nonResourceURLs`, rule["nonResourceURLs"], why);
    return [
      ...verbs,
      ...(namespaced ? [refuse("namespaced rules cannot apply to non-resource URLs")] : []),
      ...(count("apiGroups") + count("resources") + count("resourceNames") > 0
        ? [refuse("rules cannot apply to both regular resources and non-resource URLs")]
        : []),
    ];
  }
  return [
    ...verbs,
    ...(count("apiGroups") === 0
      ? [required(`${path}.apiGroups`, "resource rules must supply at least one api group")]
      : []),
    ...(count("resources") === 0
      ? [required(`${path}.resources`, "resource rules must supply at least one resource")]
      : []),
  ];
}

function aggregationCauses(rule: unknown): readonly StatusCause[] {
  if (!isJsonObject(rule)) return [];
  const path = "aggregationRule.clusterRoleSelectors";
  const selectors = asList(rule["clusterRoleSelectors"]);
  if (selectors.length === 0)
    return [required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
  return selectors.flatMap((selector, index) => {
    const at = `${path}[${index}]`;
    const causes = labelSelectorCauses(selector as JsonObject, at);
    return causes.length === 0 ? [] : [...causes, invalidValue(at, null, "invalid label selector.")];
  });
}

function roleRefCauses({ roleRef }: JsonObject, kinds: readonly string[]): readonly StatusCause[] {
  const { apiGroup = "", kind = "", name = "" } = roleRef as RoleBinding["roleRef"];
  return [
    ...(apiGroup === rbacGroup ? [] : [notSupported("roleRef.apiGroup", apiGroup, [rbacGroup])]),
    ...(kinds.includes(kind) ? [] : [notSupported("roleRef.kind", kind, kinds)]),
    ...(name === ""
      ? [required("roleRef.name")]
      : pathSegment(name).map((why) => invalidValue("roleRef.name", name, why))),
  ];
}

function subjectCauses(subject: Subject, namespaced: boolean, path: string): readonly StatusCause[] {
  const { kind = "", name = "", apiGroup = "", namespace = "" } = subject;
  const causes = name === "" ? [required(`${path}.name`)] : [];
  switch (kind) {
    case "ServiceAccount":
      if (name !== "") causes.push(...dns1123Subdomain(name).map((why) => invalidValue(`${path}.name`, name, why)));
      if (apiGroup !== "") causes.push(notSupported(`${path}.apiGroup`, apiGroup, [""]));
      if (!namespaced && namespace === "") causes.push(required(`${path}.namespace`));
      return causes;
    case "User":
    case "Group":
      if (apiGroup !== rbacGroup) causes.push(notSupported(`${path}.apiGroup`, apiGroup, [rbacGroup]));
      return causes;
    default:
      return [...causes, notSupported(`${path}.kind`, kind, ["ServiceAccount", "User", "Group"])];
  }
}
