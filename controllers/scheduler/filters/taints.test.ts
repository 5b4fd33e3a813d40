import { expect, test } from "vitest";
import { hostOf } from "../../../test/fakes/objects.ts";
import { ledgerOf, refusals, wanted } from "../../../test/fakes/world.ts";
import { taints } from "./taints.ts";

const tainted = (...all: readonly object[]) => ledgerOf([hostOf("a", { spec: { taints: all } })]);
const dedicated = { key: "dedicated", value: "user1", effect: "NoSchedule" };

// After TestTaintTolerationFilter: kubernetes/pkg/scheduler/framework/plugins/tainttoleration/taint_toleration_test.go.
test.each([
  ["a host without taints", [], [], undefined],
  ["no toleration", [dedicated], [], "had untolerated taint {dedicated: user1}"],
  ["the same key and value", [dedicated], [{ key: "dedicated", value: "user1", effect: "NoSchedule" }], undefined],
  ["another value", [dedicated], [{ key: "dedicated", value: "user2" }], "had untolerated taint {dedicated: user1}"],
  ["the key exists, and no effect is named", [dedicated], [{ key: "dedicated", operator: "Exists" }], undefined],
  ["everything is tolerated", [dedicated], [{ operator: "Exists" }], undefined],
  [
    "another effect",
    [dedicated],
    [{ key: "dedicated", value: "user1", effect: "PreferNoSchedule" }],
    "had untolerated taint {dedicated: user1}",
  ],
  ["PreferNoSchedule is a wish", [{ key: "slow", effect: "PreferNoSchedule" }], [], undefined],
  ["NoExecute keeps away, too", [{ key: "away", effect: "NoExecute" }], [], "had untolerated taint {away: }"],
  [
    "each taint must be tolerated",
    [{ key: "foo", effect: "NoSchedule" }, dedicated],
    [{ key: "foo", operator: "Exists" }],
    "had untolerated taint {dedicated: user1}",
  ],
] as const)("%s", (_, those, tolerations, expected) => {
  const all = refusals(taints, wanted({ placement: { tolerations } }), tainted(...those));
  expect(all).toEqual(expected === undefined ? {} : { a: expected });
});
