import fc from "fast-check";
import { createPatch } from "rfc6902";
import { expect, test } from "vitest";
import { decodeBody } from "../../api/decode.ts";
import { applyJsonPatch } from "../../api/patch/json-patch.ts";
import { applyMergePatch } from "../../api/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../../api/patch/strategic-merge.ts";
import type { JsonObject } from "../../api/resources/definition.ts";
import { validateMetadata, validateMetadataUpdate } from "../../api/schema/metadata.ts";
import { structuralObjectSchema } from "../../api/schema/structural.ts";
import { parseFieldSelector } from "../../api/selectors/field-selector.ts";
import { parseLabelSelector } from "../../api/selectors/label-selector.ts";
import { ApiError } from "../../api/status.ts";

/** Keys that people use, and keys that mean something to JavaScript or to patches. */
const key = fc.constantFrom(
  "a",
  "b",
  "spec",
  "metadata",
  "labels",
  "name",
  "finalizers",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "$patch",
  "$retainKeys",
  "$setElementOrder/a",
  "$deleteFromPrimitiveList/a",
  "",
  "~",
  "/",
);
const scalar = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom("delete", "replace"),
);
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));
const hostileObject = fc
  .array(fc.tuple(key, json), { maxLength: 5 })
  .map((entries): JsonObject => Object.fromEntries(entries));

/** Without nulls (a merge patch cannot set them) and hostile keys. */
const { value: plain } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.integer(),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const plainObject = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), plain, { maxKeys: 4, noNullPrototype: true });

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 7386's other half: the patch that leads from one object to another. */
function mergePatchBetween(from: JsonObject, to: JsonObject): JsonObject {
  const gone = Object.keys(from).filter((name) => !(name in to));
  const changed = Object.entries(to).filter(([name, value]) => JSON.stringify(from[name]) !== JSON.stringify(value));
  return Object.fromEntries([
    ...gone.map((name) => [name, null]),
    ...changed.map(([name, value]) => {
      const before = from[name];
      return [name, isObject(before) && isObject(value) ? mergePatchBetween(before, value) : value];
    }),
  ]) as JsonObject;
}

const prototypeMembers = Object.getOwnPropertyNames(Object.prototype).join();

/** Runs hostile input: it may be refused, it may do nothing else. */
function survives(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
  }
  expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(prototypeMembers);
}

test("a merge patch computed from two objects leads from one to the other", () => {
  fc.assert(
    fc.property(plainObject, plainObject, (a, b) => {
      expect(applyMergePatch(a, mergePatchBetween(a, b))).toEqual(b);
    }),
  );
});

test("without merge keys and directives a strategic merge patch is a merge patch", () => {
  fc.assert(
    fc.property(plainObject, plainObject, (a, b) => {
      const patch = mergePatchBetween(a, b);
      expect(applyStrategicMergePatch(a, patch, {})).toEqual(applyMergePatch(a, patch));
    }),
  );
});

test("a JSON patch computed from two objects leads from one to the other", () => {
  fc.assert(
    fc.property(plainObject, plainObject, (a, b) => {
      expect(applyJsonPatch(a, createPatch(a, b))).toEqual(b);
    }),
  );
});

test("patches change nothing but their result, whatever they say", () => {
  const pointer = fc.array(key, { maxLength: 3 }).map((parts) => parts.map((part) => `/${part}`).join(""));
  const operation = fc.record(
    {
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test", "nope"),
      path: pointer,
      from: pointer,
      value: json,
    },
    { requiredKeys: ["op", "path"] },
  );
  fc.assert(
    fc.property(hostileObject, fc.array(operation, { maxLength: 6 }), hostileObject, (object, operations, patch) => {
      const before = JSON.stringify(object);
      survives(() => applyJsonPatch(object, operations));
      survives(() => applyMergePatch(object, patch));
      survives(() => applyStrategicMergePatch(object, patch, { a: "name", "spec.a": "", "metadata.finalizers": "" }));
      expect(JSON.stringify(object)).toBe(before);
    }),
    { numRuns: 500 },
  );
});

const schema = structuralObjectSchema({
  type: "object",
  properties: {
    spec: {
      type: "object",
      default: {},
      properties: {
        a: { type: "string", default: "x" },
        b: {
          type: "array",
          "x-kubernetes-list-type": "set",
          items: { type: "object", properties: { a: { type: "integer", default: 1 } } },
        },
        labels: {
          type: "object",
          additionalProperties: { type: "object", properties: { a: { type: "string", default: "y" } } },
        },
        constructor: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
      "x-kubernetes-validations": [{ rule: "!has(self.b) || self.b.size() < 3" }],
    },
  },
});

test("pruning and defaulting again finds nothing to do", () => {
  fc.assert(
    fc.property(hostileObject, (object) => {
      schema.prune(object);
      schema.applyDefaults(object);
      const once = JSON.stringify(object);
      expect(schema.prune(object)).toEqual([]);
      schema.applyDefaults(object);
      expect(JSON.stringify(object)).toBe(once);
    }),
    { numRuns: 500 },
  );
});

test("any object can be validated", () => {
  const definition = {
    group: "",
    version: "v1",
    plural: "things",
    kind: "Thing",
    namespaced: true,
    singular: "thing",
    listKind: "ThingList",
    shortNames: [],
    categories: [],
    verbs: [],
    subresources: new Set<string>(),
    columns: [],
    schema,
    openAPISchema: {},
    selectableFields: {},
    hasGeneration: false,
  };
  fc.assert(
    fc.property(hostileObject, hostileObject, (object, old) => {
      survives(() => schema.validate(object, old));
      survives(() => validateMetadata(object, definition));
      survives(() => validateMetadataUpdate(object, old, definition));
    }),
    { numRuns: 500 },
  );
});

test("any body is decoded or refused", () => {
  const types = fc.constantFrom(undefined, "application/json", "application/yaml", "text/plain");
  const yaml = fc
    .array(
      fc.constantFrom(
        "a: ",
        "- ",
        "b",
        "\n",
        "  ",
        "&x ",
        "*x",
        "[",
        "]",
        "{",
        "}",
        ": ",
        "? ",
        "|\n",
        "'",
        '"',
        "---\n",
        "!!map ",
        "<<: ",
        "#",
      ),
    )
    .map((parts) => parts.join(""));
  const texts = fc.oneof(
    fc.string(),
    json.map((value) => JSON.stringify(value)),
    yaml,
  );
  fc.assert(
    fc.property(texts, types, (text, type) => {
      survives(() => decodeBody(new TextEncoder().encode(text), type, { findDuplicates: true }));
    }),
    { numRuns: 500 },
  );
});

test("any selector is read or refused", () => {
  const parts = fc.constantFrom(
    "a",
    "in",
    "notin",
    "=",
    "==",
    "!=",
    "!",
    "(",
    ")",
    ",",
    ">",
    "<",
    " ",
    "metadata.name",
    "constructor",
    "\\",
    "x/y",
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(parts).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(texts, (text) => {
      survives(() => parseLabelSelector(text)({ a: "1" }));
      survives(() => parseFieldSelector(text, { namespaced: true, selectableFields: {} }));
    }),
    { numRuns: 500 },
  );
});
