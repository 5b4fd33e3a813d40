import { expect, test } from "vitest";
import { matches, matchesTerm } from "./selector.ts";

test.each([
  [undefined, true],
  [{ matchLabels: { zone: "x" } }, true],
  [{ matchLabels: { zone: "y" } }, false],
  [{ matchExpressions: [{ key: "zone", operator: "In", values: ["x", "y"] }] }, true],
  [{ matchExpressions: [{ key: "zone", operator: "NotIn", values: ["x"] }] }, false],
  [{ matchExpressions: [{ key: "disk", operator: "NotIn", values: ["ssd"] }] }, true],
  [{ matchExpressions: [{ key: "disk", operator: "Exists" }] }, false],
  [{ matchExpressions: [{ key: "disk", operator: "DoesNotExist" }] }, true],
  [{ matchExpressions: [{ key: "constructor", operator: "Exists" }] }, false],
] as const)("zone=x matches %j: %s", (selector, expected) => {
  expect(matches(selector as Parameters<typeof matches>[0], { zone: "x" })).toBe(expected);
});

// After TestPodMatchesNodeSelectorAndAffinityTerms: k8s.io/component-helpers/scheduling/corev1/nodeaffinity.
test.each([
  ["no expressions match nothing", [], false],
  ["Gt compares numbers, not text", [{ key: "cores", operator: "Gt", values: ["9"] }], true],
  ["Lt", [{ key: "cores", operator: "Lt", values: ["10"] }], false],
  ["Gt of what is no number", [{ key: "zone", operator: "Gt", values: ["1"] }], false],
  ["Gt takes one value", [{ key: "cores", operator: "Gt", values: ["1", "2"] }], false],
  ["Gt of a label that is not there", [{ key: "gpus", operator: "Gt", values: ["0"] }], false],
  [
    "every expression must match",
    [
      { key: "zone", operator: "In", values: ["x"] },
      { key: "gpus", operator: "Exists" },
    ],
    false,
  ],
] as const)("a host term: %s", (_, matchExpressions, expected) => {
  const term = { matchExpressions } as unknown as Parameters<typeof matchesTerm>[0];
  expect(matchesTerm(term, { zone: "x", cores: "10" })).toBe(expected);
});
