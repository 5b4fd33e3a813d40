import { describe, expect, test } from "vitest";
import type { JsonObject, ResourceDefinition } from "../resources/definition.ts";
import { ApiError } from "../status.ts";
import { validateMetadata, validateMetadataUpdate } from "./metadata.ts";

const definition = (more: Partial<ResourceDefinition> = {}): ResourceDefinition => ({
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
  singular: "configmap",
  listKind: "ConfigMapList",
  shortNames: [],
  categories: [],
  verbs: [],
  subresources: new Set(),
  columns: [],
  schema: { prune: () => [], applyDefaults: () => undefined, validate: () => [] },
  openAPISchema: {},
  selectableFields: {},
  hasGeneration: false,
  ...more,
});
const namespaces = definition({ plural: "namespaces", kind: "Namespace", namespaced: false });
const roles = definition({ group: "rbac.authorization.k8s.io", plural: "roles", kind: "Role" });

const object = (metadata: unknown): JsonObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata });
const lines = (metadata: JsonObject, of = definition()): readonly string[] =>
  validateMetadata(object({ ...(of.namespaced ? { namespace: "n" } : {}), name: "a", ...metadata }), of).map(
    ({ field, message }) => `${field ?? ""}: ${message ?? ""}`,
  );

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe("validateMetadata", () => {
  test.each([
    { metadata: { name: "a.b-c.1" } },
    { metadata: { generateName: "a-" } },
    { metadata: { name: "system:a" }, of: roles },
    { metadata: { labels: { a: "", "x.y/Z_1": "v.1-_x" }, annotations: { "x.y/ANY": "a b\n" } } },
    {
      metadata: {
        finalizers: ["x.y/z"],
        ownerReferences: [{ apiVersion: "v1", kind: "K", name: "n", uid: "u", controller: true }],
      },
    },
    { metadata: { labels: null, creationTimestamp: null } },
  ])("accepts $metadata", ({ metadata, of }) => {
    expect(lines(metadata, of)).toEqual([]);
  });

  test.each<{ metadata: JsonObject; of?: ResourceDefinition; want: readonly unknown[] }>([
    { metadata: { name: "A" }, want: [`metadata.name: Invalid value: "A": ${subdomain}`] },
    { metadata: { name: "a.b" }, of: namespaces, want: ['metadata.name: Invalid value: "a.b": must not contain dots'] },
    { metadata: { name: "A" }, of: namespaces, want: [`metadata.name: Invalid value: "A": ${label}`] },
    { metadata: { name: "a/b" }, of: roles, want: ["metadata.name: Invalid value: \"a/b\": may not contain '/'"] },
    { metadata: { name: "" }, want: ["metadata.name: Required value: name or generateName is required"] },
    { metadata: { name: "a".repeat(254) }, want: [expect.stringContaining("must be no more than 253 characters")] },
    { metadata: { generateName: "A-" }, want: [`metadata.generateName: Invalid value: "A-": ${subdomain}`] },
    { metadata: { namespace: "" }, want: ["metadata.namespace: Required value"] },
    { metadata: { namespace: "x" }, of: namespaces, want: ["metadata.namespace: Forbidden: not allowed on this type"] },
    {
      metadata: { labels: { "a b": "1" } },
      want: [expect.stringContaining('metadata.labels: Invalid value: "a b": name part must consist of')],
    },
    { metadata: { labels: { "a/b/c": "1" } }, want: [expect.stringContaining("a qualified name must consist of")] },
    {
      metadata: { labels: { "/b": "1" } },
      want: ['metadata.labels: Invalid value: "/b": prefix part must be non-empty'],
    },
    {
      metadata: { labels: { a: "x".repeat(64) } },
      want: [expect.stringContaining("must be no more than 63 characters")],
    },
    {
      metadata: { labels: { a: "-" } },
      want: [expect.stringContaining('metadata.labels: Invalid value: "-": a valid label must be')],
    },
    {
      metadata: { annotations: { a: "x".repeat(262_144) } },
      want: ["metadata.annotations: Too long: may not be more than 262144 bytes"],
    },
    {
      metadata: { finalizers: ["x.y/a b"] },
      want: [expect.stringContaining('metadata.finalizers: Invalid value: "x.y/a b"')],
    },
    {
      metadata: { finalizers: ["kubernetes", "wait"] },
      want: [
        'metadata.finalizers[1]: Invalid value: "wait": name is neither a standard finalizer name nor is it fully qualified',
      ],
    },
    {
      metadata: { generation: -1 },
      want: ["metadata.generation: Invalid value: -1: must be greater than or equal to 0"],
    },
    {
      metadata: { finalizers: ["orphan", "foregroundDeletion"] },
      want: [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
      ],
    },
    {
      metadata: { ownerReferences: [{ apiVersion: "v1", kind: "K" }] },
      want: [
        'metadata.ownerReferences.name: Invalid value: "": name must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty',
      ],
    },
    {
      metadata: {
        ownerReferences: ["a", "b"].map((name) => ({ apiVersion: "v1", kind: "K", name, uid: name, controller: true })),
      },
      want: [
        expect.stringContaining(
          'Only one reference can have Controller set to true. Found "true" in references for K/a and K/b',
        ),
      ],
    },
  ])("refuses $metadata", ({ metadata, of, want }) => {
    expect(lines(metadata, of)).toEqual(want);
  });

  test.each([
    [
      { labels: { a: 1 } },
      "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [
      { labels: ["a"] },
      "cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
    ],
    [
      { annotations: { a: null } },
      "cannot unmarshal null into Go struct field ObjectMeta.metadata.annotations of type string",
    ],
    [{ name: 5 }, "cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string"],
    [
      { finalizers: "x" },
      "cannot unmarshal string into Go struct field ObjectMeta.metadata.finalizers of type []string",
    ],
    [
      { ownerReferences: [{ controller: "yes" }] },
      "cannot unmarshal string into Go struct field ObjectMeta.metadata.ownerReferences.controller of type bool",
    ],
    [{ generation: 1.5 }, "cannot unmarshal number into Go struct field ObjectMeta.metadata.generation of type int64"],
    [{ creationTimestamp: "yesterday" }, '"yesterday" is not an RFC 3339 time'],
    [
      "x",
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta',
    ],
  ])("%j cannot be decoded", (metadata, says) => {
    try {
      validateMetadata(object(metadata), definition());
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ApiError);
      expect((error as ApiError).code).toBe(400);
      expect((error as ApiError).message).toContain(says);
    }
  });
});

describe("validateMetadataUpdate", () => {
  const old = { name: "a", namespace: "n", uid: "u", creationTimestamp: "2026-01-01T00:00:00Z", finalizers: ["x.y/a"] };
  const update = (metadata: JsonObject, before: JsonObject = old): readonly string[] =>
    validateMetadataUpdate(object(metadata), object(before), definition()).map(
      ({ field, message }) => `${field ?? ""}: ${message ?? ""}`,
    );

  test("what stays, or is left out, is fine", () => {
    expect(update(old)).toEqual([]);
    expect(update({ name: "a", uid: "", creationTimestamp: null, labels: { new: "1" } })).toEqual([]);
  });

  test.each([
    [{ name: "b" }, 'metadata.name: Invalid value: "b": field is immutable'],
    [{ namespace: "m" }, 'metadata.namespace: Invalid value: "m": field is immutable'],
    [{ uid: "v" }, 'metadata.uid: Invalid value: "v": field is immutable'],
    [
      { creationTimestamp: "2027-01-01T00:00:00Z" },
      'metadata.creationTimestamp: Invalid value: "2027-01-01T00:00:00Z": field is immutable',
    ],
    [
      { deletionTimestamp: "2027-01-01T00:00:00Z" },
      'metadata.deletionTimestamp: Invalid value: "2027-01-01T00:00:00Z": field is immutable',
    ],
  ])("%j cannot change", (change, line) => {
    expect(update({ ...old, ...change })).toEqual([line]);
  });

  test("finalizers can only go once an object is being deleted", () => {
    const deleting = { ...old, deletionTimestamp: "2026-02-01T00:00:00Z" };
    expect(update({ ...deleting, finalizers: [] }, deleting)).toEqual([]);
    expect(update({ ...deleting, finalizers: ["x.y/a", "x.y/b"] }, deleting)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x.y/b"}',
    ]);
  });

  test("labels are looked at again", () => {
    expect(update({ ...old, labels: { "a b": "" } })).toHaveLength(1);
  });
});
