/** Kubernetes' own kinds that Stowage serves and works with. Source of names and versions: k8s.io/api. */
import type { ResourceType } from "./meta.ts";

const core = { group: "", version: "v1", namespaced: true } as const;

export const namespaceType: ResourceType = { ...core, plural: "namespaces", kind: "Namespace", namespaced: false };
export const configMapType: ResourceType = { ...core, plural: "configmaps", kind: "ConfigMap" };
export const secretType: ResourceType = { ...core, plural: "secrets", kind: "Secret" };
export const eventType: ResourceType = { ...core, plural: "events", kind: "Event" };

export const serviceAccountType: ResourceType = { ...core, plural: "serviceaccounts", kind: "ServiceAccount" };
export const resourceQuotaType: ResourceType = { ...core, plural: "resourcequotas", kind: "ResourceQuota" };
export const limitRangeType: ResourceType = { ...core, plural: "limitranges", kind: "LimitRange" };

/** The same objects as {@link eventType}, in a newer shape. */
export const eventsEventType: ResourceType = { ...eventType, group: "events.k8s.io" };

export const rbacGroup = "rbac.authorization.k8s.io";
const rbac = { group: rbacGroup, version: "v1" } as const;
export const roleType: ResourceType = { ...rbac, plural: "roles", kind: "Role", namespaced: true };
export const roleBindingType: ResourceType = { ...rbac, plural: "rolebindings", kind: "RoleBinding", namespaced: true };
export const clusterRoleType: ResourceType = {
  ...rbac,
  plural: "clusterroles",
  kind: "ClusterRole",
  namespaced: false,
};
export const clusterRoleBindingType: ResourceType = {
  ...rbac,
  plural: "clusterrolebindings",
  kind: "ClusterRoleBinding",
  namespaced: false,
};

export const priorityClassType: ResourceType = {
  group: "scheduling.k8s.io",
  version: "v1",
  plural: "priorityclasses",
  kind: "PriorityClass",
  namespaced: false,
};

export const leaseType: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

export const customResourceDefinitionType: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

const admissionRegistration = { group: "admissionregistration.k8s.io", version: "v1", namespaced: false } as const;

export const mutatingWebhookConfigurationType: ResourceType = {
  ...admissionRegistration,
  plural: "mutatingwebhookconfigurations",
  kind: "MutatingWebhookConfiguration",
};
export const validatingWebhookConfigurationType: ResourceType = {
  ...admissionRegistration,
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
};
export const validatingAdmissionPolicyType: ResourceType = {
  ...admissionRegistration,
  plural: "validatingadmissionpolicies",
  kind: "ValidatingAdmissionPolicy",
};
export const validatingAdmissionPolicyBindingType: ResourceType = {
  ...admissionRegistration,
  plural: "validatingadmissionpolicybindings",
  kind: "ValidatingAdmissionPolicyBinding",
};
