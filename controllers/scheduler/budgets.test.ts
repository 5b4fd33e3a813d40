import { expect, test } from "vitest";
import type { DisruptionBudget } from "../../crds/disruption-budget.ts";
import { disruptionBudgets } from "../../crds/disruption-budget.ts";
import type { Container, ContainerStatus } from "../../crds/container.ts";
import { apiVersionOf } from "../../crds/meta.ts";
import { containerOf } from "../../test/fakes/objects.ts";
import { violating } from "./budgets.ts";

const budget = (app: string, status: DisruptionBudget["status"]): DisruptionBudget => ({
  apiVersion: apiVersionOf(disruptionBudgets),
  kind: disruptionBudgets.kind,
  metadata: {
    ...{ name: app, namespace: "default", uid: app, resourceVersion: "1" },
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  spec: { selector: { matchLabels: { app } }, minAvailable: 1 },
  ...(status === undefined ? {} : { status }),
});
const running = (name: string, app: string, more: ContainerStatus = {}): Container =>
  containerOf({}, { metadata: { name, labels: { app } }, status: { phase: "Running", hostName: "h1", ...more } });

// After TestFilterPodsWithPDBViolation in kubernetes/pkg/scheduler/framework/plugins/defaultpreemption/default_preemption_test.go.
test.each<{
  why: string;
  leaving: readonly Container[];
  budgets: readonly DisruptionBudget[];
  want: readonly string[];
}>([
  { why: "nobody without budgets", leaving: [running("a", "web")], budgets: [], want: [] },
  {
    why: "nobody of others",
    leaving: [running("a", "web")],
    budgets: [budget("db", { disruptionsAllowed: 0 })],
    want: [],
  },
  {
    why: "as many as are too many, the first ones go",
    leaving: [running("a", "web"), running("b", "web")],
    budgets: [budget("web", { disruptionsAllowed: 1 })],
    want: ["default/b"],
  },
  {
    why: "those that were let go took their part already",
    leaving: [running("a", "web"), running("b", "web")],
    budgets: [budget("web", { disruptionsAllowed: 1, disruptedContainers: { a: "" } })],
    want: [],
  },
  {
    why: "what does not run is not watched over",
    leaving: [running("a", "web", { phase: "Pending" })],
    budgets: [budget("web", {})],
    want: [],
  },
])("$why", ({ leaving, budgets, want }) => {
  expect([...violating(leaving, () => budgets)]).toEqual(want);
});
