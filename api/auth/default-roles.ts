/**
 * The cluster roles and bindings that every cluster begins with, as far as they speak of what is served here. They are
 * written to the store, and `defaultAuthorizer` (authorization.ts) goes by them.
 * Source: kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go.
 */
import { rbacGroup } from "../../crds/core.ts";
import { openstackGroup } from "../../crds/openstack/external.ts";
import { openstackTypes } from "../../crds/openstack/types.ts";
import type { Draft } from "../client/client.ts";
import { authenticatedGroup, mastersGroup, unauthenticatedGroup } from "./authentication.ts";

/** rbac/v1 PolicyRule. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface DefaultRole {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  readonly labels?: Readonly<Record<string, string>>;
  /** The roles whose rules it has: those with this label. */
  readonly aggregates?: string;
}

export interface DefaultBinding {
  readonly name: string;
  readonly role: string;
  readonly groups: readonly string[];
}

const read = ["get", "list", "watch"] as const;
const write = ["create", "delete", "deletecollection", "patch", "update"] as const;

const rule = (apiGroups: string, resources: readonly string[], ...verbs: readonly string[]): PolicyRule => ({
  verbs: verbs.toSorted(),
  apiGroups: [apiGroups],
  resources,
});
const paths = (...nonResourceURLs: readonly string[]): PolicyRule => ({ verbs: ["get"], nonResourceURLs });

const aggregate = (to: string): string => `${rbacGroup}/aggregate-to-${to}`;

/** Without Clouds: who may write them lends their credentials. */
const openstackPlurals = openstackTypes.map(({ plural }) => plural);

const aggregateToView: readonly PolicyRule[] = [
  rule(
    "",
    ["configmaps", "events", "limitranges", "namespaces", "resourcequotas", "resourcequotas/status", "serviceaccounts"],
    ...read,
  ),
  rule(
    "stowage.dev",
    [
      "containers",
      "containers/log",
      "containers/stats",
      "containers/status",
      "disruptionbudgets",
      "disruptionbudgets/status",
    ],
    ...read,
  ),
  rule(
    openstackGroup,
    openstackPlurals.flatMap((plural) => [plural, `${plural}/status`]),
    ...read,
  ),
];
const aggregateToEdit: readonly PolicyRule[] = [
  rule("", ["secrets"], ...read),
  rule("", ["serviceaccounts"], "impersonate"),
  rule("", ["configmaps", "events", "secrets", "serviceaccounts"], ...write),
  rule("", ["serviceaccounts/token"], "create"),
  rule("coordination.k8s.io", ["leases"], ...read, ...write),
  rule("stowage.dev", ["containers", "disruptionbudgets"], ...write),
  rule("stowage.dev", ["containers/eviction"], "create"),
  rule(openstackGroup, openstackPlurals, ...write),
];
const aggregateToAdmin: readonly PolicyRule[] = [
  rule("authorization.k8s.io", ["localsubjectaccessreviews"], "create"),
  rule(rbacGroup, ["rolebindings", "roles"], ...read, ...write),
];

/** Rules of aggregated roles stand in the order in which their parts sort by name. */
export const defaultRoles: readonly DefaultRole[] = [
  {
    name: "cluster-admin",
    rules: [
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
      { verbs: ["*"], nonResourceURLs: ["*"] },
    ],
  },
  {
    name: "system:discovery",
    rules: [
      paths(
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
      ),
    ],
  },
  {
    name: "system:basic-user",
    rules: [
      rule("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], "create"),
      rule("authentication.k8s.io", ["selfsubjectreviews"], "create"),
    ],
  },
  { name: "system:public-info-viewer", rules: [paths("/healthz", "/livez", "/readyz", "/version", "/version/")] },
  {
    name: "system:service-account-issuer-discovery",
    rules: [
      paths(
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/",
        "/openid/v1/jwks",
        "/openid/v1/jwks/",
      ),
    ],
  },
  {
    name: "admin",
    aggregates: aggregate("admin"),
    rules: [...aggregateToAdmin, ...aggregateToEdit, ...aggregateToView],
  },
  {
    name: "edit",
    aggregates: aggregate("edit"),
    labels: { [aggregate("admin")]: "true" },
    rules: [...aggregateToEdit, ...aggregateToView],
  },
  { name: "view", aggregates: aggregate("view"), labels: { [aggregate("edit")]: "true" }, rules: aggregateToView },
  { name: "system:aggregate-to-admin", labels: { [aggregate("admin")]: "true" }, rules: aggregateToAdmin },
  { name: "system:aggregate-to-edit", labels: { [aggregate("edit")]: "true" }, rules: aggregateToEdit },
  { name: "system:aggregate-to-view", labels: { [aggregate("view")]: "true" }, rules: aggregateToView },
];

export const defaultBindings: readonly DefaultBinding[] = [
  { name: "cluster-admin", role: "cluster-admin", groups: [mastersGroup] },
  { name: "system:discovery", role: "system:discovery", groups: [authenticatedGroup] },
  { name: "system:basic-user", role: "system:basic-user", groups: [authenticatedGroup] },
  {
    name: "system:public-info-viewer",
    role: "system:public-info-viewer",
    groups: [authenticatedGroup, unauthenticatedGroup],
  },
  {
    name: "system:service-account-issuer-discovery",
    role: "system:service-account-issuer-discovery",
    groups: ["system:serviceaccounts"],
  },
];

const bootstrapping = { "kubernetes.io/bootstrapping": "rbac-defaults" };
const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "true" };

/** The role as an object on its way into the store. */
export function clusterRoleOf({
  name,
  rules,
  labels = {},
  aggregates,
}: DefaultRole): Draft & { readonly rules: object } {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: "ClusterRole",
    metadata: { name, labels: { ...bootstrapping, ...labels }, annotations },
    rules,
    ...(aggregates === undefined
      ? {}
      : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregates]: "true" } }] } }),
  };
}

export function clusterRoleBindingOf({ name, role, groups }: DefaultBinding): Draft & { readonly roleRef: object } {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name, labels: bootstrapping, annotations },
    roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: role },
    ...{ subjects: groups.map((group) => ({ apiGroup: rbacGroup, kind: "Group", name: group })) },
  };
}
