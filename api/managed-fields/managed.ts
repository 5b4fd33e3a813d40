/**
 * metadata.managedFields: who owns which fields. Source: apimachinery/pkg/util/managedfields/internal/{managedfields,
 * fieldmanager,buildmanagerinfo}.go.
 */
import { isJsonObject, sameJson } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { FieldSet } from "./field-set.ts";
import { noFields, readFieldSet } from "./field-set.ts";
import { compareText } from "./path-element.ts";

export type Operation = "Apply" | "Update";

/** Who writes, and how. */
export interface Manager {
  readonly manager: string;
  readonly operation: Operation;
  /** Of the objects that the manager writes. */
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
}

export interface Owner extends Manager {
  /** As metav1.Time has it; absent when nobody said. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** By {@link identityOf}. Copied before it is changed. */
export type Owners = Map<string, Owner>;

/** One applier is the same in every version. Source: BuildManagerIdentifier. */
export function identityOf({ manager, operation, apiVersion, subresource }: Manager): string {
  return `${manager}\0${operation}\0${operation === "Apply" ? "" : apiVersion}\0${subresource}`;
}

/** What this server stored. */
export function storedOwners(entries: unknown): Owners {
  const owners: Owners = new Map();
  if (!Array.isArray(entries)) return owners;
  for (const entry of entries as readonly JsonObject[]) {
    const owner = ownerOf(entry, entry["fieldsV1"] as FieldSet | undefined);
    owners.set(identityOf(owner), owner);
  }
  return owners;
}

/** What a client sent. Throws Error when it is not to be understood; upstream goes on with what is stored then. */
export function sentOwners(entries: unknown): Owners {
  if (!Array.isArray(entries)) throw new Error("managedFields must be a list");
  const owners: Owners = new Map();
  for (const entry of entries as readonly unknown[]) {
    if (!isJsonObject(entry)) throw new Error("an entry must be an object");
    const { operation, apiVersion, fieldsType } = entry;
    if (operation !== "Apply" && operation !== "Update") throw new Error("operation must be `Apply` or `Update`");
    if (typeof apiVersion !== "string" || apiVersion === "") throw new Error("apiVersion must not be empty");
    if (fieldsType !== "FieldsV1") throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)}`);
    const owner = ownerOf(entry, readFieldSet(entry["fieldsV1"] ?? {}));
    owners.set(identityOf(owner), owner);
  }
  return owners;
}

function ownerOf(entry: JsonObject, fields: FieldSet = noFields): Owner {
  const { manager, operation, apiVersion, subresource, time } = entry;
  return {
    manager: textOf(manager),
    operation: textOf(operation) as Operation,
    apiVersion: textOf(apiVersion),
    subresource: textOf(subresource),
    time: textOf(time) === "" ? undefined : textOf(time),
    fields,
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** An empty list, or a list of one empty entry: nobody owns anything any more. */
export function isReset(entries: unknown): boolean {
  if (!Array.isArray(entries)) return false;
  const [only] = entries as readonly unknown[];
  return entries.length === 0 || (entries.length === 1 && isJsonObject(only) && Object.keys(only).length === 0);
}

/** As it is served; undefined when nobody owns anything. */
export function entriesOf(owners: Owners): readonly JsonObject[] | undefined {
  if (owners.size === 0) return undefined;
  return [...owners.values()]
    .sort(compareOwners)
    .map(({ manager, operation, apiVersion, time, fields, subresource }) => ({
      ...(manager === "" ? {} : { manager }),
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: "FieldsV1",
      fieldsV1: fields,
      ...(subresource === "" ? {} : { subresource }),
    }));
}

const secondsOf = ({ time }: Owner): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));
const compareTimes = (a: Owner, b: Owner): number => (a.time === b.time ? 0 : secondsOf(a) - secondsOf(b));

function compareOwners(a: Owner, b: Owner): number {
  return (
    compareText(a.operation, b.operation) ||
    compareTimes(a, b) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

/** Oldest first. Source: capUpdateManagers. */
export function compareByAge([a, left]: readonly [string, Owner], [b, right]: readonly [string, Owner]): number {
  return compareTimes(left, right) || compareText(a, b);
}

/** Whether two lists of entries differ in times only. Source: apiserver/pkg/endpoints/handlers/fieldmanager/equality.go. */
export function sameButForTimes(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  const [left, right] = [storedOwners(a), storedOwners(b)];
  for (const [id, { apiVersion, fields }] of left) {
    const other = right.get(id);
    if (other?.apiVersion !== apiVersion || !sameJson(other.fields, fields)) return false;
  }
  return true;
}
