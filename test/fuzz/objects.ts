/** Objects of every kind that is served: of the right types, as its OpenAPI schema has them, with odd values. */
import fc from "fast-check";
import { asList, getOwn, isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../../formats/json-object.ts";
import { anyText, mostly, oddNumber, oddValue } from "./odd.ts";

/** Schemas by their name in `components.schemas`. */
export type Schemas = JsonObject;

/** Schemas may contain themselves. */
const maxDepth = 6;
const prefix = "#/components/schemas/";

/** Anything that `schema` describes. */
export function valueOf(schemas: Schemas, schema: unknown, depth = 0): fc.Arbitrary<unknown> {
  if (!isJsonObject(schema) || depth > maxDepth) return oddValue;
  const [only] = asList(schema["allOf"]);
  const reference = schema["$ref"] ?? (isJsonObject(only) ? only["$ref"] : undefined);
  if (typeof reference === "string")
    return valueOf(schemas, getOwn(schemas, reference.slice(prefix.length)), depth + 1);
  return mostly(typedValue(schemas, schema, depth));
}

function typedValue(schemas: Schemas, schema: JsonObject, depth: number): fc.Arbitrary<unknown> {
  const choices = asList(schema["enum"]);
  if (choices.length > 0) return fc.constantFrom(...choices);
  switch (schema["type"]) {
    case "string":
      return schema["format"] === "date-time"
        ? fc.constantFrom("2026-01-01T00:00:00Z", "2026-02-30T25:00:00Z")
        : anyText;
    case "integer":
    case "number":
      return fc.oneof({ weight: 8, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: oddNumber });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(valueOf(schemas, schema["items"], depth + 1), { maxLength: 3 });
    case "object":
      return objectOf(schemas, schema, depth);
    default:
      return oddValue;
  }
}

function objectOf(schemas: Schemas, schema: JsonObject, depth: number): fc.Arbitrary<unknown> {
  const { properties, additionalProperties, required } = schema;
  if (!isJsonObject(properties))
    return fc.dictionary(
      anyText,
      isJsonObject(additionalProperties) ? valueOf(schemas, additionalProperties, depth + 1) : oddValue,
      { maxKeys: 3 },
    );
  const fields = Object.fromEntries(
    Object.entries(properties).map(([field, child]) => [field, valueOf(schemas, child, depth + 1)]),
  );
  const requiredKeys = asList(required)
    .map(String)
    .filter((field) => Object.hasOwn(fields, field));
  return fc.record(fields, { requiredKeys });
}
