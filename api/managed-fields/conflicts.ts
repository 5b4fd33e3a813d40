/** How an apply is refused that would take fields from others. Source: managedfields/internal/conflict.go. */
import { ApiError } from "../status.ts";
import type { FieldSet } from "./field-set.ts";
import { pathsOf } from "./field-set.ts";
import type { Manager } from "./managed.ts";
import { identityOf } from "./managed.ts";
import { compareText, pathText } from "./path-element.ts";

export interface Conflict {
  readonly owner: Manager;
  /** What the applied configuration would change. */
  readonly fields: FieldSet;
}

export function applyConflict(conflicts: readonly Conflict[]): ApiError {
  const sorted = conflicts.toSorted((a, b) => compareText(identityOf(a.owner), identityOf(b.owner)));
  const all = sorted.flatMap(({ owner, fields }) =>
    [...pathsOf(fields)].map((path) => ({ owner: describe(owner), field: pathText(path) })),
  );
  const causes = all.map(({ owner, field }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${owner}`,
    field,
  }));
  const [first] = all;
  if (all.length === 1 && first !== undefined)
    return new ApiError("Conflict", `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.field}`, {
      causes,
    });
  const lines = sorted.flatMap(({ owner, fields }) => [
    `conflicts with ${describe(owner)}:`,
    ...[...pathsOf(fields)].map((path) => `- ${pathText(path)}`),
  ]);
  return new ApiError("Conflict", `Apply failed with ${all.length} conflicts: ${lines.join("\n")}`, { causes });
}

function describe({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager) + (subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}
