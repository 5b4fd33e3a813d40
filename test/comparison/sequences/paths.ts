/** Where things are, and small objects of every kind. */
import { fixtureGroup } from "../fixtures.ts";
import type { Body } from "../sequence.ts";

const inNamespace = (groupVersion: string, plural: string): string =>
  `/${groupVersion === "v1" ? "api" : "apis"}/${groupVersion}/namespaces/$ns/${plural}`;

export const configMaps = inNamespace("v1", "configmaps");
export const secrets = inNamespace("v1", "secrets");
export const widgets = inNamespace(`${fixtureGroup}/v1`, "widgets");
export const samples = inNamespace(`${fixtureGroup}/v1`, "samples");
export const gauges = `/apis/${fixtureGroup}/v1/gauges`;
export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

export const configMap = (name: string, data: Body = { a: "1" }, metadata: Body = {}): Body => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});

export const widget = (name: string, spec: Body = {}, metadata: Body = {}): Body => ({
  apiVersion: `${fixtureGroup}/v1`,
  kind: "Widget",
  metadata: { name, ...metadata },
  spec,
});

export const sample = (spec: Body): Body => ({
  apiVersion: `${fixtureGroup}/v1`,
  kind: "Sample",
  metadata: { name: "a" },
  spec,
});

export interface BuiltIn {
  readonly apiVersion: string;
  readonly kind: string;
  /** Where its objects are. */
  readonly path: string;
  /** What an object of it needs beside its name. */
  readonly content: Body;
  /** Another value for some of it, as a merge patch. */
  readonly change: Body;
  /** Of an object; every object is called so where nothing is said. */
  readonly name: string;
}

function builtIn(
  apiVersion: string,
  kind: string,
  plural: string,
  content: Body,
  change: Body,
  more: { readonly cluster?: boolean; readonly name?: string } = {},
): BuiltIn {
  const path = more.cluster === true ? `/apis/${apiVersion}/${plural}` : inNamespace(apiVersion, plural);
  // Objects of the cluster are shared by all sequences: their names must not meet.
  return { apiVersion, kind, path, content, change, name: more.name ?? (more.cluster === true ? "$ns" : "a") };
}

const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
const otherRules = [{ apiGroups: ["apps"], resources: ["*"], verbs: ["*"] }];
const subjects = [{ kind: "ServiceAccount", name: "a", namespace: "b" }];
const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };
const rbac = "rbac.authorization.k8s.io/v1";
const regarding = { kind: "ConfigMap", namespace: "$ns", name: "a" };
const webhook = {
  name: "hook.example.com",
  admissionReviewVersions: ["v1"],
  sideEffects: "None",
  clientConfig: { url: "https://hook.example.com/path" },
  // Nothing that any sequence writes.
  rules: [{ apiGroups: ["nowhere.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["nothings"] }],
};

/** The built-in kinds that both servers have. */
export const builtIns: readonly BuiltIn[] = [
  builtIn("v1", "ConfigMap", "configmaps", { data: { a: "1" } }, { data: { b: "2" } }),
  builtIn("v1", "Secret", "secrets", { data: { a: "MQ==" } }, { stringData: { b: "2" } }),
  builtIn("v1", "ServiceAccount", "serviceaccounts", {}, { automountServiceAccountToken: false }),
  builtIn(
    "v1",
    "ResourceQuota",
    "resourcequotas",
    { spec: { hard: { configmaps: "9" } } },
    { spec: { hard: { secrets: "9" } } },
  ),
  builtIn(
    "v1",
    "LimitRange",
    "limitranges",
    { spec: { limits: [{ type: "Container", max: { cpu: "2" } }] } },
    { spec: { limits: [{ type: "Container", max: { cpu: "3" } }] } },
  ),
  builtIn("v1", "Event", "events", { involvedObject: regarding, reason: "Because", type: "Normal" }, { count: 2 }),
  builtIn(
    "events.k8s.io/v1",
    "Event",
    "events",
    {
      ...{ eventTime: "2020-01-01T00:00:00.000000Z", reportingController: "example.com/c", reportingInstance: "i" },
      ...{ action: "Do", reason: "Because", type: "Normal", regarding },
    },
    { series: { count: 2, lastObservedTime: "2020-01-01T00:00:01.000000Z" } },
    { name: "e" },
  ),
  builtIn(
    "coordination.k8s.io/v1",
    "Lease",
    "leases",
    { spec: { holderIdentity: "a", leaseDurationSeconds: 15 } },
    { spec: { holderIdentity: "b" } },
  ),
  builtIn(rbac, "Role", "roles", { rules }, { rules: otherRules }),
  builtIn(rbac, "RoleBinding", "rolebindings", { subjects, roleRef }, { subjects: null }),
  builtIn(rbac, "ClusterRole", "clusterroles", { rules }, { rules: otherRules }, { cluster: true }),
  builtIn(
    rbac,
    "ClusterRoleBinding",
    "clusterrolebindings",
    { subjects, roleRef },
    { subjects: null },
    { cluster: true },
  ),
  builtIn(
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    { webhooks: [webhook] },
    { webhooks: [{ ...webhook, failurePolicy: "Ignore" }] },
    { cluster: true },
  ),
  builtIn(
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    { webhooks: [webhook] },
    { webhooks: [{ ...webhook, timeoutSeconds: 5 }] },
    { cluster: true },
  ),
];

/** An object of a built-in kind. */
export const objectOf = ({ apiVersion, kind, content, name }: BuiltIn, metadata: Body = {}): Body => ({
  apiVersion,
  kind,
  metadata: { name, ...metadata },
  ...content,
});
