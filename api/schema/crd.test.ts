import { describe, expect, test } from "vitest";
import { customResourceDefinition } from "../../crds/custom-resource-definition.ts";
import { kinds } from "../../crds/index.ts";
import type { JsonObject } from "../resources/definition.ts";
import { validateCustomResourceDefinition } from "./crd.ts";

const lines = (crd: JsonObject): readonly string[] =>
  validateCustomResourceDefinition(crd).map(({ field, message }) => `${field ?? ""}: ${message ?? ""}`);

const crd = (spec: JsonObject = {}, version: JsonObject = {}, name = "widgets.example.com"): JsonObject => ({
  metadata: { name },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } }, ...version },
    ],
    ...spec,
  },
});
const schemaLines = (openAPIV3Schema: JsonObject): readonly string[] => lines(crd({}, { schema: { openAPIV3Schema } }));
const at = "spec.versions[0].schema.openAPIV3Schema";
const field = (schema: JsonObject): readonly string[] =>
  schemaLines({ type: "object", properties: { f: schema } }).map((line) => line.replace(`${at}.properties[f]`, "f"));

describe("validateCustomResourceDefinition", () => {
  test.each(kinds)("accepts our own $type.plural", (kind) => {
    expect(lines(JSON.parse(JSON.stringify(customResourceDefinition(kind))) as JsonObject)).toEqual([]);
  });

  test.each<{ crd: JsonObject; want: readonly unknown[] }>([
    {
      crd: crd({}, {}, "other.example.com"),
      want: ['metadata.name: Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group'],
    },
    {
      crd: crd({ group: "x" }, {}, "widgets.x"),
      want: ['spec.group: Invalid value: "x": should be a domain with at least one dot'],
    },
    {
      crd: crd({ scope: "Galaxy" }),
      want: ['spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"'],
    },
    { crd: crd({ scope: undefined }), want: ["spec.scope: Required value"] },
    { crd: crd({ names: { plural: "widgets" } }), want: ["spec.names.kind: Required value"] },
    {
      crd: crd({ names: { plural: "widgets", kind: "a b" } }),
      want: [expect.stringContaining("may have mixed case"), expect.stringContaining("spec.names.listKind")],
    },
    {
      crd: crd({ names: { plural: "widgets", kind: "W", listKind: "W" } }),
      want: ['spec.names.listKind: Invalid value: "W": kind and listKind may not be the same'],
    },
    { crd: crd({ versions: [] }), want: ["spec.versions: Required value: at least one version is needed"] },
    {
      crd: crd({}, { storage: false }),
      want: ['spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version'],
    },
    {
      crd: crd({}, { name: "V1" }),
      want: [expect.stringContaining('spec.versions[0].name: Invalid value: "V1": a DNS-1035 label')],
    },
    { crd: crd({}, { schema: undefined }), want: [`${at}: Required value: schemas are required`] },
    {
      crd: { metadata: { name: "x" } },
      want: expect.arrayContaining(["spec.group: Required value", "spec.names.plural: Required value"]) as unknown[],
    },
  ])("refuses $want.0", ({ crd: wrong, want }) => {
    expect(lines(wrong)).toEqual(want);
  });

  test("columns", () => {
    const columns = [
      { name: "A", type: "text", jsonPath: ".a" },
      { type: "string", jsonPath: "a[" },
    ];
    expect(lines(crd({}, { additionalPrinterColumns: columns }))).toEqual([
      'spec.versions[0].additionalPrinterColumns[0].type: Invalid value: "text": must be one of integer,number,string,boolean,date',
      "spec.versions[0].additionalPrinterColumns[1].name: Required value",
      expect.stringContaining('spec.versions[0].additionalPrinterColumns[1].jsonPath: Invalid value: "a["'),
    ]);
  });

  test("the root is an object that says its properties", () => {
    expect(schemaLines({ type: "string" })).toEqual([
      `${at}.type: Invalid value: "string": must be object at the root`,
    ]);
    expect(schemaLines({})).toEqual([`${at}.type: Required value: must not be empty at the root`]);
    expect(schemaLines({ type: "object", additionalProperties: true })).toEqual([
      `${at}.additionalProperties: Forbidden: must not be used at the root`,
    ]);
    const metadata = { type: "object", properties: { labels: { type: "object" } } };
    expect(schemaLines({ type: "object", properties: { metadata } })).toEqual([
      `${at}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ]);
  });

  test.each<{ schema: JsonObject; want: readonly unknown[] }>([
    { schema: {}, want: ["f.type: Required value: must not be empty for specified object fields"] },
    {
      schema: { type: "array", items: {} },
      want: ["f.items.type: Required value: must not be empty for specified array items"],
    },
    { schema: { type: "array" }, want: ["f.items: Required value: must be specified"] },
    { schema: { type: "text" }, want: [expect.stringContaining('f.type: Unsupported value: "text"')] },
    { schema: { type: "string", $ref: "#/x" }, want: ["f.$ref: Forbidden: $ref is not supported"] },
    {
      schema: { type: "array", items: { type: "string" }, uniqueItems: true },
      want: [expect.stringContaining("f.uniqueItems: Forbidden")],
    },
    {
      schema: { type: "object", additionalProperties: false },
      want: ["f.additionalProperties: Forbidden: additionalProperties cannot be set to false"],
    },
    {
      schema: { type: "object", additionalProperties: true, properties: { a: { type: "string" } } },
      want: [expect.stringContaining("mutual exclusive")],
    },
    {
      schema: { type: "string", pattern: "(" },
      want: [expect.stringContaining('f.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t')],
    },
    {
      schema: { type: "string", pattern: "^(?!a)b" },
      want: [expect.stringContaining("invalid or unsupported Perl syntax: `(?!`")],
    },
    {
      schema: { type: "integer", anyOf: [{ type: "integer" }] },
      want: ["f.anyOf[0].type: Forbidden: must be empty to be structural"],
    },
    {
      schema: { type: "object", not: { properties: { a: { description: "x" } } } },
      want: ["f.not.properties[a].description: Forbidden: must be empty to be structural"],
    },
    {
      schema: { type: "integer", default: "x" },
      want: [expect.stringContaining('f.default: Invalid value: "string"')],
    },
    {
      schema: { type: "string", "x-kubernetes-list-type": "set" },
      want: [expect.stringContaining("must be array if x-kubernetes-list-type is specified")],
    },
    {
      schema: { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "map" },
      want: [expect.stringContaining("must not be empty if x-kubernetes-list-type is map")],
    },
    {
      schema: {
        type: "array",
        items: { type: "object", properties: { k: { type: "string" } } },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
      },
      want: [
        expect.stringContaining(
          "f.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys",
        ),
      ],
    },
    {
      schema: { type: "object", "x-kubernetes-validations": [{ rule: "self.(" }] },
      want: [
        expect.stringContaining('f.x-kubernetes-validations[0].rule: Invalid value: "self.(": compilation failed'),
      ],
    },
    {
      schema: { type: "object", "x-kubernetes-validations": [{ rule: "1 + 1" }] },
      want: [expect.stringContaining("must evaluate to a bool")],
    },
    {
      schema: { type: "object", "x-kubernetes-validations": [{ rule: "nope == 1" }] },
      want: [expect.stringContaining("compilation failed")],
    },
    {
      schema: { type: "object", "x-kubernetes-validations": [{ rule: "true", reason: "Because" }] },
      want: [expect.stringContaining('Unsupported value: "Because"')],
    },
    {
      schema: { type: "object", "x-kubernetes-validations": [{ rule: "true", messageExpression: "'a' +" }] },
      want: [expect.stringContaining("messageExpression: Invalid value")],
    },
  ])("refuses $schema", ({ schema, want }) => {
    expect(field(schema)).toEqual(want);
  });

  test.each<JsonObject>([
    { "x-kubernetes-int-or-string": true },
    { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
    { "x-kubernetes-int-or-string": true, allOf: [{ anyOf: [{ type: "integer" }, { type: "string" }] }] },
    { "x-kubernetes-preserve-unknown-fields": true },
    { type: "object", oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    { type: "object", "x-kubernetes-validations": [{ rule: "true", messageExpression: "'a' + string(1)" }] },
  ])("accepts %j", (schema) => {
    expect(field(schema)).toEqual([]);
  });
});
