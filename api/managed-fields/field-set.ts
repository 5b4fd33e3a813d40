/**
 * Sets of fields in the form that fieldsV1 has on the wire: a tree of path elements, in which a node with nothing below
 * it, or with "." below it, is a member. So what is stored is worked with as it is, and nothing is decoded.
 * Sets are never changed once they are made; operations share what they leave as it is.
 * Source: sigs.k8s.io/structured-merge-diff/v4/fieldpath/{set,serialize}.go.
 */
import { isJsonObject } from "../../formats/json-object.ts";
import type { Path, PathElement } from "./path-element.ts";
import { compareText, fieldElement, readElement } from "./path-element.ts";

export interface FieldSet {
  readonly [element: PathElement]: FieldSet;
}

/** A set in the making. */
export interface FieldSetBuilder {
  [element: PathElement]: FieldSetBuilder;
}

export const self = ".";
const leaf: FieldSet = Object.freeze({});
/** The set without members. At the root, nothing below means no member. */
export const noFields: FieldSet = leaf;

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the node itself is a member, given that it is below another one. */
export function isMember(node: FieldSet | undefined): boolean {
  return node !== undefined && (self in node || isEmpty(node));
}

/** A set of fields that are not in lists. */
export function fieldSetOf(...paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce<FieldSet>((set, path) => {
    const branch = path.reduceRight<FieldSet>((below, name) => ({ [fieldElement(name)]: below }), leaf);
    return union(set, branch);
  }, noFields);
}

/** In the order of encoding/json, which writes the objects of custom resources: the node itself, fields, items. */
export function canonical(set: FieldSet): FieldSet {
  const elements = Object.keys(set);
  if (elements.length === 0) return leaf;
  const sorted: FieldSetBuilder = {};
  for (const element of sort(elements)) sorted[element] = canonical(set[element] ?? leaf);
  return sorted;
}

function sort(elements: string[]): string[] {
  if (elements.length < 2) return elements;
  return elements.sort(compareText);
}

/** What is in either. `a` is in canonical order, and so is the result. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  return unionOf(a, b, false);
}

/** `inner` says that the nodes are below another one: then a leaf is a member. */
function unionOf(a: FieldSet, b: FieldSet, inner: boolean): FieldSet {
  if (a === b || isEmpty(b)) return inner && isEmpty(b) && !isMember(a) ? withSelf(a) : a;
  if (isEmpty(a)) return inner && !(self in b) ? withSelf(canonical(b)) : canonical(b);
  let result: FieldSetBuilder | undefined;
  let grown = false;
  for (const element in b) {
    const [mine, other] = [a[element], b[element]];
    if (other === undefined) continue;
    const joined = mine === undefined ? canonical(other) : element === self ? mine : unionOf(mine, other, true);
    if (joined === mine) continue;
    result ??= { ...a };
    result[element] = joined;
    grown ||= mine === undefined;
  }
  if (result === undefined) return a;
  return grown ? reordered(result) : result;
}

function withSelf(node: FieldSet): FieldSet {
  return { [self]: leaf, ...node };
}

function withoutSelf({ [self]: _, ...children }: FieldSet): FieldSet {
  return children;
}

function reordered(set: FieldSetBuilder): FieldSet {
  const sorted: FieldSetBuilder = {};
  for (const element of sort(Object.keys(set))) sorted[element] = set[element] ?? {};
  return sorted;
}

/** What is in `a` but not in `b`; what is below a member of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  let result: FieldSetBuilder | undefined;
  for (const element in b) {
    const [mine, other] = [a[element], b[element]];
    if (mine === undefined || other === undefined || element === self) continue;
    const rest = nodeWithout(mine, other);
    if (rest === mine) continue;
    result ??= { ...a };
    if (rest === undefined) Reflect.deleteProperty(result, element);
    else result[element] = rest;
  }
  return result ?? a;
}

/** What is left of a node below another one; undefined when nothing is. */
function nodeWithout(mine: FieldSet, other: FieldSet): FieldSet | undefined {
  const wasMember = isMember(mine);
  const stays = wasMember && !isMember(other);
  const below = difference(mine, other);
  if (below === mine && stays === wasMember) return mine;
  const children = self in below ? withoutSelf(below) : below;
  if (isEmpty(children)) return stays ? leaf : undefined;
  return stays ? withSelf(children) : children;
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSetBuilder = {};
  for (const element in a) {
    const [mine, other] = [a[element], b[element]];
    if (mine === undefined || other === undefined || element === self) continue;
    const below = intersection(mine, other);
    const both = isMember(mine) && isMember(other);
    if (!isEmpty(below)) result[element] = both ? withSelf(below) : below;
    else if (both) result[element] = {};
  }
  return result;
}

/** Every member, parents before what is below them. */
export function* pathsOf(set: FieldSet, prefix: Path = []): Generator<Path, void, undefined> {
  const elements = Object.keys(set).filter((element) => element !== self);
  for (const element of elements) if (isMember(set[element])) yield [...prefix, element];
  for (const element of elements) {
    const below = set[element];
    if (below !== undefined) yield* pathsOf(below, [...prefix, element]);
  }
}

/** A set that a client sent. Throws Error when it is none. */
export function readFieldSet(value: unknown): FieldSet {
  if (!isJsonObject(value)) throw new Error("fieldsV1 must be an object");
  const set: FieldSetBuilder = {};
  for (const [text, below] of Object.entries(value)) {
    const element = text === self ? self : readElement(text);
    if (element !== undefined) set[element] = element === self ? {} : readFieldSet(below);
  }
  return canonical(set);
}
