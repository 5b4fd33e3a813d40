/** Kubernetes' own kinds that Stowage serves and works with. Source of names and versions: k8s.io/api. */
import type { ResourceType } from "./meta.ts";

const core = { group: "", version: "v1", namespaced: true } as const;

export const namespaceType: ResourceType = { ...core, plural: "namespaces", kind: "Namespace", namespaced: false };
export const configMapType: ResourceType = { ...core, plural: "configmaps", kind: "ConfigMap" };
export const secretType: ResourceType = { ...core, plural: "secrets", kind: "Secret" };
export const eventType: ResourceType = { ...core, plural: "events", kind: "Event" };

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
