/**
 * OpenAPI documents as the protobuf messages that Go clients read: those of gnostic.
 * Source of the numbers: openapiv2/OpenAPIv2.proto and openapiv3/OpenAPIv3.proto in github.com/google/gnostic-models.
 */
import { Writer } from "protobufjs/minimal.js";
import { isJsonObject } from "../../formats/json-object.ts";
import type { JsonObject } from "../resources/definition.ts";

type Scalar = "string" | "bool" | "int64" | "double";

interface Message {
  /** By the key that JSON has for it. */
  readonly fields: Readonly<Record<string, Field>>;
  /** Number of the list of pairs that keys beginning with x- go into. */
  readonly extensions?: number;
  /** The list of pairs that every other key goes into. */
  readonly entries?: Field;
}

/** A message of which one field is set, by what the value is; undefined sets none. */
type Choice = (value: unknown) => Field | undefined;

interface Field {
  readonly id: number;
  /** "any" is kept as YAML, which JSON is; a function breaks a circle of messages. */
  readonly type: Scalar | "any" | Message | { readonly choice: Choice } | (() => Message);
  readonly repeated?: true;
}

const field = (id: number, type: Field["type"]): Field => ({ id, type });
const many = (id: number, type: Field["type"]): Field => ({ id, type, repeated: true });
const text = (id: number): Field => field(id, "string");
const flag = (id: number): Field => field(id, "bool");
const count = (id: number): Field => field(id, "int64");
const number = (id: number): Field => field(id, "double");

/** A map: pairs of a name and a value in field 1. */
const mapOf = (type: Field["type"]): Message => ({ fields: {}, entries: field(1, type) });
/** A message that has nothing but field 1. */
const wrapped = (type: Field["type"]): { readonly choice: Choice } => ({ choice: () => field(1, type) });
const info = (version: number): Message => ({ fields: { title: text(1), version: text(version) } });

// ---- version 2

const schema2 = (): Message => schemaVersion2;
const schemaVersion2: Message = {
  fields: {
    $ref: text(1),
    format: text(2),
    title: text(3),
    description: text(4),
    default: field(5, "any"),
    multipleOf: number(6),
    maximum: number(7),
    exclusiveMaximum: flag(8),
    minimum: number(9),
    exclusiveMinimum: flag(10),
    maxLength: count(11),
    minLength: count(12),
    pattern: text(13),
    maxItems: count(14),
    minItems: count(15),
    uniqueItems: flag(16),
    maxProperties: count(17),
    minProperties: count(18),
    required: many(19, "string"),
    enum: many(20, "any"),
    additionalProperties: field(21, { choice: (value) => (isJsonObject(value) ? field(1, schema2) : flag(2)) }),
    type: field(22, wrapped("string")),
    items: field(23, wrapped(schema2)),
    allOf: many(24, schema2),
    properties: field(25, mapOf(schema2)),
    example: field(30, "any"),
  },
  extensions: 31,
};

const bodyParameter: Message = {
  fields: { description: text(1), name: text(2), in: text(3), required: flag(4), schema: field(5, schema2) },
  extensions: 6,
};
/** The messages of parameters in paths and in queries differ in what comes after `name`. */
const plainParameter = (after: number): Message => ({
  fields: {
    required: flag(1),
    in: text(2),
    description: text(3),
    name: text(4),
    type: text(after),
    format: text(after + 1),
    uniqueItems: flag(after + 14),
  },
  extensions: after + 17,
});
const placeOf = (value: unknown): unknown => (isJsonObject(value) ? value["in"] : undefined);
const nonBody: Choice = (value) =>
  placeOf(value) === "path" ? field(4, plainParameter(5)) : field(3, plainParameter(6));
const parameter2: Choice = (value) =>
  placeOf(value) === "body" ? field(1, bodyParameter) : field(2, { choice: nonBody });

const response2: Message = { fields: { description: text(1), schema: field(2, wrapped(schema2)) }, extensions: 5 };
const operation2: Message = {
  fields: {
    tags: many(1, "string"),
    description: text(3),
    operationId: text(5),
    produces: many(6, "string"),
    consumes: many(7, "string"),
    parameters: many(8, wrapped({ choice: parameter2 })),
    responses: field(9, { fields: {}, entries: field(1, wrapped(response2)), extensions: 2 }),
    schemes: many(10, "string"),
  },
  extensions: 13,
};
const pathItem2: Message = {
  fields: {
    get: field(2, operation2),
    put: field(3, operation2),
    post: field(4, operation2),
    delete: field(5, operation2),
    patch: field(8, operation2),
  },
  extensions: 10,
};
const document2: Message = {
  fields: {
    swagger: text(1),
    info: field(2, info(2)),
    paths: field(8, { fields: {}, entries: field(2, pathItem2), extensions: 1 }),
    definitions: field(9, mapOf(schema2)),
  },
  extensions: 16,
};

// ---- version 3

const reference3: Message = { fields: { $ref: text(1), description: text(3) } };
const isReference = (value: unknown): boolean => isJsonObject(value) && Object.hasOwn(value, "$ref");
const schemaOrReference: { readonly choice: Choice } = {
  choice: (value) => (isReference(value) ? field(2, reference3) : field(1, schema3)),
};
const default3: Choice = (value) => {
  if (typeof value === "number") return number(1);
  if (typeof value === "boolean") return flag(2);
  // There is no place for defaults that are lists or objects.
  return typeof value === "string" ? text(3) : undefined;
};
const schema3 = (): Message => schemaVersion3;
const schemaVersion3: Message = {
  fields: {
    nullable: flag(1),
    example: field(7, "any"),
    title: text(9),
    multipleOf: number(10),
    maximum: number(11),
    exclusiveMaximum: flag(12),
    minimum: number(13),
    exclusiveMinimum: flag(14),
    maxLength: count(15),
    minLength: count(16),
    pattern: text(17),
    maxItems: count(18),
    minItems: count(19),
    uniqueItems: flag(20),
    maxProperties: count(21),
    minProperties: count(22),
    required: many(23, "string"),
    enum: many(24, "any"),
    type: text(25),
    allOf: many(26, schemaOrReference),
    oneOf: many(27, schemaOrReference),
    anyOf: many(28, schemaOrReference),
    not: field(29, schema3),
    items: field(30, wrapped(schemaOrReference)),
    properties: field(31, mapOf(schemaOrReference)),
    additionalProperties: field(32, {
      choice: (value) => (isJsonObject(value) ? field(1, schemaOrReference) : flag(2)),
    }),
    default: field(33, { choice: default3 }),
    description: text(34),
    format: text(35),
  },
  extensions: 36,
};

const content3: Message = mapOf({ fields: { schema: field(1, schemaOrReference) }, extensions: 5 });
const parameter3: Message = {
  fields: { name: text(1), in: text(2), description: text(3), required: flag(4), schema: field(10, schemaOrReference) },
  extensions: 14,
};
const body3: Message = {
  fields: { description: text(1), content: field(2, content3), required: flag(3) },
  extensions: 4,
};
const response3: Message = { fields: { description: text(1), content: field(3, content3) }, extensions: 5 };
const operation3: Message = {
  fields: {
    tags: many(1, "string"),
    description: text(3),
    operationId: text(5),
    parameters: many(6, wrapped(parameter3)),
    requestBody: field(7, wrapped(body3)),
    responses: field(8, { fields: {}, entries: field(2, wrapped(response3)), extensions: 3 }),
  },
  extensions: 13,
};
const pathItem3: Message = {
  fields: {
    get: field(4, operation3),
    put: field(5, operation3),
    post: field(6, operation3),
    delete: field(7, operation3),
    patch: field(10, operation3),
  },
  extensions: 14,
};
const document3: Message = {
  fields: {
    openapi: text(1),
    info: field(2, info(6)),
    paths: field(4, { fields: {}, entries: field(1, pathItem3), extensions: 2 }),
    components: field(5, { fields: { schemas: field(1, mapOf(schemaOrReference)) }, extensions: 10 }),
  },
  extensions: 9,
};

/** openapi.v2.Document. */
export const encodeVersion2 = (document: JsonObject): Uint8Array => encode(document2, document);
/** openapi.v3.Document. */
export const encodeVersion3 = (document: JsonObject): Uint8Array => encode(document3, document);

function encode(message: Message, value: JsonObject): Uint8Array {
  const writer = Writer.create();
  writeMessage(writer, message, value);
  return writer.finish();
}

function writeMessage(writer: Writer, { fields, entries, extensions }: Message, value: unknown): void {
  if (!isJsonObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    const known = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (item === undefined) continue;
    if (known !== undefined) writeField(writer, known, item);
    else if (key.startsWith("x-") && extensions !== undefined) writePair(writer, extensions, key, "any", item);
    else if (entries !== undefined) writePair(writer, entries.id, key, entries.type, item);
  }
}

function writeField(writer: Writer, { id, type, repeated }: Field, value: unknown): void {
  if (repeated !== true) writeValue(writer, id, type, value);
  else if (Array.isArray(value)) for (const item of value as readonly unknown[]) writeValue(writer, id, type, item);
}

/** Maps are lists of messages that have a name in field 1 and a value in field 2. */
function writePair(writer: Writer, id: number, name: string, type: Field["type"], value: unknown): void {
  begin(writer, id);
  writer.uint32(tag(1, 2)).string(name);
  writeValue(writer, 2, type, value);
  writer.ldelim();
}

const tag = (id: number, wire: number): number => (id << 3) | wire;
const begin = (writer: Writer, id: number): Writer => writer.uint32(tag(id, 2)).fork();

function writeValue(writer: Writer, id: number, type: Field["type"], value: unknown): void {
  switch (type) {
    case "string":
      writer.uint32(tag(id, 2)).string(String(value));
      return;
    case "bool":
      writer.uint32(tag(id, 0)).bool(value === true);
      return;
    case "int64":
      writer.uint32(tag(id, 0)).int64(Number(value));
      return;
    case "double":
      writer.uint32(tag(id, 1)).double(Number(value));
      return;
    case "any":
      begin(writer, id)
        .uint32(tag(2, 2))
        .string(`${JSON.stringify(value)}\n`);
      writer.ldelim();
      return;
    default:
      begin(writer, id);
      writeAny(writer, typeof type === "function" ? type() : type, value);
      writer.ldelim();
  }
}

function writeAny(writer: Writer, type: Message | { readonly choice: Choice }, value: unknown): void {
  if (!("choice" in type)) writeMessage(writer, type, value);
  else {
    const chosen = type.choice(value);
    if (chosen !== undefined) writeField(writer, chosen, value);
  }
}
