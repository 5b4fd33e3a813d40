import { describe, expect, test } from "vitest";
import { customResourceDefinition } from "../../crds/custom-resource-definition.ts";
import { containerKind } from "../../crds/container.ts";
import { hostKind } from "../../crds/host.ts";
import type { Kind } from "../../crds/kind.ts";
import type { JsonObject, ObjectSchema } from "../resources/definition.ts";
import { structuralObjectSchema } from "./structural.ts";

function schemaOf(kind: Kind): ObjectSchema {
  const crd = JSON.parse(JSON.stringify(customResourceDefinition(kind))) as {
    spec: { versions: [{ schema: { openAPIV3Schema: JsonObject } }] };
  };
  return structuralObjectSchema(crd.spec.versions[0].schema.openAPIV3Schema);
}

const spec = (properties: JsonObject, more: JsonObject = {}): ObjectSchema =>
  structuralObjectSchema({ type: "object", properties: { spec: { type: "object", properties, ...more } } });

const lines = (schema: ObjectSchema, object: JsonObject, old?: JsonObject): readonly string[] =>
  schema.validate(object, old).map(({ reason, field, message }) => `${reason ?? ""} ${field ?? ""}: ${message ?? ""}`);

/** What follows a fault that keeps rules from being run. */
const unchecked =
  'FieldValueInvalid <nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

describe("prune", () => {
  const schema = structuralObjectSchema({
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: {
          known: { type: "string" },
          list: { type: "array", items: { type: "object", properties: { a: { type: "string" } } } },
          map: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "string" } } } },
          any: { type: "object", additionalProperties: true },
          open: {
            type: "object",
            "x-kubernetes-preserve-unknown-fields": true,
            properties: { closed: { type: "object", properties: {} } },
          },
          pod: {
            type: "object",
            "x-kubernetes-embedded-resource": true,
            properties: { spec: { type: "object", properties: {} } },
          },
        },
      },
    },
  });

  test("removes what is not known and says where it was", () => {
    const object = {
      apiVersion: "a/v1",
      kind: "K",
      metadata: { name: "x", nope: 1, ownerReferences: [{ uid: "u", nope: 1 }], labels: { any: "thing" } },
      spec: {
        known: "k",
        unknown: 1,
        list: [{ a: "1" }, { a: "2", b: 3 }],
        map: { k: { a: "1", b: 2 } },
        any: { thing: { goes: 1 } },
        open: { thing: { goes: 1 }, closed: { not: 1 } },
        pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "p", nope: 1 }, spec: { x: 1 }, y: 1 },
      },
      extra: true,
    };
    expect(schema.prune(object)).toEqual([
      "metadata.nope",
      "metadata.ownerReferences[0].nope",
      "spec.unknown",
      "spec.list[1].b",
      "spec.map.k.b",
      "spec.open.closed.not",
      "spec.pod.metadata.nope",
      "spec.pod.spec.x",
      "spec.pod.y",
      "extra",
    ]);
    expect(object).toEqual({
      apiVersion: "a/v1",
      kind: "K",
      metadata: { name: "x", ownerReferences: [{ uid: "u" }], labels: { any: "thing" } },
      spec: {
        known: "k",
        list: [{ a: "1" }, { a: "2" }],
        map: { k: { a: "1" } },
        any: { thing: { goes: 1 } },
        open: { thing: { goes: 1 }, closed: {} },
        pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: {} },
      },
    });
  });

  test("finds nothing the second time", () => {
    const object = { spec: { unknown: 1 } };
    schema.prune(object);
    expect(schema.prune(object)).toEqual([]);
  });
});

describe("applyDefaults", () => {
  const nested = { type: "object", default: {}, properties: { deep: { type: "integer", default: 3 } } };
  const schema = spec({
    a: { type: "string", default: "x" },
    nullable: { type: "string", nullable: true, default: "x" },
    plain: { type: "string" },
    nested,
    list: { type: "array", items: nested },
    map: { type: "object", additionalProperties: nested },
  });
  const defaulted = (object: JsonObject): JsonObject => {
    schema.applyDefaults(object);
    return object;
  };

  test.each([
    {
      why: "absent fields, and what is inside defaults",
      object: {},
      want: { a: "x", nullable: "x", nested: { deep: 3 } },
    },
    {
      why: "null is no value where none is allowed",
      object: { a: null, plain: null },
      want: { a: "x", nullable: "x", nested: { deep: 3 } },
    },
    {
      why: "null stays where it is allowed",
      object: { nullable: null },
      want: { a: "x", nullable: null, nested: { deep: 3 } },
    },
    {
      why: "items and values of maps",
      object: { list: [{}, null], map: { k: {}, n: null } },
      want: {
        a: "x",
        nullable: "x",
        nested: { deep: 3 },
        list: [{ deep: 3 }, { deep: 3 }],
        map: { k: { deep: 3 }, n: { deep: 3 } },
      },
    },
  ])("$why", ({ object, want }) => {
    expect(defaulted({ spec: object })).toEqual({ spec: want });
  });

  test("does not make up what is above", () => {
    expect(defaulted({})).toEqual({});
  });

  test("objects do not share a default", () => {
    const [one, two] = [defaulted({ spec: {} }), defaulted({ spec: {} })] as [
      { spec: { nested: object } },
      { spec: { nested: object } },
    ];
    expect(one.spec.nested).not.toBe(two.spec.nested);
  });
});

describe("validate", () => {
  test.each([
    [
      { type: "integer" },
      "x",
      'FieldValueTypeInvalid spec.f: Invalid value: "string": spec.f in body must be of type integer: "string"',
    ],
    [
      { type: "integer" },
      1.5,
      'FieldValueTypeInvalid spec.f: Invalid value: "number": spec.f in body must be of type integer: "number"',
    ],
    [
      { type: "object" },
      [],
      'FieldValueTypeInvalid spec.f: Invalid value: "array": spec.f in body must be of type object: "array"',
    ],
    [
      { type: "string" },
      null,
      'FieldValueTypeInvalid spec.f: Invalid value: "null": spec.f in body must be of type string: "null"',
    ],
    [{ type: "string", maxLength: 2 }, "abc", "FieldValueTooLong spec.f: Too long: may not be more than 2 bytes"],
    [
      { type: "string", minLength: 2 },
      "a",
      'FieldValueInvalid spec.f: Invalid value: "a": spec.f in body should be at least 2 chars long',
    ],
    [
      { type: "string", pattern: "^a+$" },
      "b",
      "FieldValueInvalid spec.f: Invalid value: \"b\": spec.f in body should match '^a+$'",
    ],
    [
      { type: "string", format: "date-time" },
      "now",
      'FieldValueTypeInvalid spec.f: Invalid value: "now": spec.f in body must be of type date-time: "now"',
    ],
    [
      { type: "string", enum: ["A", "B"] },
      "x",
      'FieldValueNotSupported spec.f: Unsupported value: "x": supported values: "A", "B"',
    ],
    [
      { type: "integer", enum: [1, 2] },
      3,
      'FieldValueNotSupported spec.f: Unsupported value: 3: supported values: "1", "2"',
    ],
    [
      { type: "integer", minimum: 1 },
      0,
      "FieldValueInvalid spec.f: Invalid value: 0: spec.f in body should be greater than or equal to 1",
    ],
    [
      { type: "integer", maximum: 1, exclusiveMaximum: true },
      1,
      "FieldValueInvalid spec.f: Invalid value: 1: spec.f in body should be less than 1",
    ],
    [
      { type: "integer", multipleOf: 5 },
      7,
      "FieldValueInvalid spec.f: Invalid value: 7: spec.f in body should be a multiple of 5",
    ],
    [
      { type: "array", items: { type: "string" }, maxItems: 1 },
      ["a", "b"],
      "FieldValueTooMany spec.f: Too many: 2: must have at most 1 item",
    ],
    [
      { type: "array", items: { type: "string" }, minItems: 1 },
      [],
      "FieldValueInvalid spec.f: Invalid value: 0: spec.f in body should have at least 1 items",
    ],
    [
      { type: "array", items: { type: "string" } },
      ["a", 1],
      'FieldValueTypeInvalid spec.f[1]: Invalid value: "integer": spec.f[1] in body must be of type string: "integer"',
    ],
    [
      { type: "object", additionalProperties: { type: "string" } },
      { k: 1 },
      'FieldValueTypeInvalid spec.f.k: Invalid value: "integer": spec.f.k in body must be of type string: "integer"',
    ],
    [{ type: "object", properties: {}, required: ["a"] }, {}, "FieldValueRequired spec.f.a: Required value"],
    [
      { type: "object", properties: {}, required: ["toString"] },
      {},
      "FieldValueRequired spec.f.toString: Required value",
    ],
    [
      { type: "object", additionalProperties: true, maxProperties: 1 },
      { a: 1, b: 2 },
      "FieldValueTooMany spec.f: Too many: 2: must have at most 1 item",
    ],
    [
      { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
      ["a", "b", "a", "a"],
      'FieldValueDuplicate spec.f[2]: Duplicate value: "a"',
    ],
    [
      { "x-kubernetes-int-or-string": true },
      true,
      'FieldValueTypeInvalid spec.f: Invalid value: "boolean": spec.f in body must be of type integer,string: "boolean"',
    ],
    [
      { type: "integer", not: { maximum: 5 } },
      3,
      'FieldValueInvalid <nil>: Invalid value: "": "spec.f" must not validate the schema (not)',
    ],
  ])("%j refuses %j", (schema, value, line) => {
    expect(lines(spec({ f: schema }), { spec: { f: value } })).toEqual([line]);
  });

  test.each([
    [{ type: "number" }, 1],
    [{ type: "string", nullable: true }, null],
    [{ type: "string", maxLength: 2 }, "😀😀"],
    [{ type: "string", format: "unheard-of" }, "x"],
    [{ type: "string", format: "hostname" }, "a-b.example.com"],
    [{ type: "string", format: "hostname" }, "host"],
    [{ type: "integer" }, Number.MAX_SAFE_INTEGER],
    [{ type: "string", format: "date-time" }, "2026-01-01T00:00:00.5+02:00"],
    [{ type: "string", format: "cidr" }, "10.0.0.0/8"],
    [{ type: "string", format: "creditcard" }, "4111 1111 1111 1111"],
    [{ type: "string", format: "isbn" }, "0-306-40615-2"],
    [{ type: "string", format: "isbn13" }, "978-3-16-148410-0"],
    [{ type: "string", format: "rgbcolor" }, "rgb(0, 255, 9)"],
    [{ type: "string", format: "uuid4" }, "57b73598-8764-4ad0-a76a-679bb6640eb1"],
    [{ "x-kubernetes-int-or-string": true }, "1"],
    [{ "x-kubernetes-int-or-string": true }, 1],
    [{ "x-kubernetes-preserve-unknown-fields": true }, { a: [1] }],
    [{ type: "string", pattern: "(?i)^abc$" }, "ABC"],
    [
      {
        type: "object",
        properties: {},
        "x-kubernetes-preserve-unknown-fields": true,
        oneOf: [{ required: ["a"] }, { required: ["b"] }],
      },
      { a: 1 },
    ],
  ])("%j accepts %j", (schema, value) => {
    expect(lines(spec({ f: schema }), { spec: { f: value } })).toEqual([]);
  });

  test.each([
    ["date", "2020-02-30"],
    ["byte", ""],
    ["creditcard", "4111 1111 1111 1112"],
    ["isbn", "978-3-16-148410-1"],
    ["hexcolor", "#ff"],
    ["rgbcolor", "rgb(0, 256, 9)"],
    ["uuid4", "57b73598-8764-5ad0-a76a-679bb6640eb1"],
    ["ssn", "1"],
    ["hostname", "10.0.0.1"],
    ["hostname", "2020-01-01"],
    ["hostname", ""],
  ])("format %s refuses %j", (format, value) => {
    expect(lines(spec({ f: { type: "string", format } }), { spec: { f: value } })).toEqual([
      `FieldValueTypeInvalid spec.f: Invalid value: "${value}": spec.f in body must be of type ${format}: "${value}"`,
    ]);
  });

  test.each([
    [{ apiVersion: 1, kind: "X" }, "spec.r.apiVersion: Invalid value: 1: must be a string"],
    [
      { metadata: { labels: { a: 1 } } },
      'spec.r.metadata: Invalid value: {"labels":{"a":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    ],
  ])("an embedded resource %j cannot be decoded", (r, why) => {
    const embedding = spec({
      r: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    });
    expect(() => embedding.prune({ apiVersion: "g/v1", kind: "K", spec: { r } })).toThrow(
      `K in version "v1" cannot be handled as a K: ${why}`,
    );
  });

  test("what was wrong before an update and has not changed may stay", () => {
    const schema = spec({
      n: { type: "integer", maximum: 5 },
      l: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
        items: {
          type: "object",
          required: ["k"],
          properties: { k: { type: "string" }, v: { type: "integer", maximum: 5 } },
        },
      },
      atomic: { type: "array", items: { type: "integer", maximum: 5 } },
      set: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
    });
    const old = { spec: { n: 9, l: [{ k: "a", v: 9 }], atomic: [9], set: ["a", "a"] } };
    expect(lines(schema, old)).toHaveLength(4);
    expect(lines(schema, { ...old, more: 1 }, old)).toEqual([]);
    const fields = (changed: JsonObject): readonly string[] =>
      schema.validate({ spec: { ...old.spec, ...changed } }, old).map(({ field }) => field ?? "");
    expect(fields({ n: 8 })).toEqual(["spec.n"]);
    expect(
      fields({
        l: [
          { k: "b", v: 1 },
          { k: "a", v: 9 },
        ],
      }),
    ).toEqual([]);
    expect(
      fields({
        l: [
          { k: "b", v: 9 },
          { k: "a", v: 9 },
        ],
      }),
    ).toEqual(["spec.l[0].v"]);
    expect(fields({ atomic: [9, 1] })).toEqual(["spec.atomic[0]"]);
    expect(fields({ set: ["b", "b"] })).toEqual([]);
  });

  test("oneOf says how many fit, and what is wrong with the nearest", () => {
    const schema = spec(
      { a: { type: "string" }, b: { type: "string" } },
      { oneOf: [{ required: ["a"] }, { required: ["b"] }] },
    );
    expect(lines(schema, { spec: { a: "", b: "" } })).toEqual([
      'FieldValueInvalid <nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ]);
    expect(lines(schema, { spec: {} })).toEqual([
      'FieldValueInvalid <nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
      "FieldValueRequired spec.a: Required value",
    ]);
  });

  test("a pattern that backtracks without end is stopped", () => {
    const schema = spec({ f: { type: "string", pattern: "^(a+)+$" } });
    expect(lines(schema, { spec: { f: `${"a".repeat(60)}b` } })).toHaveLength(1);
  });

  test("embedded resources say what they are", () => {
    const schema = spec({
      r: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    });
    expect(lines(schema, { spec: { r: { kind: "x y", metadata: { labels: { "a b": "1" } } } } })).toEqual([
      "FieldValueRequired spec.r.apiVersion: Required value: must not be empty",
      expect.stringContaining('FieldValueInvalid spec.r.kind: Invalid value: "x y": may have mixed case'),
      expect.stringContaining('FieldValueInvalid spec.r.metadata.labels: Invalid value: "a b": name part must consist'),
    ]);
  });
});

describe("the schemas in crds/", () => {
  const container = (more: JsonObject): JsonObject => ({
    metadata: { name: "web" },
    spec: { image: "nginx", ...more },
  });
  const containers = schemaOf(containerKind);

  test("ports must differ in number or protocol", () => {
    const ports = [
      { containerPort: 80, protocol: "TCP" },
      { containerPort: 80, protocol: "TCP" },
    ];
    expect(lines(containers, container({ ports }))).toEqual([
      'FieldValueDuplicate spec.ports[1]: Duplicate value: {"containerPort":80,"protocol":"TCP"}',
    ]);
  });

  test.each([
    { why: "the same host port twice", second: {}, ok: false },
    { why: "another protocol", second: { protocol: "UDP" }, ok: true },
    { why: "another address", second: { hostIP: "127.0.0.1" }, ok: true },
    { why: "another host port", second: { hostPort: 9 }, ok: true },
  ])("host ports: $why", ({ second, ok }) => {
    const ports = [
      { containerPort: 80, protocol: "TCP", hostPort: 8 },
      { containerPort: 81, protocol: "TCP", hostPort: 8, ...second },
    ];
    expect(lines(containers, container({ ports }))).toEqual(
      ok
        ? []
        : [
            'FieldValueInvalid spec.ports: Invalid value: "array": two ports ask for the same hostPort: each hostPort, protocol and hostIP can be used once',
          ],
    );
  });

  test("as many ports as are allowed stay within the budget of the rules", () => {
    const ports = Array.from({ length: 128 }, (_, i) => ({ containerPort: i + 1, hostPort: i + 1, protocol: "TCP" }));
    expect(lines(containers, container({ ports }))).toEqual([]);
  });

  test("labels of ours cannot be set", () => {
    expect(lines(containers, container({ labels: { "stowage.dev/uid": "1" } }))).toEqual([
      'FieldValueInvalid spec.labels: Invalid value: "object": labels that begin with stowage.dev/ say who owns a container and cannot be set here',
    ]);
    expect(lines(containers, container({ labels: { constructor: "1", "a.b/c": "" } }))).toEqual([]);
  });

  test.each<[resources: JsonObject, ok: boolean]>([
    [{ requests: { cpu: 2 } }, true],
    [{ limits: { cpu: "2" }, requests: { memory: "1Gi" } }, true],
    [{ limits: { cpu: "2000m" } }, true],
    [{ requests: { cpu: 0 } }, false],
    [{ limits: { cpu: "0m" } }, false],
    [{ limits: { cpu: 2 }, requests: { cpu: "0" } }, false],
  ])("cpus of its own are one or more: %j", (resources, ok) => {
    expect(lines(containers, container({ cpuPolicy: "Dedicated", resources }))).toEqual(
      ok
        ? []
        : [
            'FieldValueInvalid spec.cpuPolicy: Invalid value: "object": cpuPolicy Dedicated needs one cpu or more: 0 is none',
          ],
    );
  });

  test("a unix socket has no TLS", () => {
    const tls = { secretRef: { namespace: "n", name: "s" } };
    const host = (endpoint: string): JsonObject => ({ metadata: { name: "h" }, spec: { docker: { endpoint, tls } } });
    expect(lines(schemaOf(hostKind), host("tcp://h:2376"))).toEqual([]);
    expect(lines(schemaOf(hostKind), host("unix:///var/run/docker.sock"))).toEqual([
      'FieldValueInvalid spec.docker.tls: Invalid value: "object": tls is for tcp:// endpoints: a unix socket has none',
    ]);
  });

  test("a quantity is a number with a suffix", () => {
    expect(lines(containers, container({ resources: { limits: { memory: "12Q", cpu: 2 } } }))).toEqual([
      expect.stringContaining(
        'FieldValueInvalid spec.resources.limits.memory: Invalid value: "12Q": spec.resources.limits.memory in body should match',
      ),
    ]);
  });

  test("a container without an image", () => {
    expect(lines(containers, { metadata: { name: "web" }, spec: {} })).toEqual([
      "FieldValueRequired spec.image: Required value",
      unchecked,
    ]);
  });
});

describe("rules", () => {
  const rule = (validation: JsonObject, properties: JsonObject = {}): ObjectSchema =>
    spec(properties, { "x-kubernetes-validations": [validation] });
  const integer = { type: "integer" };

  test.each([
    { why: "integers are int", rule: "self.a + 1 == 3", value: { a: 2 }, properties: { a: integer } },
    {
      why: "numbers are double",
      rule: "self.a > 1.0 && self.a < 2",
      value: { a: 1.5 },
      properties: { a: { type: "number" } },
    },
    {
      why: "date-times are timestamps",
      rule: "self.a > timestamp('2020-01-01T00:00:00Z')",
      value: { a: "2021-01-01T00:00:00Z" },
      properties: { a: { type: "string", format: "date-time" } },
    },
    {
      why: "keys of maps",
      rule: "self.a.all(k, k.size() == 1) && 'x' in self.a",
      value: { a: { x: "1", y: "2" } },
      properties: { a: { type: "object", additionalProperties: { type: "string" } } },
    },
    {
      why: "names that are no identifiers are escaped",
      rule: "self.a__dash__b == 1 && self.__namespace__ == 'x'",
      value: { "a-b": 1, namespace: "x" },
      properties: { "a-b": integer, namespace: { type: "string" } },
    },
    {
      why: "macros",
      rule: "self.a.map(x, x * 2).filter(x, x > 2).exists(x, x == 4) && self.a.exists_one(x, x == 1)",
      value: { a: [1, 2] },
      properties: { a: { type: "array", items: integer } },
    },
    {
      why: "has, ternary, matches, size",
      rule: "!has(self.b) ? self.a.matches('^a+$') && size(self.a) == 2 : false",
      value: { a: "aa" },
      properties: { a: { type: "string" }, b: { type: "string" } },
    },
    { why: "what is inherited is not there", rule: "!has(self.constructor)", value: {}, properties: {} },
  ])("$why", ({ rule: text, value, properties }) => {
    expect(lines(rule({ rule: text }, properties), { spec: value })).toEqual([]);
    expect(lines(rule({ rule: `!(${text})`, message: "m" }, properties), { spec: value })).toEqual([
      'FieldValueInvalid spec: Invalid value: "object": m',
    ]);
  });

  test("the message: as given, computed, or the rule itself", () => {
    const a = { a: integer };
    expect(lines(rule({ rule: "self.a > 5" }, a), { spec: { a: 1 } })).toEqual([
      'FieldValueInvalid spec: Invalid value: "object": failed rule: self.a > 5',
    ]);
    const computed = { rule: "self.a > 5", message: "m", messageExpression: "'a is ' + string(self.a)" };
    expect(lines(rule(computed, a), { spec: { a: 1 } })).toEqual([
      'FieldValueInvalid spec: Invalid value: "object": a is 1',
    ]);
    expect(lines(rule({ ...computed, messageExpression: "self.missing" }, a), { spec: { a: 1 } })).toEqual([
      'FieldValueInvalid spec: Invalid value: "object": m',
    ]);
  });

  test.each([
    ["FieldValueRequired", "FieldValueRequired spec.a: Required value: m"],
    ["FieldValueForbidden", "FieldValueForbidden spec.a: Forbidden: m"],
    ["FieldValueDuplicate", 'FieldValueDuplicate spec.a: Duplicate value: "object"'],
    ["FieldValueInvalid", 'FieldValueInvalid spec.a: Invalid value: "object": m'],
  ])("reason %s", (reason, line) => {
    expect(lines(rule({ rule: "false", message: "m", reason, fieldPath: ".a" }), { spec: {} })).toEqual([line]);
  });

  test("transition rules run on updates, for items that are the same by their keys", () => {
    const schema = spec({
      l: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
        items: {
          type: "object",
          required: ["k"],
          properties: {
            k: { type: "string" },
            v: { type: "integer", "x-kubernetes-validations": [{ rule: "self >= oldSelf", message: "only up" }] },
          },
        },
      },
    });
    const object = (...l: readonly (readonly [string, number])[]): JsonObject => ({
      spec: { l: l.map(([k, v]) => ({ k, v })) },
    });
    expect(lines(schema, object(["a", 1]))).toEqual([]);
    expect(lines(schema, object(["b", 1], ["a", 2]), object(["a", 2], ["b", 1]))).toEqual([]);
    expect(lines(schema, object(["b", 1], ["a", 1]), object(["a", 2]))).toEqual([
      'FieldValueInvalid spec.l[1].v: Invalid value: "integer": only up',
    ]);
  });

  test("a rule that cannot be evaluated is an error that names it", () => {
    expect(
      lines(rule({ rule: "self.a.b == 1" }, { a: { type: "object", properties: {} } }), { spec: { a: {} } }),
    ).toEqual(['FieldValueInvalid spec: Invalid value: "object": no such key: b evaluating rule: self.a.b == 1']);
  });

  test("rules that would take too long are not run", () => {
    const schema = rule(
      { rule: "self.a.all(x, self.a.all(y, self.a.all(z, x + y + z > 0)))" },
      { a: { type: "array", items: integer } },
    );
    expect(lines(schema, { spec: { a: Array.from({ length: 1000 }, () => 1) } })).toEqual([
      'FieldValueInvalid spec: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run',
    ]);
    expect(lines(schema, { spec: { a: [1, 2] } })).toEqual([]);
  });

  test("a rule may look at oldSelf where nothing was before, if it says so", () => {
    const schema = rule({ rule: "oldSelf.hasValue() || self.a > 0", optionalOldSelf: true }, { a: integer });
    expect(lines(schema, { spec: { a: 0 } })).toHaveLength(1);
    expect(lines(schema, { spec: { a: 0 } }, { spec: { a: 1 } })).toEqual([]);
  });

  test("what breaks a rule and has not changed may stay, except where the rule looks at what was before", () => {
    const inner = { type: "object", properties: { a: integer } };
    const schema = spec(
      { o: { ...inner, "x-kubernetes-validations": [{ rule: "self.a > 5", message: "small" }] }, b: integer },
      { "x-kubernetes-validations": [{ rule: "self.b > oldSelf.b || self.b == 0", message: "up" }] },
    );
    const old = { spec: { o: { a: 1 }, b: 2 } };
    expect(lines(schema, { spec: { o: { a: 1 }, b: 3 } }, old)).toEqual([]);
    expect(lines(schema, { spec: { o: { a: 2 }, b: 3 } }, old)).toEqual([
      'FieldValueInvalid spec.o: Invalid value: "object": small',
    ]);
    expect(lines(schema, old, structuredClone(old))).toEqual(['FieldValueInvalid spec: Invalid value: "object": up']);
  });

  test("rules wait until the shape is right", () => {
    expect(lines(rule({ rule: "self.a > 5" }, { a: integer }), { spec: { a: "x" } })).toEqual([
      'FieldValueTypeInvalid spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"',
      unchecked,
    ]);
  });
});
