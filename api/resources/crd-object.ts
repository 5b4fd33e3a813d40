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
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly subresources?: { readonly status?: unknown; readonly scale?: ScalePaths };
  readonly additionalPrinterColumns?: readonly unknown[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

/** Where an object says how many replicas it has: simple JSONPaths. */
export interface ScalePaths {
  /** Below .spec. */
  readonly specReplicasPath: string;
  /** Below .status. */
  readonly statusReplicasPath: string;
  /** Of a selector in text; below .spec or .status. */
  readonly labelSelectorPath?: string;
}

export interface WebhookConversion {
  readonly clientConfig: unknown;
  readonly conversionReviewVersions: readonly string[];
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
    readonly conversion?: { readonly strategy: string; readonly webhook?: WebhookConversion };
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
