/** Paths to fields of a schema. Source: ValidFieldPath in apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go. */
import { getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";

/** What a path leads to: names of fields and keys of maps, and the schema there; or why it leads nowhere. */
export interface FieldPath {
  readonly names: readonly string[];
  readonly schema: JsonObject;
}

/** `.spec.host`, and where `brackets` are allowed `.spec['host']`. A text is the reason why it is none. */
export function fieldPathIn(path: string, schema: JsonObject, brackets: boolean): FieldPath | string {
  const names: string[] = [];
  let here = schema;
  let rest = path;
  while (rest !== "") {
    const step = nextStep(rest, brackets);
    if (typeof step === "string") return step;
    const next = schemaOf(here, step.name);
    if (next === undefined) return "does not refer to a valid field";
    names.push(step.name);
    here = next;
    rest = rest.slice(step.length);
  }
  return { names, schema: here };
}

/** Why a path is none. */
export function fieldPathProblem(path: string, schema: JsonObject): string | undefined {
  const found = fieldPathIn(path, schema, true);
  return typeof found === "string" ? found : undefined;
}

interface Step {
  readonly name: string;
  readonly length: number;
}

function nextStep(rest: string, brackets: boolean): Step | string {
  if (rest.startsWith(".")) {
    const name = /^\.([^.[\]]+)/.exec(rest)?.[1];
    return name === undefined ? "unexpected end of JSON path" : { name, length: name.length + 1 };
  }
  if (!rest.startsWith("[")) return `expected [ or . but got: ${/^[^.[\]]+|./.exec(rest)?.[0] ?? ""}`;
  if (!brackets) return "array notation is not allowed";
  const [found, quoted] = /^\['((?:\\[^]|[^'\\])*)'\]/.exec(rest) ?? [];
  if (found === undefined || quoted === undefined)
    return `expected single quoted string but got ${/^\[([^\]]*)/.exec(rest)?.[1] ?? ""}`;
  return { name: quoted.replaceAll(/\\([^])/g, "$1"), length: found.length };
}

function schemaOf(schema: JsonObject, name: string): JsonObject | undefined {
  const properties = getOwn(schema, "properties");
  const found = isJsonObject(properties) ? getOwn(properties, name) : getOwn(schema, "additionalProperties");
  return isJsonObject(found) ? found : undefined;
}
