import { expect, test } from "vitest";
import { hostsOf, ledgerOf, wanted } from "../../../test/fakes/world.ts";
import { refusalsOf } from "./filter.ts";
import { placementFilters } from "./placement.ts";

const ledger = ledgerOf(
  hostsOf({
    a: { "topology.kubernetes.io/zone": "z1", disk: "ssd", cores: "16" },
    b: { "topology.kubernetes.io/zone": "z2", disk: "hdd", cores: "4" },
    c: {},
  }),
);

const terms = (...all: readonly object[]): object => ({
  affinity: { hostAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { hostSelectorTerms: all } } },
});

// After TestNodeAffinity: kubernetes/pkg/scheduler/framework/plugins/nodeaffinity/node_affinity_test.go.
test.each([
  ["nothing asked for", {}, {}],
  ["a name", { hostName: "a" }, { b: "is not placement.hostName", c: "is not placement.hostName" }],
  [
    "labels",
    { hostSelector: { matchLabels: { disk: "ssd" } } },
    { b: "does not match placement.hostSelector", c: "does not match placement.hostSelector" },
  ],
  ["a zone", { zone: "z2" }, { a: 'is not in zone "z2"', c: 'is not in zone "z2"' }],
  [
    "one of several terms",
    terms(
      { matchExpressions: [{ key: "disk", operator: "In", values: ["hdd"] }] },
      { matchExpressions: [{ key: "cores", operator: "Gt", values: ["8"] }] },
    ),
    { c: "did not match its host affinity" },
  ],
  [
    "a term without expressions, which matches nothing",
    terms({}),
    {
      a: "did not match its host affinity",
      b: "did not match its host affinity",
      c: "did not match its host affinity",
    },
  ],
] as const)("%s", (_, placement, expected) => {
  const refusal = refusalsOf(placementFilters, wanted({ placement }), ledger);
  const all = [...ledger.candidates()].map((candidate) => [candidate.host.metadata.name, refusal(candidate)]);
  expect(Object.fromEntries(all)).toEqual(expected);
});
