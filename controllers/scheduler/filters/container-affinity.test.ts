import { describe, expect, test } from "vitest";
import { hostsOf, ledgerOf, refusals, wanted } from "../../../test/fakes/world.ts";
import { containerAffinity, containerAntiAffinity, heldAntiAffinity } from "./container-affinity.ts";

const hosts = hostsOf({
  a: { zone: "z1", host: "a" },
  b: { zone: "z1", host: "b" },
  c: { zone: "z2", host: "c" },
  d: {},
});
const term = (app: string, topologyKey = "zone", more: object = {}): object => ({
  labelSelector: { matchLabels: { app } },
  topologyKey,
  ...more,
});
const required = (kind: "containerAffinity" | "containerAntiAffinity", ...terms: readonly object[]): object => ({
  placement: { affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } } },
});
const app = (name: string, namespace = "default") => ({ name: `is-${name}`, namespace, labels: { app: name } });

// After TestRequiredAffinitySingleNode and TestRequiredAffinityMultipleNodes:
// kubernetes/pkg/scheduler/framework/plugins/interpodaffinity/filtering_test.go.
describe("affinity", () => {
  const refusal = "did not match its container affinity";
  const db = { on: "b", metadata: app("db") };

  test.each([
    ["the same zone", [db], required("containerAffinity", term("db")), ["c", "d"]],
    ["the same host", [db], required("containerAffinity", term("db", "host")), ["a", "c", "d"]],
    ["nobody is selected", [db], required("containerAffinity", term("cache")), ["a", "b", "c", "d"]],
    ["no selector selects nobody", [db], required("containerAffinity", { topologyKey: "zone" }), ["a", "b", "c", "d"]],
    [
      "another namespace is not looked into",
      [{ on: "b", metadata: app("db", "other") }],
      required("containerAffinity", term("db")),
      ["a", "b", "c", "d"],
    ],
    [
      "unless it is named",
      [{ on: "b", metadata: app("db", "other") }],
      required("containerAffinity", term("db", "zone", { namespaces: ["other"] })),
      ["c", "d"],
    ],
    [
      "one Container must match every term",
      [db, { on: "b", metadata: app("cache") }],
      required("containerAffinity", term("db"), term("cache")),
      ["a", "b", "c", "d"],
    ],
  ] as const)("%s", (_, bound, spec, refused) => {
    const expected = Object.fromEntries(refused.map((name) => [name, refusal]));
    expect(refusals(containerAffinity, wanted(spec), ledgerOf(hosts, bound))).toEqual(expected);
  });

  test("the first of its kind may go anywhere that has the label, the second only beside it", () => {
    const spec = required("containerAffinity", term("web"));
    const web = wanted(spec, app("web"));
    expect(refusals(containerAffinity, web, ledgerOf(hosts))).toEqual({ d: refusal });
    const ledger = ledgerOf(hosts, [{ on: "c", metadata: { ...app("web"), name: "first" } }]);
    expect(refusals(containerAffinity, web, ledger)).toEqual({ a: refusal, b: refusal, d: refusal });
  });

  test("the first of its kind is not the first where its own terms do not select it", () => {
    const spec = required("containerAffinity", term("web"));
    expect(Object.keys(refusals(containerAffinity, wanted(spec, app("db")), ledgerOf(hosts)))).toHaveLength(4);
  });
});

describe("anti-affinity", () => {
  const refusal = "did not match its container anti-affinity";
  test("by zone and by host; a Host without the label is nobody's place", () => {
    const ledger = ledgerOf(hosts, [{ on: "b", metadata: app("db") }]);
    const away = (topologyKey: string): object => required("containerAntiAffinity", term("db", topologyKey));
    expect(refusals(containerAntiAffinity, wanted(away("zone")), ledger)).toEqual({ a: refusal, b: refusal });
    expect(refusals(containerAntiAffinity, wanted(away("host")), ledger)).toEqual({ b: refusal });
  });

  test("any one term is enough", () => {
    const ledger = ledgerOf(hosts, [
      { on: "b", metadata: app("db") },
      { on: "c", metadata: app("cache") },
    ]);
    const spec = required("containerAntiAffinity", term("db", "host"), term("cache", "host"));
    expect(refusals(containerAntiAffinity, wanted(spec), ledger)).toEqual({ b: refusal, c: refusal });
  });

  test("what is gone is not counted any more", () => {
    const ledger = ledgerOf(hosts, [{ on: "b", metadata: app("db") }]);
    const want = wanted(required("containerAntiAffinity", term("db")));
    expect(refusals(containerAntiAffinity, want, ledger)).not.toEqual({});
    ledger.forget("default/is-db");
    expect(refusals(containerAntiAffinity, want, ledger)).toEqual({});
  });
});

describe("anti-affinity of those that are there", () => {
  const refusal = "did not match the container anti-affinity of Containers that are there";
  const hermit = { on: "b", spec: required("containerAntiAffinity", term("web")), metadata: app("hermit") };

  test("keeps whom it selects out of its place", () => {
    const ledger = ledgerOf(hosts, [hermit]);
    expect(refusals(heldAntiAffinity, wanted({}, app("web")), ledger)).toEqual({ a: refusal, b: refusal });
    expect(refusals(heldAntiAffinity, wanted({}, app("db")), ledger)).toEqual({});
    expect(refusals(heldAntiAffinity, wanted({}, app("web", "other")), ledger)).toEqual({});
  });

  test("until the last that holds it has gone", () => {
    const ledger = ledgerOf(hosts, [hermit, { ...hermit, metadata: { ...hermit.metadata, name: "second" } }]);
    ledger.forget("default/second");
    expect(refusals(heldAntiAffinity, wanted({}, app("web")), ledger)).not.toEqual({});
    ledger.forget("default/is-hermit");
    expect(refusals(heldAntiAffinity, wanted({}, app("web")), ledger)).toEqual({});
  });
});
