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

/** Values of a Secret are told apart, and not told. Source: Masker in diff.go. */
function masked(before: Shown | undefined, after: Shown): readonly [Shown | undefined, Shown] {
  if (after.apiVersion !== "v1" || after.kind !== "Secret") return [before, after];
  const [old, next] = [dataOf(before), dataOf(after)];
  const hide = (data: JsonObject, other: JsonObject, when: string): JsonObject =>
    Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, key in other && other[key] !== value ? `*** (${when})` : "***"]),
    );
  return [before && { ...before, data: hide(old, next, "before") }, { ...after, data: hide(next, old, "after") }];
}

const dataOf = (object: Shown | undefined): JsonObject => {
  const data = object?.["data"];
  return isJsonObject(data) ? data : {};
};

/** `apps.v1.Deployment.default.web`. */
function fileName({ apiVersion, kind, metadata }: KubeObject): string {
  return [...apiVersion.split("/"), kind, metadata.namespace ?? "", metadata.name].join(".");
}
