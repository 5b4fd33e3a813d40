import { describe, expect, test } from "vitest";
import type { Bound } from "../../../test/fakes/world.ts";
import { hostsOf, ledgerOf, refusals, wanted } from "../../../test/fakes/world.ts";
import { topologySpread } from "./topology-spread.ts";

const hosts = hostsOf({
  "host-a": { zone: "zone1", host: "host-a" },
  "host-b": { zone: "zone1", host: "host-b" },
  "host-x": { zone: "zone2", host: "host-x" },
  "host-y": { zone: "zone2", host: "host-y" },
});

const labels = { foo: "bar" };
const many = (counts: Readonly<Record<string, number>>, metadata: Bound["metadata"] = {}): readonly Bound[] =>
  Object.entries(counts).flatMap(([on, count]) =>
    Array.from({ length: count }, (_, index) => ({ on, metadata: { name: `${on}-${index}`, labels, ...metadata } })),
  );
const spread = (topologyKey: string, more: object = {}, placement: object = {}): object => ({
  placement: {
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey, labelSelector: { matchLabels: labels }, ...more }],
    ...placement,
  },
});
const namesThatFit = (spec: object, bound: readonly Bound[], own: object = labels, on = hosts): readonly string[] => {
  const refused = refusals(
    topologySpread,
    wanted(spec, { labels: own as Record<string, string> }),
    ledgerOf(on, bound),
  );
  return on.map(({ metadata }) => metadata.name).filter((name) => !(name in refused));
};

// After TestSingleConstraint and TestMultipleConstraints:
// kubernetes/pkg/scheduler/framework/plugins/podtopologyspread/filtering_test.go.
describe("one constraint", () => {
  const all = ["host-a", "host-b", "host-x", "host-y"];
  test("no Containers yet", () => {
    expect(namesThatFit(spread("zone"), [])).toEqual(all);
  });
  test("Containers of another namespace do not count", () => {
    const bound = many({ "host-a": 2, "host-b": 1 }, { namespace: "other" });
    expect(namesThatFit(spread("zone"), bound)).toEqual(all);
  });
  test("3/3 over zones: all fit", () => {
    expect(namesThatFit(spread("zone"), many({ "host-a": 2, "host-b": 1, "host-y": 3 }))).toEqual(all);
  });
  test("no host has the label", () => {
    expect(namesThatFit(spread("rack"), many({ "host-a": 2 }))).toEqual([]);
    const ledger = ledgerOf(hosts);
    expect(refusals(topologySpread, wanted(spread("rack"), { labels }), ledger)["host-a"]).toBe(
      "did not match its topology spread constraints (no label rack)",
    );
  });
  const uneven = many({ "host-a": 2, "host-b": 1, "host-y": 3 });
  test("2/1/0/3 over hosts: only the empty one", () => {
    expect(namesThatFit(spread("host"), uneven)).toEqual(["host-x"]);
  });
  test("2/1/0/3 over hosts with maxSkew 2: those with 0 and 1", () => {
    expect(namesThatFit(spread("host", { maxSkew: 2 }), uneven)).toEqual(["host-b", "host-x"]);
  });
  test("2/1/0/3 over hosts, but it does not select itself: those with 0 and 1", () => {
    expect(namesThatFit(spread("host"), uneven, {})).toEqual(["host-b", "host-x"]);
  });
  test("only Hosts where it belongs count: 2/~1~/~0~/3, hence the one with 2", () => {
    const placement = {
      hostSelector: { matchExpressions: [{ key: "host", operator: "In", values: ["host-a", "host-y"] }] },
    };
    expect(namesThatFit(spread("host", {}, placement), uneven)).toContain("host-a");
    expect(namesThatFit(spread("host", {}, placement), uneven)).not.toContain("host-y");
  });
  test("what is being deleted does not count", () => {
    const going = many({ "host-a": 1 }, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(namesThatFit(spread("host"), going)).toEqual(all);
  });
  test("ScheduleAnyway refuses nobody", () => {
    expect(namesThatFit(spread("host", { whenUnsatisfiable: "ScheduleAnyway" }), uneven)).toEqual(all);
  });
});

test("two constraints: spread over zones 3/3 and hosts 2/1/0/3, only the empty host", () => {
  const constraints = ["zone", "host"].map((topologyKey) => ({
    ...{ maxSkew: 1, topologyKey, labelSelector: { matchLabels: labels } },
  }));
  const spec = { placement: { topologySpreadConstraints: constraints } };
  expect(namesThatFit(spec, many({ "host-a": 2, "host-b": 1, "host-y": 3 }))).toEqual(["host-x"]);
});
