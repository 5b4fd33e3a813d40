/** What every object has, whatever its kind. Source: k8s.io/apimachinery/pkg/apis/meta/v1/types.go. */

/** Says which object owns another. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Metadata as the API serves it. Times are RFC 3339 in UTC with whole seconds. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid: string;
  /** Opaque: compare for equality, hand back, never do arithmetic. */
  readonly resourceVersion: string;
  /** Counts changes of the desired state only. */
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any object, of any kind. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object with a desired state and, once a controller has looked at it, an observed one. */
export interface Resource<Spec, Status> extends KubeObject {
  readonly spec: Spec;
  readonly status?: Status;
}

/** metav1.Condition. `reason` is one CamelCase word, `message` is for people. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number | undefined;
  readonly lastTransitionTime: string;
}

/** The endpoint of one kind in the API: what a URL needs. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower case plural, as it stands in URLs. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** `group/version`, or the version alone for the core group. */
export function apiVersionOf(type: Pick<ResourceType, "group" | "version">): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** `plural.group`, or the plural alone for the core group: how Kubernetes names a resource in messages. */
export function groupResource(type: Pick<ResourceType, "group" | "plural">): string {
  return type.group === "" ? type.plural : `${type.plural}.${type.group}`;
}

/** A time as Kubernetes writes it: RFC 3339, UTC, whole seconds (metav1.Time). */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
