/** What a write would change in one object, as `kubectl diff` shows it. Source: kubectl/pkg/cmd/diff/diff.go. */
import { FILE_HEADERS_ONLY, createTwoFilesPatch } from "diff";
import type { KubeObject } from "../crds/meta.ts";
import type { JsonObject } from "../formats/json-object.ts";
import { isJsonObject } from "../formats/json-object.ts";
import { renderObjects } from "./output.ts";
import { lastAppliedAnnotation } from "./three-way-patch.ts";

type Shown = KubeObject & JsonObject;

/** Empty where nothing changes. `before` is undefined for an object that is not there yet. */
export async function unifiedDiff(before: Shown | undefined, after: Shown): Promise<string> {
  const [old, next] = masked(before, after);
  const [from, to] = await Promise.all([textOf(old), textOf(next)]);
  if (from === to) return "";
  const name = fileName(after);
  return createTwoFilesPatch(`LIVE/${name}`, `MERGED/${name}`, from, to, undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
}

async function textOf(object: Shown | undefined): Promise<string> {
  return object === undefined ? "" : renderObjects([withoutLastApplied(object)], { as: "yaml" }, false);
}

/** It says the same once more. */
function withoutLastApplied(object: Shown): Shown {
  const { annotations, ...metadata } = object.metadata;
  const others = Object.entries(annotations ?? {}).filter(([key]) => key !== lastAppliedAnnotation);
  return {
    ...object,
    metadata: { ...metadata, ...(others.length === 0 ? {} : { annotations: Object.fromEntries(others) }) },
  };
}

/** Values of a Secret are told apart, and not told. Source: Masker in diff.go, which knows of `data` only. */
function masked(before: Shown | undefined, after: Shown): readonly [Shown | undefined, Shown] {
  if (after.apiVersion !== "v1" || after.kind !== "Secret") return [before, after];
  return [before && hiding(before, after, "before"), hiding(after, before, "after")];
}

function hiding(object: Shown, other: Shown | undefined, when: string): Shown {
  const hidden = ["data", "stringData"].flatMap((field): readonly (readonly [string, JsonObject])[] => {
    const [values, others] = [valuesOf(object, field), valuesOf(other, field)];
    const differs = (key: string): boolean => Object.hasOwn(others, key) && others[key] !== values[key];
    const marks = Object.keys(values).map((key): [string, string] => [key, differs(key) ? `*** (${when})` : "***"]);
    return object[field] === undefined ? [] : [[field, Object.fromEntries(marks)]];
  });
  return { ...object, ...Object.fromEntries(hidden) };
}

function valuesOf(object: Shown | undefined, field: string): JsonObject {
  const values = object?.[field];
  return isJsonObject(values) ? values : {};
}

/** `apps.v1.Deployment.default.web`. */
function fileName({ apiVersion, kind, metadata }: KubeObject): string {
  return [...apiVersion.split("/"), kind, metadata.namespace ?? "", metadata.name].join(".");
}
