/**
 * Which part of an object is the same one as before an update. Source: k8s.io/apiserver/pkg/cel/common/{equality,
 * maplist}.go.
 */
import { isDeepStrictEqual } from "node:util";
import { keysOf } from "./list-types.ts";
import type { SchemaNode } from "./schema-node.ts";

/** A value, and what was there before. */
export interface Correlation {
  readonly value: unknown;
  readonly old: unknown;
}

const compared = new WeakMap<Correlation, boolean>();

/** Compared once. */
export function isUnchanged(correlation: Correlation): boolean {
  const known = compared.get(correlation) ?? isDeepStrictEqual(correlation.value, correlation.old);
  compared.set(correlation, known);
  return known;
}

/** What an item of a list was: the items of other lists than those of type map cannot be told apart. */
export function correlatedItems(old: unknown, node: SchemaNode): (item: unknown) => unknown {
  if (node.listType !== "map" || !Array.isArray(old)) return () => undefined;
  const keyOf = (item: unknown): string => JSON.stringify(keysOf(item, node.mapKeys));
  const byKey = new Map(old.map((item: unknown) => [keyOf(item), item]));
  return (item) => byKey.get(keyOf(item));
}
