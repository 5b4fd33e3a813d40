import { expect, test } from "vitest";
import { readSchema } from "./json-schema-props.ts";

const refuse = (why: string): never => {
  throw new Error(why);
};

test("what is empty is left out, and what is no keyword is dropped and told", () => {
  const schema = {
    type: "object",
    description: "",
    enum: [],
    default: null,
    nullable: false,
    properties: { a: { made: "up", "x-kubernetes-preserve-unknown-fields": false, minLength: 0 } },
    anyOf: [{ required: ["a"], odd: 1 }],
    additionalProperties: false,
  };
  expect(readSchema(schema, "s", refuse)).toEqual(["s.properties[a].made", "s.anyOf[0].odd"]);
  expect(schema).toEqual({
    type: "object",
    properties: { a: { "x-kubernetes-preserve-unknown-fields": false, minLength: 0 } },
    anyOf: [{ required: ["a"] }],
    additionalProperties: false,
  });
});

test.each([
  {
    schema: { type: ["string", "null"] },
    want: "cannot unmarshal array into Go struct field JSONSchemaProps.type of type string",
  },
  { schema: { required: true }, want: "cannot unmarshal bool into Go struct field JSONSchemaProps.required" },
  {
    schema: { properties: { a: { maxLength: "5" } } },
    want: "cannot unmarshal string into Go struct field JSONSchemaProps.maxLength of type int64",
  },
  {
    schema: { items: "a" },
    want: "cannot unmarshal string into Go struct field JSONSchemaProps.items of type v1.JSONSchemaProps",
  },
])("$schema is refused", ({ schema, want }) => {
  expect(() => readSchema(schema, "s", refuse)).toThrow(want);
});
