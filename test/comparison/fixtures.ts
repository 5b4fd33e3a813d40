/** Kinds that many sequences share: they are made once, for making one takes a real kube-apiserver long. */

export const fixtureGroup = "fixtures.example.com";

type Schema = Readonly<Record<string, unknown>>;

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema: { readonly openAPIV3Schema: Schema };
  readonly subresources?: object;
  readonly additionalPrinterColumns?: readonly object[];
}

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly [Version, ...Version[]];
  };
}

/** A CustomResourceDefinition's version whose `spec` has these properties. */
export function version(name: string, spec: Schema, more: Partial<Version> = {}): Version {
  return {
    name,
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: spec } } } },
    ...more,
  };
}

export function definition(
  group: string,
  kind: string,
  versions: readonly [Version, ...Version[]],
  scope: Definition["spec"]["scope"] = "Namespaced",
): Definition {
  const plural = `${kind.toLowerCase()}s`;
  const names = { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` };
  return {
    metadata: { name: `${plural}.${group}` },
    ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
    spec: { group, scope, names, versions },
  };
}

const text = { type: "string" };
const integer = { type: "integer" };

/** With the subresources status and scale, printer columns, and lists of every type. */
const widget = definition(fixtureGroup, "Widget", [
  {
    ...version("v1", {}),
    schema: {
      openAPIV3Schema: {
        type: "object",
        properties: {
          spec: {
            type: "object",
            properties: {
              size: { ...integer, minimum: 0, maximum: 100, description: "How large it is" },
              color: { ...text, default: "red" },
              replicas: integer,
              when: { ...text, format: "date-time" },
              tags: { type: "array", items: text },
              words: { type: "array", items: text, "x-kubernetes-list-type": "set" },
              frozen: { type: "array", items: text, "x-kubernetes-list-type": "atomic" },
              ports: {
                type: "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "protocol"],
                items: {
                  type: "object",
                  required: ["port"],
                  properties: { port: integer, protocol: { ...text, default: "TCP" }, name: text },
                },
              },
              // No int-or-string here: Kubernetes 1.20 then applies without a schema ("has invalid property: anyOf").
              limits: { type: "object", additionalProperties: text },
              settled: { type: "object", "x-kubernetes-map-type": "atomic", properties: { a: text, b: text } },
            },
          },
          status: {
            type: "object",
            properties: {
              phase: text,
              replicas: integer,
              selector: text,
              conditions: {
                type: "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
                items: { type: "object", required: ["type"], properties: { type: text, status: text } },
              },
            },
          },
        },
      },
    },
    subresources: {
      status: {},
      scale: {
        specReplicasPath: ".spec.replicas",
        statusReplicasPath: ".status.replicas",
        labelSelectorPath: ".status.selector",
      },
    },
    additionalPrinterColumns: [
      { name: "Size", type: "integer", jsonPath: ".spec.size", description: "How large it is" },
      { name: "Color", type: "string", jsonPath: ".spec.color", priority: 1 },
      { name: "Phase", type: "string", jsonPath: ".status.phase" },
      { name: "Port", type: "integer", jsonPath: ".spec.ports[?(@.name=='web')].port" },
      { name: "When", type: "date", jsonPath: ".spec.when" },
    ],
  },
]);

/** Cluster-scoped, in two versions with other defaults, without subresources or columns. */
const gauge = definition(
  fixtureGroup,
  "Gauge",
  [
    version("v1", { level: integer, unit: { ...text, default: "litre" } }),
    version("v1beta1", { level: integer, unit: { ...text, default: "gallon" }, old: text }, { storage: false }),
    version("v1alpha1", { level: integer }, { storage: false, served: false }),
  ],
  "Cluster",
);

export const stringFormats: readonly string[] = [
  ...["date-time", "date", "duration", "byte", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uri", "uuid"],
  ...["uuid3", "uuid4", "uuid5", "isbn", "isbn10", "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor", "password"],
  ...["bsonobjectid", "made-up"],
];

/** A property for every keyword of a schema. */
const sample = definition(fixtureGroup, "Sample", [
  version("v1", {
    minLength: { ...text, minLength: 2 },
    maxLength: { ...text, maxLength: 2 },
    pattern: { ...text, pattern: "^[a-z]+$" },
    words: { ...text, enum: ["one", "two"] },
    numbers: { ...integer, enum: [1, 2] },
    minimum: { type: "number", minimum: 2 },
    maximum: { type: "number", maximum: 2 },
    above: { type: "number", minimum: 2, exclusiveMinimum: true },
    below: { type: "number", maximum: 2, exclusiveMaximum: true },
    multiple: { type: "number", multipleOf: 3 },
    int32: { ...integer, format: "int32" },
    int64: { ...integer, format: "int64" },
    float: { type: "number", format: "float" },
    minItems: { type: "array", items: text, minItems: 2 },
    maxItems: { type: "array", items: text, maxItems: 2 },
    minProperties: { type: "object", additionalProperties: text, minProperties: 2 },
    maxProperties: { type: "object", additionalProperties: text, maxProperties: 2 },
    required: { type: "object", required: ["a", "b"], properties: { a: text, b: text } },
    map: { type: "object", additionalProperties: integer },
    text,
    integer,
    number: { type: "number" },
    boolean: { type: "boolean" },
    list: { type: "array", items: integer },
    object: { type: "object", properties: { known: text } },
    deep: {
      type: "array",
      items: { type: "object", properties: { a: { type: "object", additionalProperties: { ...text, maxLength: 1 } } } },
    },
    nullable: { ...text, nullable: true },
    nullableWithDefault: { ...text, nullable: true, default: "set" },
    withDefault: { ...text, default: "set" },
    objectWithDefaults: { type: "object", default: {}, properties: { inner: { ...text, default: "set" } } },
    listWithDefaults: { type: "array", items: { type: "object", properties: { inner: { ...text, default: "set" } } } },
    mapWithDefaults: {
      type: "object",
      additionalProperties: { type: "object", properties: { inner: { ...text, default: "set" } } },
    },
    intOrString: { "x-kubernetes-int-or-string": true },
    intOrStringWithPattern: {
      "x-kubernetes-int-or-string": true,
      anyOf: [{ type: "integer" }, { type: "string" }],
      pattern: "^\\d+%$",
    },
    preserved: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { known: integer } },
    anything: { "x-kubernetes-preserve-unknown-fields": true },
    embedded: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    pruned: { type: "object", "x-kubernetes-embedded-resource": true, properties: { spec: { type: "object" } } },
    anyOf: { ...text, anyOf: [{ minLength: 3 }, { pattern: "^x" }] },
    oneOf: { ...text, oneOf: [{ minLength: 3 }, { pattern: "^x" }] },
    allOf: { ...text, allOf: [{ minLength: 3 }, { pattern: "^x" }] },
    not: { ...text, not: { pattern: "^x" } },
    set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
    keyed: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["key"],
      items: { type: "object", required: ["key"], properties: { key: text, value: integer } },
    },
    formats: {
      type: "object",
      properties: Object.fromEntries(stringFormats.map((format) => [format, { ...text, format }])),
    },
  }),
]);

export const fixtures: readonly Definition[] = [widget, gauge, sample];
