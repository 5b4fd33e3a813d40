import { z } from "zod";
import type { Kind } from "./kind.ts";
import type { Resource, ResourceType } from "./meta.ts";
import { Conditions, LabelSelector, withRules } from "./schema.ts";

const percentPattern = /^(100|[1-9]?[0-9])%$/;

/** A whole number, or a percentage: 2, 50%. */
const countOrPercent = z
  .union([z.int().min(0), z.string().regex(percentPattern)])
  .meta({ "x-kubernetes-int-or-string": true, pattern: percentPattern.source, minimum: 0 });

export const DisruptionBudgetSpec = z.object({
  selector: LabelSelector.describe(
    "The Containers of the namespace that it counts, by metadata.labels; an empty one selects all.",
  ),
  minAvailable: countOrPercent.optional().describe("How many must stay Ready."),
  maxUnavailable: countOrPercent.optional().describe("How many may be not Ready. Percentages are rounded up."),
});
export type DisruptionBudgetSpec = z.infer<typeof DisruptionBudgetSpec>;

/** Source of names: PodDisruptionBudgetStatus in k8s.io/api/policy/v1/types.go. */
export const DisruptionBudgetStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  expectedContainers: z.int().min(0).optional().describe("How many the selector matches that are meant to run."),
  currentHealthy: z.int().min(0).optional().describe("How many of them are Ready, and not about to leave."),
  desiredHealthy: z.int().min(0).optional().describe("How many of them must be."),
  disruptionsAllowed: z.int().min(0).optional().describe("How many may be moved or stopped now."),
  disruptedContainers: z
    .record(z.string(), z.string())
    .optional()
    .describe("Those that were allowed to go a moment ago, by name, with the time."),
  conditions: Conditions.optional(),
});
export type DisruptionBudgetStatus = z.infer<typeof DisruptionBudgetStatus>;

export type DisruptionBudget = Resource<DisruptionBudgetSpec, DisruptionBudgetStatus>;

export const disruptionBudgets: ResourceType = {
  group: "stowage.dev",
  version: "v1alpha1",
  plural: "disruptionbudgets",
  kind: "DisruptionBudget",
  namespaced: true,
};

export const disruptionBudgetKind: Kind = {
  type: disruptionBudgets,
  singular: "disruptionbudget",
  shortNames: ["db"],
  categories: [],
  description: "How many of some Containers may be moved or stopped at the same time, where that is somebody's choice.",
  spec: withRules(DisruptionBudgetSpec.describe("What is asked for."), {
    rule: "has(self.minAvailable) != has(self.maxUnavailable)",
    message: "exactly one of minAvailable and maxUnavailable",
  }),
  status: DisruptionBudgetStatus.describe("What was seen last."),
  columns: [
    { name: "Min-Available", type: "string", jsonPath: ".spec.minAvailable" },
    { name: "Max-Unavailable", type: "string", jsonPath: ".spec.maxUnavailable" },
    { name: "Allowed-Disruptions", type: "integer", jsonPath: ".status.disruptionsAllowed" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
};
