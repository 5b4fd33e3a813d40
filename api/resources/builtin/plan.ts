/** What would happen, asked for as an access review is: created, answered, and kept nowhere. */
import { structuralSchema } from "../../../crds/custom-resource-definition.ts";
import { PlanSpec, plans, PlanStatus } from "../../../crds/plan.ts";
import type { ResourceDefinition } from "../definition.ts";
import { builtin } from "./builtin.ts";

const unchecked = builtin({
  ...plans,
  singular: "plan",
  verbs: ["create"],
  isAnswered: true,
  description: "What would happen on the Hosts if manifests were applied, or objects deleted. Nothing is written.",
  required: ["spec"],
  properties: { spec: structuralSchema(PlanSpec), status: structuralSchema(PlanStatus) },
});

export const planKind: ResourceDefinition = {
  ...unchecked,
  prepareForCreate: ({ status: _answer, ...asked }) => unchecked.schema.validate(asked),
};
