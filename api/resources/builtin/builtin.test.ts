import { describe, expect, test } from "vitest";
import type { JsonObject, ResourceDefinition } from "../definition.ts";
import { configMaps } from "./config-map.ts";
import { leases } from "./lease.ts";
import { namespaces } from "./namespace.ts";
import { resourceQuotas } from "./resource-quota.ts";
import { secrets } from "./secret.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** An object as a body that arrives: decoded, with its defaults, checked. */
function accept(
  definition: ResourceDefinition,
  fields: JsonObject,
): { object: JsonObject; problems: readonly string[] } {
  const object: JsonObject = {
    apiVersion: "v1",
    kind: definition.kind,
    metadata: { name: "a", namespace: "default" },
    ...structuredClone(fields),
  };
  definition.schema.prune(object);
  definition.schema.applyDefaults(object);
  const causes = definition.prepareForCreate?.(object, new Date(0)) ?? [];
  return { object, problems: causes.map(({ field, message }) => `${field}: ${message}`) };
}

describe("bodies are read as Go reads them", () => {
  test.each([
    {
      why: "a number for text",
      definition: configMaps,
      fields: { data: { a: 1 } },
      says: "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
    },
    {
      why: "a list for a map",
      definition: configMaps,
      fields: { data: [] },
      says: "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
    },
    {
      why: "text for a flag",
      definition: configMaps,
      fields: { immutable: "yes" },
      says: "json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool",
    },
    {
      why: "what is not base64",
      definition: secrets,
      fields: { data: { a: "###" } },
      says: "illegal base64 data at input byte 0",
    },
    {
      why: "a fraction",
      definition: leases,
      fields: { spec: { leaseTransitions: 1.5 } },
      says: "json: cannot unmarshal number 1.5 into Go struct field LeaseSpec.spec.leaseTransitions of type int32",
    },
    {
      why: "more than 32 bits",
      definition: leases,
      fields: { spec: { leaseTransitions: 3e9 } },
      says: "json: cannot unmarshal number 3000000000 into Go struct field LeaseSpec.spec.leaseTransitions of type int32",
    },
    {
      why: "no quantity",
      definition: resourceQuotas,
      fields: { spec: { hard: { cpu: "x" } } },
      says: "quantities must match the regular expression",
    },
    {
      why: "no time",
      definition: leases,
      fields: { spec: { renewTime: "now" } },
      says: 'parsing time "now" as "2006-01-02T15:04:05.000000Z07:00"',
    },
  ])("$why is refused", ({ definition, fields, says }) => {
    const { kind } = definition;
    expect(() => accept(definition, fields)).toThrow(`${kind} in version "v1" cannot be handled as a ${kind}: ${says}`);
  });
});

describe("bodies are written as Go writes them", () => {
  test("what is empty is left out, unless it is a pointer or a struct", () => {
    expect(accept(configMaps, { data: {}, binaryData: null, immutable: false }).object).not.toHaveProperty("data");
    expect(accept(configMaps, { immutable: false }).object).toHaveProperty("immutable", false);
    expect(accept(leases, {}).object).toHaveProperty("spec", {});
    expect(accept(leases, { spec: { holderIdentity: "" } }).object).toHaveProperty("spec", { holderIdentity: "" });
  });

  test("quantities and times have one form", () => {
    const { object } = accept(resourceQuotas, { spec: { hard: { cpu: "1500m", memory: "2048Mi", secrets: 3 } } });
    expect(object).toHaveProperty("spec.hard", { cpu: "1500m", memory: "2Gi", secrets: "3" });
    const lease = accept(leases, { spec: { renewTime: "2026-01-02T03:04:05.678901+02:00" } }).object;
    expect(lease).toHaveProperty("spec.renewTime", "2026-01-02T01:04:05.678901Z");
  });
});

describe("Secrets", () => {
  test.each([
    { type: "kubernetes.io/tls", data: {}, want: ["data[tls.crt]: Required value", "data[tls.key]: Required value"] },
    {
      type: "kubernetes.io/basic-auth",
      data: {},
      want: ["data[username]: Required value", "data[password]: Required value"],
    },
    { type: "kubernetes.io/basic-auth", data: { username: "" }, want: [] },
    { type: "kubernetes.io/ssh-auth", data: { "ssh-privatekey": "" }, want: ["data[ssh-privatekey]: Required value"] },
    { type: "kubernetes.io/dockercfg", data: {}, want: ["data[.dockercfg]: Required value"] },
    { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": base64("{}") }, want: [] },
    {
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": base64("[]") },
      want: [
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array into Go value of type map[string]interface {}',
      ],
    },
    {
      type: "kubernetes.io/service-account-token",
      data: {},
      want: ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
    },
    { type: "bootstrap.kubernetes.io/token", data: {}, want: [] },
    { type: "anything", data: { "a/b": "" }, want: [expect.stringContaining("data[a/b]: Invalid value")] },
    {
      type: "Opaque",
      data: { big: base64("x".repeat(1024 * 1024 + 1)) },
      want: ["data: Too long: may not be more than 1048576 bytes"],
    },
  ])("$type needs what it needs", ({ type, data, want }) => {
    expect(accept(secrets, { type, data }).problems).toEqual(want);
  });

  test("are Opaque where nothing is said, and stringData becomes data", () => {
    const { object } = accept(secrets, { stringData: { a: "b" } });
    expect(object).toMatchObject({ type: "Opaque", data: { a: base64("b") } });
    expect(object).not.toHaveProperty("stringData");
  });
});

test("Namespaces have the finalizer that empties them, and only names that mean something", () => {
  expect(accept(namespaces, { spec: { finalizers: ["a.example/b"] } }).object).toHaveProperty("spec.finalizers", [
    "a.example/b",
    "kubernetes",
  ]);
  expect(accept(namespaces, { spec: { finalizers: ["odd"] } }).problems).toEqual([
    'spec.finalizers: Invalid value: "odd": name is neither a standard finalizer name nor is it fully qualified',
  ]);
});

test.each([
  { spec: { leaseDurationSeconds: 0 }, want: ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"] },
  {
    spec: { leaseTransitions: -1 },
    want: ["spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"],
  },
  {
    spec: { strategy: "Odd" },
    want: ['spec.strategy.strategy: Unsupported value: "Odd": supported values: "OldestEmulationVersion"'],
  },
  {
    spec: { preferredHolder: "a" },
    want: ["spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"],
  },
  { spec: { strategy: "example.com/mine", preferredHolder: "a" }, want: [] },
])("Lease with $spec", ({ spec, want }) => {
  expect(accept(leases, { spec }).problems).toEqual(want);
});
