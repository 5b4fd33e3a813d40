/**
 * The schemas in CustomResourceDefinitions as Go reads and writes them: what has the wrong type is refused, and what
 * JSONSchemaProps does not know, or leaves out because it is empty, is dropped.
 * Source: apiextensions-apiserver/pkg/apis/apiextensions/v1/{types_jsonschema,marshal}.go.
 */
import { childPath, isJsonObject } from "../../../formats/json-object.ts";
import { goTypeOf } from "../../decode.ts";
import type { JsonObject } from "../definition.ts";

type Type =
  | "string"
  | "bool"
  | "*bool"
  | "*string"
  | "number"
  | "int64"
  | "[]string"
  | "JSON"
  | "[]JSON"
  | "schema"
  | "schemas"
  | "[]schema"
  | "schema or bool"
  | "schema or list"
  | "struct"
  | "[]struct"
  | "dependencies";

const keywords: Readonly<Record<string, Type>> = {
  id: "string",
  $schema: "string",
  $ref: "*string",
  description: "string",
  type: "string",
  format: "string",
  title: "string",
  default: "JSON",
  maximum: "number",
  exclusiveMaximum: "bool",
  minimum: "number",
  exclusiveMinimum: "bool",
  maxLength: "int64",
  minLength: "int64",
  pattern: "string",
  maxItems: "int64",
  minItems: "int64",
  uniqueItems: "bool",
  multipleOf: "number",
  enum: "[]JSON",
  maxProperties: "int64",
  minProperties: "int64",
  required: "[]string",
  items: "schema or list",
  allOf: "[]schema",
  oneOf: "[]schema",
  anyOf: "[]schema",
  not: "schema",
  properties: "schemas",
  additionalProperties: "schema or bool",
  patternProperties: "schemas",
  dependencies: "dependencies",
  additionalItems: "schema or bool",
  definitions: "schemas",
  externalDocs: "struct",
  example: "JSON",
  nullable: "bool",
  "x-kubernetes-preserve-unknown-fields": "*bool",
  "x-kubernetes-embedded-resource": "bool",
  "x-kubernetes-int-or-string": "bool",
  "x-kubernetes-list-map-keys": "[]string",
  "x-kubernetes-list-type": "*string",
  "x-kubernetes-map-type": "*string",
  "x-kubernetes-validations": "[]struct",
};

/** Takes what is wrong; does not return. */
export type Refuse = (why: string) => never;

/** Works in place. Returns the paths of what is no keyword. */
export function readSchema(schema: unknown, path: string, refuse: Refuse): readonly string[] {
  const removed: string[] = [];
  new Reader(refuse, removed).schema(schema, path, "");
  return removed;
}

class Reader {
  readonly #refuse: Refuse;
  readonly #removed: string[];

  constructor(refuse: Refuse, removed: string[]) {
    this.#refuse = refuse;
    this.#removed = removed;
  }

  schema(schema: unknown, path: string, keyword: string): void {
    if (!isJsonObject(schema)) {
      this.#wrong(schema, keyword, "v1.JSONSchemaProps");
      return;
    }
    for (const [key, value] of Object.entries(schema)) {
      const type = Object.hasOwn(keywords, key) ? keywords[key] : undefined;
      if (type === undefined) this.#removed.push(childPath(path, key));
      else if (value !== null) this.#value(value, type, childPath(path, key), key);
      if (type === undefined || isLeftOut(value, type)) Reflect.deleteProperty(schema, key);
    }
  }

  #value(value: unknown, type: Type, path: string, key: string): void {
    const below = (one: unknown, name: string | number): void => {
      this.schema(one, `${path}[${name}]`, key);
    };
    if (type === "JSON" || (type === "schema or bool" && typeof value === "boolean")) return;
    if (type === "schemas") this.#entries(value, key, below);
    else if (type === "dependencies")
      this.#entries(value, key, (one, name) => {
        if (!Array.isArray(one)) below(one, name);
      });
    else if (type === "[]schema" || (type === "schema or list" && Array.isArray(value))) this.#items(value, key, below);
    else if (type.startsWith("schema")) this.schema(value, path, key);
    else if (type === "[]JSON") this.#items(value, key, () => undefined);
    else if (type === "[]string" || type === "[]struct")
      this.#items(value, key, (one) => {
        this.#scalar(one, type.slice(2), key);
      });
    else this.#scalar(value, type, key);
  }

  #entries(value: unknown, key: string, look: (one: unknown, name: string) => void): void {
    if (!isJsonObject(value)) {
      this.#wrong(value, key, "map[string]v1.JSONSchemaProps");
      return;
    }
    for (const [name, one] of Object.entries(value)) if (one !== null) look(one, name);
  }

  #items(value: unknown, key: string, look: (one: unknown, index: number) => void): void {
    if (!Array.isArray(value)) {
      this.#wrong(value, key, "[]interface {}");
      return;
    }
    for (const [index, one] of value.entries()) if (one !== null) look(one, index);
  }

  #scalar(value: unknown, type: string, key: string): void {
    const name = type.replace("*", "");
    const fits =
      name === "struct"
        ? isJsonObject(value)
        : name === "int64"
          ? Number.isSafeInteger(value)
          : typeof value === (name === "bool" ? "boolean" : name);
    if (!fits) this.#wrong(value, key, name === "number" ? "float64" : name);
  }

  #wrong(value: unknown, key: string, type: string): void {
    this.#refuse(
      `json: cannot unmarshal ${goTypeOf(value)} into Go struct field JSONSchemaProps.${key} of type ${type}`,
    );
  }
}

/** Whether omitempty leaves it out. */
function isLeftOut(value: unknown, type: Type): boolean {
  if (value === null) return true;
  if (type === "string") return value === "";
  if (type === "bool") return value === false;
  if (type.startsWith("[]")) return Array.isArray(value) && value.length === 0;
  return (type === "schemas" || type === "dependencies") && Object.keys(value as JsonObject).length === 0;
}
