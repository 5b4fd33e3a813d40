import { expect, test } from "vitest";
import { containerOf, hostOf } from "../../../test/fakes/objects.ts";
import { hostsOf, ledgerOf, ratings, readyHost, wanted } from "../../../test/fakes/world.ts";
import { containerAffinity } from "./container-affinity.ts";
import { foundThere } from "./found.ts";
import { hostAffinity } from "./host-affinity.ts";
import { imagePresent } from "./image.ts";
import { leastAllocated } from "./resources.ts";
import { taints } from "./taints.ts";
import { topologySpread } from "./topology-spread.ts";

const requests = (amounts: object): object => ({ resources: { requests: amounts } });
const app = (name: string) => ({ labels: { app: name } });
const term = (name: string, weight: number, topologyKey = "zone"): object => ({
  weight,
  containerAffinityTerm: { labelSelector: { matchLabels: { app: name } }, topologyKey },
});
const preferred = (kind: string, ...terms: readonly object[]): object => ({
  placement: { affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: terms } } },
});

// TestLeastAllocatedScoringStrategy, "nothing scheduled, resources requested, differently sized nodes":
// 37 on 4000m/10000 and 50 on 6000m/10000 for 3000m/5000.
test("LeastAllocated: the share that would be left", () => {
  const hosts = [
    readyHost("small", { allocatable: { cpu: "4", memory: "10000" } }),
    readyHost("large", { allocatable: { cpu: "6", memory: "10000" } }),
  ];
  expect(ratings(leastAllocated, wanted(requests({ cpu: "3", memory: "5000" })), ledgerOf(hosts))).toEqual({
    small: 38, // rounded down to 37 upstream
    large: 50,
  });
});

// TestTaintTolerationScore, "nodes that have fewer intolerable PreferNoSchedule taints".
test("Taints: the fewer wishes against it, the better", () => {
  const taint = (key: string): object => ({ key, effect: "PreferNoSchedule" });
  const ledger = ledgerOf([
    hostOf("none"),
    hostOf("one", { spec: { taints: [taint("a")] } }),
    hostOf("two", { spec: { taints: [taint("a"), taint("b")] } }),
  ]);
  expect(ratings(taints, wanted(), ledger)).toEqual({ none: 100, one: 50, two: 0 });
  const tolerant = { placement: { tolerations: [{ operator: "Exists" }] } };
  expect(ratings(taints, wanted(tolerant), ledger)).toBeUndefined();
});

// TestNodeAffinityPriority, "all nodes matches the preferred scheduling requirements of the pod but with different priorities".
test("HostAffinity: the sum of the weights, as a share of the best", () => {
  const ledger = ledgerOf(hostsOf({ a: { foo: "bar" }, b: { key: "v" }, c: { foo: "bar", key: "v", az: "1" }, d: {} }));
  const prefer = (weight: number, key: string): object => ({
    weight,
    preference: { matchExpressions: [{ key, operator: "Exists" }] },
  });
  const spec = preferred("hostAffinity", prefer(2, "foo"), prefer(4, "key"), prefer(2, "az"));
  expect(ratings(hostAffinity, wanted(spec), ledger)).toEqual({ a: 25, b: 50, c: 100, d: 0 });
});

// TestPreferredAffinity: kubernetes/pkg/scheduler/framework/plugins/interpodaffinity/scoring_test.go.
test("ContainerAffinity: what it prefers, and what those that are there prefer", () => {
  const hosts = hostsOf({ a: { zone: "z1" }, b: { zone: "z2" }, c: { zone: "z3" } });
  const db = { on: "a", metadata: { name: "db", ...app("db") } };
  expect(
    ratings(containerAffinity, wanted(preferred("containerAffinity", term("db", 5))), ledgerOf(hosts, [db])),
  ).toEqual({ a: 100, b: 0, c: 0 });
  const away = wanted(preferred("containerAntiAffinity", term("db", 5)));
  expect(ratings(containerAffinity, away, ledgerOf(hosts, [db]))).toEqual({ a: 0, b: 100, c: 100 });
  const fan = { on: "b", spec: preferred("containerAffinity", term("web", 5)), metadata: { name: "fan" } };
  const foe = { on: "c", spec: preferred("containerAntiAffinity", term("web", 5)), metadata: { name: "foe" } };
  expect(ratings(containerAffinity, wanted({}, app("web")), ledgerOf(hosts, [fan, foe]))).toEqual({
    a: 50,
    b: 100,
    c: 0,
  });
  expect(ratings(containerAffinity, wanted({}, app("db")), ledgerOf(hosts, [fan, foe]))).toBeUndefined();
});

// After TestPodTopologySpreadScore, one constraint on hosts: 100 * (most + least - cost) / most.
test("TopologySpread: the fewer in the same place, the better", () => {
  const ledger = ledgerOf(
    hostsOf({ a: { host: "a" }, b: { host: "b" }, c: { host: "c" }, d: { host: "d" }, e: {} }),
    Object.entries({ a: 2, b: 1, d: 4 }).flatMap(([on, count]) =>
      Array.from({ length: count }, (_, index) => ({ on, metadata: { name: `${on}${index}`, ...app("web") } })),
    ),
  );
  const constraint = { maxSkew: 1, topologyKey: "host", whenUnsatisfiable: "ScheduleAnyway" };
  const spec = {
    placement: { topologySpreadConstraints: [{ ...constraint, labelSelector: { matchLabels: { app: "web" } } }] },
  };
  expect(ratings(topologySpread, wanted(spec, app("web")), ledger)).toEqual({ a: 50, b: 75, c: 100, d: 0, e: 0 });
});

// TestImageLocalityPriority: kubernetes/pkg/scheduler/framework/plugins/imagelocality/image_locality_test.go.
test("ImagePresent: by size, and by how many Hosts have it", () => {
  const image = (names: readonly string[], megabytes: number) => ({
    images: [{ names: [...names], sizeBytes: megabytes * 2 ** 20 }],
  });
  const ledger = ledgerOf([
    readyHost("a", image(["web:latest"], 500)),
    readyHost("b", image(["docker.io/library/web:latest"], 500)),
    hostOf("c"),
    hostOf("d"),
  ]);
  // Half of the Hosts have it: (250 - 23) / (1000 - 23).
  expect(ratings(imagePresent, wanted({ image: "web" }), ledger)).toEqual({ a: 23, b: 23, c: 0, d: 0 });
  expect(ratings(imagePresent, wanted({ image: "docker.io/library/web:latest" }), ledger)).toMatchObject({ a: 23 });
  expect(ratings(imagePresent, wanted({ image: "web:2" }), ledger)).toBeUndefined();
});

test("FoundThere: whose container is there already", () => {
  const ledger = ledgerOf([hostOf("a"), hostOf("b")]);
  ledger.putFound("b", [{ owner: { namespace: "default", name: "web" } }]);
  expect(ratings(foundThere, wanted(), ledger)).toEqual({ a: 0, b: 100 });
  ledger.see(containerOf({}, { status: { hostName: "b" } }), containerOf({}, { status: {} }));
  expect(ratings(foundThere, wanted(), ledger)).toEqual({ a: 0, b: 0 });
});
