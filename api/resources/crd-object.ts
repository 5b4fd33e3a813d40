/** A CustomResourceDefinition as this server reads it. Source: apiextensions-apiserver/pkg/apis/apiextensions/v1/types.go. */
import type { KubeObject } from "../../crds/meta.ts";
import type { JsonObject } from "./definition.ts";

export interface CrdNames {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

export interface CrdVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema?: { readonly openAPIV3Schema?: JsonObject };
  readonly subresources?: { readonly status?: unknown };
  readonly additionalPrinterColumns?: readonly unknown[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

export interface CrdCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export interface CrdObject extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: CrdNames;
    readonly versions: readonly CrdVersion[];
  };
  readonly status?: {
    readonly conditions?: readonly CrdCondition[];
    readonly acceptedNames?: CrdNames;
    readonly storedVersions?: readonly string[];
  };
}

/** Keeps a definition until all its objects are gone. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export function hasCondition(crd: CrdObject, type: string): boolean {
  return crd.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") === true;
}
