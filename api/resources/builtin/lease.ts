/** Source: kubernetes/pkg/apis/coordination/validation/validation.go and printers/internalversion. */
import { leaseType } from "../../../crds/core.ts";
import { isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { builtin, integer, object, text, textAt, time } from "./builtin.ts";

export const leases = builtin({
  ...leaseType,
  singular: "lease",
  description: "Lease defines a lease concept.",
  properties: {
    spec: object({
      holderIdentity: text("The identity of the holder of a current lease."),
      leaseDurationSeconds: integer("How long others wait, from the last renewal, before they take the lease."),
      acquireTime: time("When the current lease was acquired."),
      renewTime: time("When the current holder last renewed it."),
      leaseTransitions: integer("How often the lease went from one holder to another."),
      preferredHolder: text("Signals to the holder that the lease should be handed over."),
      strategy: text("How the holder is chosen by a coordinator."),
    }),
  },
  columns: [
    nameColumn,
    {
      name: "Holder",
      type: "string",
      description: "The identity of the holder",
      priority: 0,
      value: textAt("spec", "holderIdentity"),
    },
    ageColumn,
  ],
  prepareForCreate: causesOf,
  prepareForUpdate: causesOf,
});

function causesOf({ spec }: JsonObject): readonly StatusCause[] {
  if (!isJsonObject(spec)) return [];
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  return [
    ...(typeof duration === "number" && duration <= 0
      ? [invalidValue("spec.leaseDurationSeconds", duration, "must be greater than 0")]
      : []),
    ...(typeof transitions === "number" && transitions < 0
      ? [invalidValue("spec.leaseTransitions", transitions, "must be greater than or equal to 0")]
      : []),
  ];
}
