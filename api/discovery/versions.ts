/** Which API groups and versions a list of definitions makes up, in the order that clients prefer them. */
import { compareGroups } from "./builtin-groups.ts";
import type { ResourceDefinition } from "../resources/definition.ts";

/**
 * Sorts versions as Kubernetes does: v1 before v1beta2 before v1beta1 before v1alpha1, newest first, anything else last.
 * Source: apimachinery/pkg/version/helpers.go.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [rank(a), rank(b)];
  for (const [index, value] of left.entries()) {
    const difference = (right[index] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

const stability: Readonly<Record<string, number>> = { alpha: 1, beta: 2 };

function rank(version: string): readonly number[] {
  const [found, major = "", level, minor = ""] = /^v([0-9]+)(?:(alpha|beta)([0-9]+))?$/.exec(version) ?? [];
  if (found === undefined) return [0, 0, 0];
  return [level === undefined ? 3 : (stability[level] ?? 0), Number(major), Number(minor)];
}

/** Group -> version -> definitions; groups and versions in order of preference. */
export type Groups = ReadonlyMap<string, ReadonlyMap<string, readonly ResourceDefinition[]>>;

export function groupsOf(definitions: readonly ResourceDefinition[]): Groups {
  const byGroup = Map.groupBy(definitions, ({ group }) => group);
  const groups = [...byGroup].toSorted(([a], [b]) => compareGroups(a, b));
  return new Map(groups.map(([group, members]) => [group, versionsOf(members)]));
}

function versionsOf(members: readonly ResourceDefinition[]): ReadonlyMap<string, readonly ResourceDefinition[]> {
  const byVersion = [...Map.groupBy(members, ({ version }) => version)];
  return new Map(byVersion.toSorted(([a], [b]) => compareVersions(a, b)));
}

/** What exists below an object: which verbs it takes and, where it is not the object itself, its kind. */
export interface Subresource {
  readonly verbs: readonly string[];
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
}

const scale = { group: "autoscaling", version: "v1", kind: "Scale" };
const tokenRequest = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
const eviction = { group: "policy", version: "v1", kind: "Eviction" };
const known: Readonly<Record<string, Subresource>> = {
  eviction: { verbs: ["create"], kind: eviction },
  finalize: { verbs: ["update"] },
  log: { verbs: ["get"] },
  scale: { verbs: ["get", "patch", "update"], kind: scale },
  status: { verbs: ["get", "patch", "update"] },
  token: { verbs: ["create"], kind: tokenRequest },
};

/** One that is not known here can be read. */
export const subresourceNamed = (name: string): Subresource => known[name] ?? { verbs: ["get"] };

/** By name, in alphabetical order. */
export function subresourcesOf(definition: ResourceDefinition): readonly (readonly [string, Subresource])[] {
  return [...definition.subresources].toSorted().map((name) => [name, subresourceNamed(name)]);
}
