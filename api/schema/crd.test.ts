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
const at = "spec.validation.openAPIV3Schema";
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
    {
      crd: crd({ names: { plural: "widgets" } }),
      want: ["singular", "kind", "listKind"].map((name) => `spec.names.${name}: Required value`),
    },
    {
      crd: crd({ names: { plural: "widgets", singular: "w", kind: "a b", listKind: "a bs" } }),
      want: [expect.stringContaining("may have mixed case"), expect.stringContaining("spec.names.listKind")],
    },
    {
      crd: crd({ names: { plural: "widgets", singular: "w", kind: "W", listKind: "W" } }),
      want: ['spec.names.listKind: Invalid value: "W": kind and listKind may not be the same'],
    },
    {
      crd: crd({ versions: [] }),
      want: ["spec.versions: Invalid value: []: must have exactly one version marked as storage version"],
    },
    {
      crd: crd({}, { storage: false }),
      want: ['spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version'],
    },
    {
      crd: crd({}, { name: "V1" }),
      want: [
        expect.stringContaining('spec.versions[0].name: Invalid value: "V1": a DNS-1035 label'),
        expect.stringContaining('spec.version: Invalid value: "V1": a DNS-1035 label'),
      ],
    },
    {
      crd: crd({}, { schema: undefined }),
      want: ["spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"],
    },
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
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
      "spec.additionalPrinterColumns[1].name: Required value",
      'spec.additionalPrinterColumns[1].JSONPath: Invalid value: "a[": must be a simple json path starting with .',
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
      schema: { type: "object", additionalProperties: { type: "string" }, properties: { a: { type: "string" } } },
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
        expect.stringContaining(
          'f.x-kubernetes-validations[0].rule: Invalid value: apiextensions.ValidationRule{Rule:"self.(", Message:"", MessageExpression:"", Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:"", OptionalOldSelf:(*bool)(nil)}: compilation failed: ERROR: <input>:1:6: ',
        ),
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

  test.each<{ why: string; schema: JsonObject; want: readonly unknown[] }>([
    {
      why: "a default that is not pruned",
      schema: { type: "object", default: { a: 1 }, properties: {} },
      want: ['f.default: Invalid value: {"a":1}: must not have unknown fields'],
    },
    {
      why: "type null",
      schema: { type: "null" },
      want: [
        expect.stringContaining('f.type: Unsupported value: "null"'),
        "f.type: Forbidden: type cannot be set to null, use nullable as an alternative",
      ],
    },
    {
      why: "items as a list",
      schema: { type: "array", items: [{ type: "string" }] },
      want: ["f.items: Forbidden: items must be a schema object and not an array"],
    },
    {
      why: "preserve-unknown-fields: false",
      schema: { type: "object", "x-kubernetes-preserve-unknown-fields": false },
      want: ["f.x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"],
    },
    {
      why: "int-or-string that preserves unknown fields",
      schema: { "x-kubernetes-int-or-string": true, "x-kubernetes-preserve-unknown-fields": true },
      want: [
        "f.x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true",
      ],
    },
    {
      why: "an embedded resource without fields",
      schema: { type: "object", "x-kubernetes-embedded-resource": true },
      want: [
        "f.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
      ],
    },
    {
      why: "an embedded resource with a kind that is a number",
      schema: {
        type: "object",
        "x-kubernetes-embedded-resource": true,
        properties: { kind: { type: "integer" } },
      },
      want: ['f.properties[kind].type: Invalid value: "integer": must be string'],
    },
    {
      why: "metadata in a nested context",
      schema: { type: "object", properties: {}, anyOf: [{ properties: { metadata: {} } }] },
      want: ["f.anyOf[0].properties[metadata]: Forbidden: must not be specified in a nested context"],
    },
    {
      why: "a map type of a list",
      schema: { type: "array", items: { type: "string" }, "x-kubernetes-map-type": "atomic" },
      want: ['f.type: Invalid value: "array": must be object if x-kubernetes-map-type is specified'],
    },
    {
      why: "a map type that is none",
      schema: { type: "object", "x-kubernetes-map-type": "loose" },
      want: ['f.x-kubernetes-map-type: Unsupported value: "loose": supported values: "atomic", "granular"'],
    },
    {
      why: "a set of objects",
      schema: { type: "array", items: { type: "object", properties: {} }, "x-kubernetes-list-type": "set" },
      want: [
        'f.items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set',
      ],
    },
    {
      why: "keys without a map",
      schema: {
        type: "array",
        items: { type: "string" },
        "x-kubernetes-list-type": "set",
        "x-kubernetes-list-map-keys": ["a"],
      },
      want: ['f.x-kubernetes-list-type: Invalid value: "set": must be map if x-kubernetes-list-map-keys is non-empty'],
    },
    {
      why: "keys that are twice there, no scalars, nullable or nowhere",
      schema: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["a", "a", "o", "x"],
        items: {
          type: "object",
          nullable: true,
          required: ["a", "o"],
          properties: { a: { type: "string", nullable: true }, o: { type: "object" } },
        },
      },
      want: [
        'f.x-kubernetes-list-map-keys: Invalid value: ["a","a","o","x"]: must not contain duplicate entries',
        'f.items.properties[o].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
        'f.x-kubernetes-list-map-keys: Invalid value: ["a","a","o","x"]: entries must all be names of item properties',
        "f.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map",
        ...Array.from(
          { length: 2 },
          () =>
            "f.items.properties[a].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable",
        ),
      ],
    },
  ])("refuses $why", ({ schema, want }) => {
    expect(field(schema)).toEqual(want);
  });

  const ruled = (rule: string | JsonObject, schema: JsonObject = {}): readonly string[] =>
    field({
      type: "object",
      properties: { n: { type: "integer" }, t: { type: "string" } },
      ...schema,
      "x-kubernetes-validations": [typeof rule === "string" ? { rule } : rule],
    }).map((line) => line.replace("f.x-kubernetes-validations[0].", "").replace(/apiextensions[^}]*}/, "RULE"));
  const compiled = (where: string, why: string, source: string, column: number): string =>
    `${where}: Invalid value: RULE: compilation failed: ERROR: <input>:1:${column}: ${why}\n | ${source}\n | ${".".repeat(column - 1)}^`;

  test.each<readonly [string, string, number]>([
    ["self.nope == 1", "undefined field 'nope'", 5],
    ["self.n == self.t", "found no matching overload for '_==_' applied to '(int, string)'", 8],
    ["nope == 1", "undeclared reference to 'nope' (in container '')", 1],
    ["self.n.size() == 1", "found no matching overload for 'size' applied to 'int.()'", 12],
    ["size(self.n) == 1", "found no matching overload for 'size' applied to '(int)'", 5],
  ])("tells what %j does wrong: %s", (rule, why, column) => {
    expect(ruled(rule)).toEqual([compiled("rule", why, rule, column)]);
  });

  test.each<{ why: string; rule: JsonObject; want: readonly string[] }>([
    { why: "no rule", rule: { rule: " " }, want: ["rule: Required value: rule is not specified"] },
    {
      why: "an empty message",
      rule: { rule: "true", message: " " },
      want: ['message: Invalid value: " ": message must be non-empty if specified'],
    },
    {
      why: "a rule of two lines without a message",
      rule: { rule: "true &&\ntrue" },
      want: ["message: Required value: message must be specified if rule contains line breaks"],
    },
    {
      why: "a rule that is no bool",
      rule: { rule: "self.n + 1" },
      want: ["rule: Invalid value: RULE: cel expression must evaluate to a bool"],
    },
    {
      why: "a message that is no string",
      rule: { rule: "true", messageExpression: "self.n" },
      want: ["messageExpression: Invalid value: RULE: messageExpression must evaluate to a string"],
    },
    {
      why: "a path to nowhere",
      rule: { rule: "true", fieldPath: ".nope" },
      want: ['fieldPath: Invalid value: ".nope": fieldPath must be a valid path'],
    },
    {
      why: "optionalOldSelf without oldSelf",
      rule: { rule: "true", optionalOldSelf: true },
      want: ["optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"],
    },
  ])("refuses $why", ({ rule, want }) => {
    expect(ruled(rule)).toEqual(want);
  });

  test("oldSelf has no place where nobody knows what was before", () => {
    const list = (more: JsonObject): readonly string[] =>
      field({
        type: "array",
        maxItems: 10,
        items: { type: "string", maxLength: 10, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] },
        ...more,
      });
    expect(list({})).toEqual([
      `f.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${at}.properties[f]`,
    ]);
  });

  const nested = (limits: JsonObject): readonly string[] =>
    field({
      type: "array",
      ...limits,
      items: { type: "string", maxLength: 64 },
      "x-kubernetes-validations": [{ rule: "self.all(a, self.all(b, a == b))" }],
    });
  const hint =
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";

  test("a rule that may cost too much is refused before it ever runs", () => {
    expect(nested({ maxItems: 100 })).toEqual([]);
    expect(nested({ maxItems: 2000 })).toEqual([
      `f.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 4.8x ${hint}`,
    ]);
    expect(nested({})).toEqual([
      `f.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${hint}`,
      "f.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
      `${at}: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${hint}`,
    ]);
  });

  test("a rule that was accepted once may stay, whatever it costs", () => {
    const items = { type: "string", maxLength: 64 };
    const rules = { "x-kubernetes-validations": [{ rule: "self.all(a, self.all(b, a == b))" }] };
    const f = { type: "array", maxItems: 2000, items, ...rules };
    const whole = crd({}, { schema: { openAPIV3Schema: { type: "object", properties: { f } } } });
    expect(validateCustomResourceDefinition(whole)).toHaveLength(1);
    expect(validateCustomResourceDefinition(whole, structuredClone(whole))).toEqual([]);
  });

  const version = (more: JsonObject): readonly string[] =>
    lines(crd({}, more)).map((line) => line.replace(/^spec\.(?:versions\[0\]\.)?/, ""));

  test("scale", () => {
    const scale = (more: JsonObject): readonly string[] =>
      version({
        subresources: { scale: { specReplicasPath: ".spec.r", statusReplicasPath: ".status.r", ...more } },
      }).map((line) => line.replace("subresources.scale.", ""));
    expect(scale({ labelSelectorPath: ".status.selector" })).toEqual([]);
    expect(scale({ specReplicasPath: "" })).toEqual(["specReplicasPath: Required value"]);
    expect(scale({ specReplicasPath: ".status.r" })).toEqual([
      'specReplicasPath: Invalid value: ".status.r": should be a json path under .spec',
    ]);
    expect(scale({ statusReplicasPath: "status.r" })).toEqual([
      'statusReplicasPath: Invalid value: "status.r": must be a simple json path starting with .',
    ]);
    expect(scale({ statusReplicasPath: ".spec.r" })).toEqual([
      'statusReplicasPath: Invalid value: ".spec.r": should be a json path under .status',
    ]);
    expect(scale({ labelSelectorPath: ".metadata.s" })).toEqual([
      'labelSelectorPath: Invalid value: ".metadata.s": should be a json path under either .spec or .status',
    ]);
  });

  test("selectable fields", () => {
    const properties = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${i}`, { type: "string" }]));
    const spec = { type: "object", properties: { ...properties, o: { type: "object" } } };
    const selectable = (...paths: readonly string[]): readonly string[] =>
      version({
        schema: { openAPIV3Schema: { type: "object", properties: { spec, metadata: { type: "object" } } } },
        selectableFields: paths.map((jsonPath) => ({ jsonPath })),
      }).map((line) => line.replace("selectableFields", "s"));
    expect(selectable(".spec.f0", ".spec.f1")).toEqual([]);
    expect(selectable("")).toEqual(["s[0].jsonPath: Required value"]);
    expect(selectable(".spec.nope", "spec", ".spec['f0']", ".spec.o", ".spec.f1", ".spec.f1")).toEqual([
      's[0].jsonPath: Invalid value: ".spec.nope": is an invalid path: does not refer to a valid field',
      's[1].jsonPath: Invalid value: "spec": is an invalid path: expected [ or . but got: spec',
      `s[2].jsonPath: Invalid value: ".spec['f0']": is an invalid path: array notation is not allowed`,
      's[3].jsonPath: Invalid value: ".spec.o": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      's[5].jsonPath: Duplicate value: ".spec.f1"',
    ]);
    expect(selectable(...Object.keys(properties).map((name) => `.spec.${name}`))).toEqual([
      "s: Too many: 9: must have at most 8 items",
    ]);
  });

  test("deprecation, and columns of a format nobody knows", () => {
    expect(version({ deprecationWarning: "x" })).toEqual([
      'deprecationWarning: Invalid value: "x": can only be set for deprecated versions',
    ]);
    expect(version({ deprecated: true, deprecationWarning: "" })).toEqual([
      'deprecationWarning: Invalid value: "": must not be an empty string',
    ]);
    expect(version({ deprecated: true, deprecationWarning: "a\nb" })).toEqual([
      'deprecationWarning: Invalid value: "a\\nb": must only contain printable UTF-8 characters; non-printable character found at index 1',
    ]);
    const column = { name: "A", type: "string", format: "nice", jsonPath: ".a" };
    expect(version({ additionalPrinterColumns: [column] })).toEqual([
      'additionalPrinterColumns[0].format: Invalid value: "nice": must be one of byte,date,date-time,double,float,int32,int64,password',
    ]);
  });

  test("the root where status is a subresource", () => {
    const [line = ""] = version({
      subresources: { status: {} },
      schema: { openAPIV3Schema: { type: "object", properties: {}, oneOf: [{ required: ["a"] }] } },
    });
    expect(line).toContain("fields are allowed at the root of the schema if the status subresource is enabled");
    expect(schemaLines({ type: "object", nullable: true })).toEqual([
      `${at}.nullable: Forbidden: nullable cannot be true at the root`,
    ]);
    const withDefault = { type: "object", default: { name: "x" } };
    expect(schemaLines({ type: "object", properties: { metadata: withDefault } })).toEqual([
      `${at}.properties[metadata].default: Forbidden: must not be set in top-level metadata`,
    ]);
  });

  test.each<{ why: string; conversion: JsonObject; want: readonly unknown[] }>([
    {
      why: "another strategy",
      conversion: { strategy: "Magic" },
      want: ['strategy: Unsupported value: "Magic": supported values: "None", "Webhook"'],
    },
    {
      why: "a webhook without one",
      conversion: { strategy: "Webhook" },
      want: [
        "webhookClientConfig: Required value: required when strategy is set to Webhook",
        "conversionReviewVersions: Required value",
      ],
    },
    {
      why: "a webhook nowhere, of another time",
      conversion: { strategy: "Webhook", webhook: { clientConfig: {}, conversionReviewVersions: ["v7", "v7"] } },
      want: [
        "webhookClientConfig: Required value: exactly one of url or service is required",
        'conversionReviewVersions[1]: Invalid value: "v7": duplicate version',
        'conversionReviewVersions: Invalid value: ["v7","v7"]: must include at least one of v1, v1beta1',
      ],
    },
    {
      why: "http",
      conversion: {
        strategy: "Webhook",
        webhook: { clientConfig: { url: "http://a.b/c" }, conversionReviewVersions: ["v1"] },
      },
      want: [expect.stringContaining("'https' is the only allowed URL scheme")],
    },
    {
      why: "a webhook that is not asked for",
      conversion: { strategy: "None", webhook: { clientConfig: {}, conversionReviewVersions: ["v1"] } },
      want: [
        "webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook",
        "conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook",
      ],
    },
  ])("conversion: $why", ({ conversion, want }) => {
    expect(lines(crd({ conversion })).map((line) => line.replace("spec.conversion.", ""))).toEqual(want);
  });

  test("groups of Kubernetes are Kubernetes'", () => {
    const protectedGroup = (annotations: JsonObject): readonly string[] => {
      const { spec } = crd({ group: "x.k8s.io" });
      return lines({ metadata: { name: "widgets.x.k8s.io", annotations }, spec });
    };
    const key = "api-approved.kubernetes.io";
    const see = "see https://github.com/kubernetes/enhancements/pull/1111";
    expect(protectedGroup({})).toEqual([
      `metadata.annotations[${key}]: Required value: protected groups must have approval annotation "${key}", ${see}`,
    ]);
    expect(protectedGroup({ [key]: "me" })).toEqual([
      `metadata.annotations[${key}]: Invalid value: "me": protected groups must have approval annotation "${key}" with either a URL or a reason starting with "unapproved", ${see}`,
    ]);
    expect(protectedGroup({ [key]: "https://github.com/x/y" })).toEqual([]);
    expect(protectedGroup({ [key]: "unapproved, experimental-only" })).toEqual([]);
  });

  test("a fault is told where it is: in the one version that has it, or in all", () => {
    const faulty = { openAPIV3Schema: { type: "string" } };
    const fine = { openAPIV3Schema: { type: "object" } };
    const told = (...schemas: readonly JsonObject[]): readonly string[] =>
      lines(
        crd({
          versions: schemas.map((schema, i) => ({ name: `v${i + 1}`, served: true, storage: i === 0, schema })),
        }),
      );
    const why = 'openAPIV3Schema.type: Invalid value: "string": must be object at the root';
    expect(told(faulty, faulty)).toEqual([`spec.validation.${why}`]);
    expect(told(fine, faulty)).toEqual([`spec.versions[1].schema.${why}`]);
  });

  test("unknown fields are kept by the schema, not by the definition", () => {
    expect(lines(crd({ preserveUnknownFields: true }))).toEqual([
      "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
    ]);
  });

  test.each<JsonObject>([
    { type: "object", additionalProperties: false },
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
