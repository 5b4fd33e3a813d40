/** CustomResourceDefinitions: what they may say, and how a kind comes, changes and goes. */
import { definition, version } from "../fixtures.ts";
import { area, changed, each, get, named, only, patch, post, put, remove, until } from "../sequence.ts";
import type { Body, RequestStep, Sequence, Step } from "../sequence.ts";
import { definitions } from "./paths.ts";

const text = { type: "string" };
const v1 = { ...version("v1", { size: { type: "integer" } }) };
const thing = definition("$group", "Thing", [v1]) as unknown as Readonly<Record<"metadata" | "spec", Body>>;
const things = "/apis/$group/v1/namespaces/$ns/things";
const at = `${definitions}/things.$group`;

const changedSpec = (change: Body): Body => ({ ...thing, spec: { ...thing.spec, ...change } });
const changedNames = (names: Body): Body => changedSpec({ names: { ...(thing.spec["names"] as Body), ...names } });
const withVersions = (...versions: readonly Body[]): Body => changedSpec({ versions });
const withSchema = (schema: unknown): Body => withVersions({ ...v1, schema: { openAPIV3Schema: schema } });
const withProperty = (property: unknown): Body =>
  withSchema({ type: "object", properties: { spec: { type: "object", properties: { a: property } } } });
const list = (more: Body): Body => ({ type: "array", items: text, ...more });

/** Definitions that are refused, or whose words are changed. */
const shapes: Readonly<Record<string, Body>> = {
  "without a spec": { ...thing, spec: undefined },
  "without a group": changedSpec({ group: undefined }),
  "with a group in capitals": changedSpec({ group: "Example.com" }),
  "with a group without a dot": { ...changedSpec({ group: "example" }), metadata: { name: "things.example" } },
  "with a protected group": { ...changedSpec({ group: "x.k8s.io" }), metadata: { name: "things.x.k8s.io" } },
  "with an approved group": {
    ...changedSpec({ group: "x.k8s.io", versions: [] }),
    metadata: { name: "things.x.k8s.io", annotations: { "api-approved.kubernetes.io": "unapproved, testing-only" } },
  },
  "with a group badly approved": {
    ...changedSpec({ group: "x.k8s.io" }),
    metadata: { name: "things.x.k8s.io", annotations: { "api-approved.kubernetes.io": "because" } },
  },
  "with another name": { ...thing, metadata: { name: "odd.$group" } },
  "without a scope": changedSpec({ scope: undefined }),
  "with an odd scope": changedSpec({ scope: "Odd" }),
  "without names": changedSpec({ names: undefined }),
  "without a plural": changedNames({ plural: undefined }),
  "without a kind": changedNames({ kind: undefined }),
  "with a plural in capitals": { ...changedNames({ plural: "Things" }), metadata: { name: "Things.$group" } },
  "with a kind that is no word": changedNames({ kind: "A thing" }),
  "with the kind of its list": changedNames({ listKind: "Thing" }),
  "with bad short names": changedNames({ shortNames: ["A_b", ""] }),
  "with bad categories": changedNames({ categories: ["A_b"] }),
  "with a bad singular": changedNames({ singular: "A_b" }),
  "without versions": changedSpec({ versions: [] }),
  "without any word about versions": changedSpec({ versions: undefined }),
  "with no storage version": withVersions({ ...v1, storage: false }),
  "with two storage versions": withVersions(v1, { ...v1, name: "v2" }),
  "with the same version twice": withVersions(v1, { ...v1, storage: false }),
  "with a version that is no word": withVersions({ ...v1, name: "V 1" }),
  "with a version without a name": withVersions({ ...v1, name: "" }),
  "with a version that is deprecated with a long warning": withVersions({
    ...v1,
    deprecated: true,
    deprecationWarning: "x".repeat(300),
  }),
  "with a warning without deprecation": withVersions({ ...v1, deprecationWarning: "x" }),
  "without a schema": withVersions({ ...v1, schema: undefined }),
  "with an empty schema": withVersions({ ...v1, schema: {} }),
  "with preserveUnknownFields": changedSpec({ preserveUnknownFields: true }),
  "with an odd conversion": changedSpec({ conversion: { strategy: "Odd" } }),
  "with a webhook without anything": changedSpec({ conversion: { strategy: "Webhook" } }),
  "with a webhook without versions": changedSpec({
    conversion: { strategy: "Webhook", webhook: { clientConfig: { url: "https://a.example.com" } } },
  }),
  "with a webhook over HTTP": changedSpec({
    conversion: {
      strategy: "Webhook",
      webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: "http://a.example.com/?q#f" } },
    },
  }),
  "with a webhook for no conversion": changedSpec({
    conversion: { strategy: "None", webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: "https://a" } } },
  }),
  "with a webhook of unknown versions": changedSpec({
    conversion: {
      strategy: "Webhook",
      webhook: { conversionReviewVersions: ["v9"], clientConfig: { url: "https://a.example.com" } },
    },
  }),
  "with a column without a name": withVersions({
    ...v1,
    additionalPrinterColumns: [{ name: "", type: "string", jsonPath: ".spec.size" }],
  }),
  "with a column of an odd type": withVersions({
    ...v1,
    additionalPrinterColumns: [{ name: "A", type: "odd", jsonPath: ".spec.size" }],
  }),
  "with a column of an odd format": withVersions({
    ...v1,
    additionalPrinterColumns: [{ name: "A", type: "integer", format: "odd", jsonPath: ".spec.size" }],
  }),
  "with a column of an odd path": withVersions({
    ...v1,
    additionalPrinterColumns: [{ name: "A", type: "string", jsonPath: "spec[" }],
  }),
  "with a column without a path": withVersions({ ...v1, additionalPrinterColumns: [{ name: "A", type: "string" }] }),
  "with scale without paths": withVersions({ ...v1, subresources: { scale: {} } }),
  "with scale of odd paths": withVersions({
    ...v1,
    subresources: {
      scale: { specReplicasPath: "spec", statusReplicasPath: ".spec.a", labelSelectorPath: ".metadata" },
    },
  }),
  "with scale of a path in a list": withVersions({
    ...v1,
    subresources: { scale: { specReplicasPath: ".spec.a[0]", statusReplicasPath: ".status.b" } },
  }),
  "with status that is text": withVersions({ ...v1, subresources: { status: "yes" } }),
  "with a status of its own": { ...thing, status: { conditions: [{ type: "Established", status: "True" }] } },
  "with an unknown field": changedSpec({ made: "up" }),
  "with a kind of its own": { ...thing, kind: "Odd" },
};

/** Schemas of one property that are refused. */
const properties: Readonly<Record<string, unknown>> = {
  "without a type": {},
  "of an odd type": { type: "odd" },
  "of type null": { type: "null" },
  "a list without items": { type: "array" },
  "a list with two items": { type: "array", items: [text, text] },
  "with properties and additionalProperties": { type: "object", properties: { a: text }, additionalProperties: text },
  "with additionalProperties false": { type: "object", additionalProperties: false },
  "with additionalProperties true": { type: "object", additionalProperties: true },
  "with $ref": { $ref: "#/definitions/a" },
  "with definitions": { ...text, definitions: { a: text } },
  "with dependencies": { type: "object", dependencies: { a: ["b"] } },
  "with patternProperties": { type: "object", patternProperties: { a: text } },
  "with additionalItems": { type: "array", items: text, additionalItems: text },
  "with uniqueItems": list({ uniqueItems: true }),
  "with id": { ...text, id: "a" },
  "with $schema": { ...text, $schema: "a" },
  "with a bad pattern": { ...text, pattern: "(" },
  "with a default of a wrong type": { ...text, default: 5 },
  "with a default that breaks a rule": { ...text, minLength: 3, default: "a" },
  "with a default that is pruned": { type: "object", properties: { a: text }, default: { b: 1 } },
  "with a default that is null": { ...text, default: null },
  "with a default below not": { ...text, not: { default: "a", pattern: "b" } },
  "with a type below anyOf": { ...text, anyOf: [{ type: "string" }] },
  "with a description below allOf": { ...text, allOf: [{ description: "a" }] },
  "with nullable below oneOf": { ...text, oneOf: [{ nullable: true }] },
  "with properties below anyOf that are nowhere else": {
    type: "object",
    anyOf: [{ properties: { a: { minLength: 1 } } }],
  },
  "with additionalProperties below not": { type: "object", not: { additionalProperties: { pattern: "a" } } },
  "with an odd list type": list({ "x-kubernetes-list-type": "odd" }),
  "with a list type on text": { ...text, "x-kubernetes-list-type": "set" },
  "with map keys without a map": list({ "x-kubernetes-list-map-keys": ["a"] }),
  "with a map list without keys": {
    type: "array",
    items: { type: "object", properties: { a: text } },
    "x-kubernetes-list-type": "map",
  },
  "with a map list of an unknown key": {
    type: "array",
    items: { type: "object", properties: { a: text }, required: ["a"] },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["b"],
  },
  "with a map list of the same key twice": {
    type: "array",
    items: { type: "object", properties: { a: text }, required: ["a"] },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["a", "a"],
  },
  "with a map list of text": list({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"] }),
  "with a map list whose key is an object": {
    type: "array",
    items: { type: "object", properties: { a: { type: "object" } }, required: ["a"] },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["a"],
  },
  "with a map list whose key is optional": {
    type: "array",
    items: { type: "object", properties: { a: text } },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["a"],
  },
  "with a map list whose key may be null": {
    type: "array",
    items: { type: "object", properties: { a: { ...text, nullable: true } }, required: ["a"] },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["a"],
  },
  "with a set of objects": {
    type: "array",
    items: { type: "object", properties: { a: text } },
    "x-kubernetes-list-type": "set",
  },
  "with a set of atomic objects": {
    type: "array",
    items: { type: "object", properties: { a: text }, "x-kubernetes-map-type": "atomic" },
    "x-kubernetes-list-type": "set",
  },
  "with a set whose items may be null": {
    type: "array",
    items: { ...text, nullable: true },
    "x-kubernetes-list-type": "set",
  },
  "with an odd map type": { type: "object", "x-kubernetes-map-type": "odd" },
  "with a map type on text": { ...text, "x-kubernetes-map-type": "atomic" },
  "with int-or-string and a type": { type: "integer", "x-kubernetes-int-or-string": true },
  "with int-or-string and another anyOf": { "x-kubernetes-int-or-string": true, anyOf: [{ type: "string" }] },
  "with preserve-unknown-fields false": { type: "object", "x-kubernetes-preserve-unknown-fields": false },
  "with an embedded resource that is text": { ...text, "x-kubernetes-embedded-resource": true },
  "with an embedded resource without properties": { type: "object", "x-kubernetes-embedded-resource": true },
  "with rules for metadata of an embedded resource": {
    type: "object",
    "x-kubernetes-embedded-resource": true,
    properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } },
  },
  "with a negative maxLength": { ...text, maxLength: -1 },
  "with an enum of nothing": { ...text, enum: [] },
  "with an unknown keyword": { ...text, made: "up" },
  "with a type that is a list": { type: ["string", "null"] },
  "with required that is true": { type: "object", required: true },
};

const roots: Readonly<Record<string, unknown>> = {
  "that is no object": { type: "string" },
  "without a type": { properties: {} },
  "with rules for metadata": {
    type: "object",
    properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } },
  },
  "with a rule for the name": {
    type: "object",
    properties: { metadata: { type: "object", properties: { name: { ...text, pattern: "^a" } } } },
  },
  "with a rule for the kind": { type: "object", properties: { kind: { ...text, enum: ["Thing"] } } },
  "with a metadata that is text": { type: "object", properties: { metadata: text } },
  "that is nullable": { type: "object", nullable: true },
  "with a default": { type: "object", default: {} },
  "with a default for metadata": {
    type: "object",
    properties: { metadata: { type: "object", properties: { name: { ...text, default: "a" } } } },
  },
  "that preserves unknown fields": { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  "that is an embedded resource": { type: "object", "x-kubernetes-embedded-resource": true },
};

const tried = (body: Body): readonly Step[] => [post(`${definitions}?dryRun=All`, body)];
const refused = [
  ...area("definition", each(shapes, tried)),
  ...area(
    "schema of a property",
    each(properties, (property) => tried(withProperty(property))),
  ),
  ...area(
    "schema of the root",
    each(roots, (root) => tried(withSchema(root))),
  ),
];

const isServed = (status: number): boolean => status === 200;
const isTrue =
  (type: string) =>
  (_: number, body: Body): boolean =>
    ((body["status"] as Body | undefined)?.["conditions"] as readonly Body[] | undefined)?.some(
      (condition) => condition["type"] === type && condition["status"] === "True",
    ) ?? false;
const isBeingDeleted = (_: number, body: Body): boolean =>
  (body["metadata"] as Body | undefined)?.["deletionTimestamp"] !== undefined;
const served = (path = things): RequestStep => until(get(path), isServed);
/**
 * Kubernetes 1.20 serves a kind once its names are accepted (ServeHTTP in customresource_handler.go), a moment before it
 * is established; and one that is deleted in that moment leaves its objects (sync in crd_finalizer.go).
 */
const established = only(until(get(at), isTrue("Established")), ({ spec }) => spec);
const gone = (path: string): RequestStep => until(get(path), (status) => status === 404);
const object = (metadata: Body = {}, more: Body = {}): Body => ({
  ...{ apiVersion: "$group/v1", kind: "Thing", metadata: { name: "a", ...metadata } },
  ...more,
});
const spec = (body: Body): unknown => body["spec"];

/** Custom kinds list their verbs in another order than built-in ones. */
const withVerbsSorted = ({ resources }: Body): unknown =>
  (resources as readonly { verbs: readonly string[] }[]).map((one) => ({ ...one, verbs: one.verbs.toSorted() }));

const lives = area("life of a definition", {
  "it is created, established, served and deleted": [
    post(definitions, thing),
    until(get(at), isTrue("Established")),
    served(),
    served("/apis/$group"),
    only(served("/apis/$group/v1"), withVerbsSorted),
    post(things, object({}, { spec: { size: 1 } })),
    remove(`${things}/a`),
    only(remove(at), spec),
  ],
  "its names are taken": [
    post(definitions, thing),
    until(get(at), isTrue("Established")),
    post(definitions, {
      ...definition("$group", "Other", [v1]),
      spec: {
        ...definition("$group", "Other", [v1]).spec,
        names: { plural: "others", singular: "thing", kind: "Thing", listKind: "ThingList", shortNames: ["things"] },
      },
    }),
    until(
      get(`${definitions}/others.$group`),
      (_, body) => (body["status"] as Body | undefined)?.["conditions"] !== null,
    ),
    get("/apis/$group/v1/others"),
    only(remove(`${definitions}/others.$group`), spec),
    only(remove(at), spec),
  ],
  "its schema changes": [
    post(definitions, thing),
    established,
    served(),
    post(things, object({}, { spec: { size: 1, word: "pruned" } })),
    named("definition", get(at)),
    only(put(at, changed("definition", withProperty(text))), spec),
    until(post(`${things}?dryRun=All`, object({ name: "b" }, { spec: { a: 5 } })), (status) => status === 422),
    patch("merge", `${things}/a`, { spec: { a: "kept" } }),
    get(`${things}/a`),
    only(remove(at), spec),
  ],
  "a default shows in what was stored before": [
    post(definitions, thing),
    established,
    served(),
    post(things, object({}, { spec: {} })),
    only(patch("merge", at, { spec: { versions: [version("v1", { word: { ...text, default: "late" } })] } }), spec),
    until(get(`${things}/a`), (_, body) => (body["spec"] as Body)["word"] === "late"),
    get(things),
    only(remove(at), spec),
  ],
  "a version is added, served and becomes the stored one": [
    post(definitions, thing),
    established,
    served(),
    post(things, object({}, { spec: { size: 1 } })),
    patch("merge", at, { spec: { versions: [v1, { ...v1, name: "v2", storage: false }] } }),
    served("/apis/$group/v2/namespaces/$ns/things/a"),
    patch("merge", at, {
      spec: {
        versions: [
          { ...v1, storage: false },
          { ...v1, name: "v2" },
        ],
      },
    }),
    until(get(at), (_, body) => ((body["status"] as Body)["storedVersions"] as readonly string[]).length === 2),
    patch("merge", at, { spec: { versions: [{ ...v1, name: "v2" }] } }),
    patch("merge", at, {
      spec: {
        versions: [
          { ...v1, served: false, storage: false },
          { ...v1, name: "v2" },
        ],
      },
    }),
    gone("/apis/$group/v1/namespaces/$ns/things/a"),
    patch("merge", `${at}/status`, { status: { storedVersions: ["v2"] } }),
    patch("merge", `${at}/status`, { status: { storedVersions: [] } }),
    only(remove(at), () => ""),
  ],
  "what cannot be changed": [
    post(definitions, thing),
    until(get(at), isTrue("Established")),
    patch("merge", at, { spec: { group: "other.example.com" } }),
    patch("merge", at, { spec: { scope: "Cluster" } }),
    patch("merge", at, { spec: { names: { kind: "Other" } } }),
    patch("merge", at, { spec: { names: { plural: "others" } } }),
    patch("merge", at, { spec: { preserveUnknownFields: true } }),
    patch("merge", at, { spec: { versions: [] } }),
    patch("merge", at, { status: { acceptedNames: { plural: "others" } } }),
    only(remove(at), () => ""),
  ],
  "a kind that is deleted with objects that wait": [
    post(definitions, thing),
    established,
    served(),
    post(things, object({ finalizers: ["example.com/wait"] })),
    only(remove(at), () => ""),
    until(get(`${things}/a`), isBeingDeleted),
    until(get(at), isTrue("Terminating")),
    post(things, object({ name: "b" })),
    patch("merge", `${things}/a`, { metadata: { finalizers: null } }),
    gone(at),
    gone(things),
  ],
  "a kind with objects is deleted, and made again": [
    post(definitions, thing),
    established,
    served(),
    post(things, object()),
    only(remove(at), () => ""),
    gone(at),
    gone(things),
    only(post(definitions, thing), spec),
    served(),
    get(`${things}/a`),
    only(remove(at), () => ""),
  ],
  "a deprecated version warns": [
    only(post(definitions, withVersions({ ...v1, deprecated: true }, { ...v1, name: "v2", storage: false })), spec),
    served(),
    get("/apis/$group/v2/namespaces/$ns/things"),
    post(things, object()),
    only(remove(at), () => ""),
  ],
  "a deprecated version warns in its own words": [
    only(post(definitions, withVersions({ ...v1, deprecated: true, deprecationWarning: 'say "no" to it' })), spec),
    served(),
    only(remove(at), () => ""),
  ],
  "defaults of the definition": [
    post(definitions, {
      ...thing,
      spec: { ...thing.spec, names: { plural: "things", kind: "Thing" } },
    }),
    until(get(at), isTrue("Established")),
    only(remove(at), spec),
  ],
  "a definition with categories and short names": [
    post(definitions, changedNames({ shortNames: ["th"], categories: ["all"] })),
    until(get(at), isTrue("Established")),
    served(),
    only(served("/apis/$group/v1"), withVerbsSorted),
    only(remove(at), () => ""),
  ],
  "a definition is patched and applied": [
    post(definitions, thing),
    until(get(at), isTrue("Established")),
    patch("strategic", at, { metadata: { labels: { a: "b" } } }),
    patch("json", at, [{ op: "add", path: "/metadata/labels/c", value: "d" }]),
    only(patch("apply", `${at}?fieldManager=one&force=true`, thing), spec),
    only(remove(at), () => ""),
  ],
  "its table": [
    post(definitions, thing),
    until(get(at), isTrue("Established")),
    get(at, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" }),
    only(remove(at), () => ""),
  ],
  "a kind of two scopes in one group": [
    only(post(definitions, definition("$group", "Thing", [v1], "Cluster")), spec),
    served("/apis/$group/v1/things"),
    post("/apis/$group/v1/things", object({ name: "c", namespace: "$ns" })),
    post("/apis/$group/v1/things", object({ name: "c" })),
    get("/apis/$group/v1/things/c"),
    get(things),
    only(remove(at), () => ""),
  ],
});

export const customResourceDefinitions: readonly Sequence[] = [...refused, ...lives];
