/** A structural schema (apiextensions.k8s.io/v1 openAPIV3Schema), read once into what the walks over objects need. */
import { asList, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";
import type { Format } from "./formats.ts";
import { formatNamed } from "./formats.ts";
import { compilePattern } from "./pattern.ts";

export interface SchemaNode {
  /** Empty means any. */
  readonly types: readonly string[];
  readonly nullable: boolean;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** What keys that are not properties hold: a schema, anything (true), or nothing is said. */
  readonly additional: SchemaNode | true | undefined;
  readonly items: SchemaNode | undefined;
  readonly required: readonly string[];
  readonly defaultValue: unknown;
  readonly preserveUnknown: boolean;
  readonly embedded: boolean;
  readonly listType: "atomic" | "set" | "map";
  readonly mapKeys: readonly string[];
  readonly enum: readonly unknown[] | undefined;
  readonly format: Format | undefined;
  readonly pattern: Pattern | undefined;
  readonly limits: Limits;
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  readonly not: SchemaNode | undefined;
  /** Its fields are not compared with what they were before: it is replaced as a whole. */
  readonly atomicMap: boolean;
  /** x-kubernetes-validations of this node. */
  readonly validations: readonly JsonObject[];
  /** Whether this node or one below it has rules: walks skip the others. */
  readonly hasRules: boolean;
  /** Whether this node or one below it is an embedded object. */
  readonly hasEmbedded: boolean;
}

interface Pattern {
  /** As the schema says it. */
  readonly source: string;
  readonly matches: (text: string) => boolean;
}

interface Limits {
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
  readonly minProperties: number | undefined;
  readonly maxProperties: number | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly exclusiveMinimum: boolean;
  readonly exclusiveMaximum: boolean;
  readonly multipleOf: number | undefined;
  readonly uniqueItems: boolean;
}

export function schemaNode(schema: JsonObject): SchemaNode {
  const properties = new Map(schemas(getOwn(schema, "properties")));
  const additional = additionalOf(getOwn(schema, "additionalProperties"));
  const items = child(getOwn(schema, "items"));
  const intOrString = getOwn(schema, "x-kubernetes-int-or-string") === true;
  const validations = asList(getOwn(schema, "x-kubernetes-validations")).filter(isJsonObject);
  const children = [
    ...properties.values(),
    ...(additional instanceof Object ? [additional] : []),
    ...(items ? [items] : []),
  ];
  const type = text(schema, "type");
  const listType = text(schema, "x-kubernetes-list-type");
  const pattern = text(schema, "pattern");
  return {
    types: intOrString ? ["integer", "string"] : type === undefined ? [] : [type],
    nullable: getOwn(schema, "nullable") === true,
    properties,
    additional,
    items,
    required: asList(getOwn(schema, "required")).filter((name) => typeof name === "string"),
    defaultValue: getOwn(schema, "default"),
    preserveUnknown: getOwn(schema, "x-kubernetes-preserve-unknown-fields") === true,
    embedded: getOwn(schema, "x-kubernetes-embedded-resource") === true,
    listType: listType === "set" || listType === "map" ? listType : "atomic",
    mapKeys: asList(getOwn(schema, "x-kubernetes-list-map-keys")).filter((name) => typeof name === "string"),
    enum: Array.isArray(getOwn(schema, "enum")) ? asList(getOwn(schema, "enum")) : undefined,
    format: formatNamed(text(schema, "format")),
    pattern: pattern === undefined ? undefined : { source: pattern, matches: compilePattern(pattern) },
    limits: limitsOf(schema),
    allOf: list(schema, "allOf"),
    anyOf: list(schema, "anyOf"),
    oneOf: list(schema, "oneOf"),
    not: child(getOwn(schema, "not")),
    atomicMap: text(schema, "x-kubernetes-map-type") === "atomic",
    validations,
    hasRules: validations.length > 0 || children.some((node) => node.hasRules),
    hasEmbedded: getOwn(schema, "x-kubernetes-embedded-resource") === true || children.some((node) => node.hasEmbedded),
  };
}

function limitsOf(schema: JsonObject): Limits {
  const number = (key: string): number | undefined => {
    const value = getOwn(schema, key);
    return typeof value === "number" ? value : undefined;
  };
  const flag = (key: string): boolean => getOwn(schema, key) === true;
  return {
    minLength: number("minLength"),
    maxLength: number("maxLength"),
    minItems: number("minItems"),
    maxItems: number("maxItems"),
    minProperties: number("minProperties"),
    maxProperties: number("maxProperties"),
    minimum: number("minimum"),
    maximum: number("maximum"),
    exclusiveMinimum: flag("exclusiveMinimum"),
    exclusiveMaximum: flag("exclusiveMaximum"),
    multipleOf: number("multipleOf"),
    uniqueItems: flag("uniqueItems"),
  };
}

function additionalOf(value: unknown): SchemaNode | true | undefined {
  return value === true ? true : child(value);
}

function child(value: unknown): SchemaNode | undefined {
  return isJsonObject(value) ? schemaNode(value) : undefined;
}

function schemas(value: unknown): readonly (readonly [string, SchemaNode])[] {
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, schema]) => (isJsonObject(schema) ? [[name, schemaNode(schema)]] : []));
}

function list(schema: JsonObject, key: string): readonly SchemaNode[] {
  return asList(getOwn(schema, key)).filter(isJsonObject).map(schemaNode);
}

function text(schema: JsonObject, key: string): string | undefined {
  const value = getOwn(schema, key);
  return typeof value === "string" && value !== "" ? value : undefined;
}
