/**
 * Columns of `kubectl get`. Source: apiextensions-apiserver/pkg/registry/customresource/tableconvertor and
 * apimachinery/pkg/api/meta/table/table.go.
 */
import type { KubeObject } from "../../crds/meta.ts";
import { asList, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { Column } from "../resources/definition.ts";
import { humanDuration } from "../../formats/human-duration.ts";
import { compileJsonPath } from "../../formats/json-path.ts";

export const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  priority: 0,
  value: (object) => object.metadata.name,
};

/** Time since the object was created. */
export const ageColumn: Column = {
  name: "Age",
  // As printers of built-in kinds have it; CRDs say date. Both are shown the same.
  type: "string",
  description: "CreationTimestamp is a timestamp representing the server time when this object was created.",
  priority: 0,
  value: (object, now) => ageOf(object.metadata.creationTimestamp, now),
};

/** A time as the time since then: "<unknown>" when there is none, "<invalid>" when it is not a time. */
export function ageOf(time: string | undefined, now: Date): string {
  if (time === undefined || time === "") return "<unknown>";
  const since = Date.parse(time);
  return Number.isNaN(since) ? "<invalid>" : humanDuration(now.getTime() - since);
}

/**
 * The columns of a custom kind: Name, then what `spec.versions[].additionalPrinterColumns` says, or Age when it says
 * nothing. Throws SyntaxError for a path that cannot be read: validateCustomResourceDefinition refuses those.
 */
export function columnsFromCrd(additionalPrinterColumns: unknown): readonly Column[] {
  const columns = asList(additionalPrinterColumns).filter(isJsonObject);
  return [nameColumn, ...(columns.length === 0 ? [crdAgeColumn] : columns.map(columnFromCrd))];
}

const crdAgeColumn: Column = { ...ageColumn, type: "date" };

const columnTypes = ["string", "integer", "boolean", "date", "number"] as const;

function columnFromCrd(column: Readonly<Record<string, unknown>>): Column {
  const text = (key: string): string | undefined => {
    const value = getOwn(column, key);
    return typeof value === "string" ? value : undefined;
  };
  const jsonPath = text("jsonPath") ?? "";
  const path = compileJsonPath(jsonPath);
  const type = columnTypes.find((one) => one === text("type")) ?? "string";
  const format = text("format");
  const priority = getOwn(column, "priority");
  return {
    name: text("name") ?? "",
    type,
    ...(format === undefined ? {} : { format }),
    description: text("description") ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: typeof priority === "number" ? priority : 0,
    value: (object: KubeObject, now: Date) => cell(type, path(object)[0], now),
  };
}

/** What does not fit the column's type is not shown. */
function cell(type: Column["type"], value: unknown, now: Date): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  switch (type) {
    case "string":
      return typeof value === "string" ? value : JSON.stringify(value);
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" ? ageOf(value, now) : null;
  }
}
