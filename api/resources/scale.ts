/**
 * autoscaling/v1 Scale: how many replicas an object has, wherever it says so.
 * Source: apiextensions-apiserver/pkg/registry/customresource/{etcd,validator}.go and customresource_handler.go.
 */
import { asText, isJsonObject, getOwn, setOwn } from "../../formats/json-object.ts";
import { invalidValue } from "../schema/field-errors.ts";
import type { StatusCause } from "../status.ts";
import { badRequest } from "../status.ts";
import { columnsFromCrd } from "../tables/columns.ts";
import { builtin, integer, object, text } from "./builtin/builtin.ts";
import type { ScalePaths } from "./crd-object.ts";
import type { JsonObject } from "./definition.ts";

/** What is read and written below `/scale`; it is no kind of its own. */
export const scaleDefinition = builtin({
  group: "autoscaling",
  version: "v1",
  plural: "scales",
  kind: "Scale",
  singular: "scale",
  namespaced: true,
  description: "Scale represents a scaling request for a resource.",
  properties: {
    spec: object({ replicas: integer("Desired number of instances for the scaled object.") }),
    status: object({
      replicas: integer("Observed number of instances of the scaled object."),
      selector: text("Label query over the instances, as text."),
    }),
  },
  columns: columnsFromCrd([
    { name: "Desired", type: "integer", description: "Number of desired replicas", jsonPath: ".spec.replicas" },
    { name: "Available", type: "integer", description: "Number of actual replicas", jsonPath: ".status.replicas" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ]),
});

export interface ReadScale {
  readonly scale: JsonObject;
  /** Whether the object says how many replicas it wants: otherwise they are 0 here. */
  readonly found: boolean;
}

/** Throws BadRequest where the object has something else at one of the paths. */
export function scaleOf(owner: JsonObject, paths: ScalePaths): ReadScale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = owner["metadata"] as JsonObject;
  const number = (path: string): number | undefined => {
    const { value, problem } = integerAt(owner, path);
    if (problem !== undefined) throw badRequest(problem);
    return value;
  };
  const replicas = number(paths.specReplicasPath);
  const selector = paths.labelSelectorPath === undefined ? undefined : selectorAt(owner, paths.labelSelectorPath);
  if (selector?.problem !== undefined) throw badRequest(selector.problem);
  const scale = {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 || replicas === undefined ? {} : { replicas },
    status: {
      replicas: number(paths.statusReplicasPath) ?? 0,
      ...(selector?.value === undefined || selector.value === "" ? {} : { selector: selector.value }),
    },
  };
  return { scale, found: replicas !== undefined };
}

/** Changes `owner` in place. Throws BadRequest where there is no place for it. */
export function setReplicas(owner: JsonObject, paths: ScalePaths, replicas: number): void {
  const fields = fieldsOf(paths.specReplicasPath);
  let parent = owner;
  for (const field of fields.slice(0, -1)) {
    const child = getOwn(parent, field) ?? {};
    if (!isJsonObject(child))
      throw badRequest(`value cannot be set because ${paths.specReplicasPath} is not a map[string]interface{}`);
    setOwn(parent, field, child);
    parent = child;
  }
  setOwn(parent, fields.at(-1) ?? "", replicas);
}

const maxReplicas = 2 ** 31 - 1;

/** What is wrong with the fields that Scale stands for. */
export function scaleCauses(owner: JsonObject, paths: ScalePaths): readonly StatusCause[] {
  const numbers = [paths.specReplicasPath, paths.statusReplicasPath].flatMap((path) => {
    const { value = 0, problem } = integerAt(owner, path);
    if (problem !== undefined) return [invalidValue(path, 0, problem)];
    if (value < 0) return [invalidValue(path, value, "should be a non-negative integer")];
    return value > maxReplicas ? [invalidValue(path, value, `should be less than or equal to ${maxReplicas}`)] : [];
  });
  const { labelSelectorPath } = paths;
  const problem = labelSelectorPath === undefined ? undefined : selectorAt(owner, labelSelectorPath).problem;
  return problem === undefined ? numbers : [...numbers, invalidValue(labelSelectorPath ?? "", "", problem)];
}

const fieldsOf = (path: string): readonly string[] => path.replace(/^\./, "").split(".");

interface Found<T> {
  readonly value?: T;
  /** In the words of NestedInt64 and NestedString in apimachinery/pkg/apis/meta/v1/unstructured/helpers.go. */
  readonly problem?: string;
}

function integerAt(owner: JsonObject, path: string): Found<number> {
  const { value, problem } = valueAt(owner, path);
  if (problem !== undefined) return { problem };
  if (value === undefined) return {};
  return typeof value === "number" && Number.isInteger(value) ? { value } : mistyped(path, value, "int64");
}

function selectorAt(owner: JsonObject, path: string): Found<string> {
  const { value, problem } = valueAt(owner, path);
  if (problem !== undefined) return { problem };
  if (value === undefined) return {};
  return typeof value === "string" ? { value } : mistyped(path, value, "string");
}

function valueAt(owner: JsonObject, path: string): Found<unknown> {
  let value: unknown = owner;
  for (const field of fieldsOf(path)) {
    if (value === undefined) return {};
    if (!isJsonObject(value)) return mistyped(path, value, "map[string]interface{}");
    value = getOwn(value, field);
  }
  return { value };
}

function mistyped(path: string, value: unknown, wanted: string): Found<never> {
  return { problem: `${path} accessor error: ${asText(value)} is of the type ${goTypeOf(value)}, expected ${wanted}` };
}

function goTypeOf(value: unknown): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : "string";
}
