/** Source: kubernetes/pkg/apis/coordination/validation/validation.go and printers/internalversion. */
import { leaseType } from "../../../crds/core.ts";
import { isJsonObject } from "../../../formats/json-object.ts";
import { forbiddenField, invalidValue, notSupported } from "../../schema/field-errors.ts";
import { qualified } from "../../schema/names.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { integer, microTime, pointer, struct, text, textAt, typed } from "./builtin.ts";

const strategies = ["OldestEmulationVersion"];

export const leases = typed({
  ...leaseType,
  singular: "lease",
  description: "Lease defines a lease concept.",
  properties: {
    spec: struct("LeaseSpec", {
      holderIdentity: pointer(text("The identity of the holder of a current lease.")),
      leaseDurationSeconds: pointer(
        integer("How long others wait, from the last renewal, before they take the lease."),
      ),
      acquireTime: microTime("When the current lease was acquired."),
      renewTime: microTime("When the current holder last renewed it."),
      leaseTransitions: pointer(integer("How often the lease went from one holder to another.")),
      preferredHolder: pointer(text("Signals to the holder that the lease should be handed over.")),
      strategy: pointer(text("How the holder is chosen by a coordinator.")),
    }),
  },
  columns: [
    nameColumn,
    {
      name: "Holder",
      type: "string",
      description: "holderIdentity contains the identity of the holder of a current lease.",
      priority: 0,
      value: textAt("spec", "holderIdentity"),
    },
    ageColumn,
  ],
  createOnUpdate: true,
  prepareForCreate: causesOf,
  prepareForUpdate: causesOf,
});

function causesOf({ spec }: JsonObject): readonly StatusCause[] {
  if (!isJsonObject(spec)) return [];
  const { leaseDurationSeconds: duration, leaseTransitions: transitions, strategy, preferredHolder } = spec;
  const unchosen = strategy === undefined || strategy === "";
  return [
    ...(typeof duration === "number" && duration <= 0
      ? [invalidValue("spec.leaseDurationSeconds", duration, "must be greater than 0")]
      : []),
    ...(typeof transitions === "number" && transitions < 0
      ? [invalidValue("spec.leaseTransitions", transitions, "must be greater than or equal to 0")]
      : []),
    ...(typeof strategy === "string" ? strategyCauses(strategy) : []),
    ...((preferredHolder ?? "") !== "" && unchosen
      ? [forbiddenField("spec.preferredHolder", "may only be specified if `strategy` is defined")]
      : []),
  ];
}

/** Upstream names the field twice in the path. */
function strategyCauses(strategy: string): readonly StatusCause[] {
  const field = "spec.strategy.strategy";
  if (!strategy.includes("/")) return strategies.includes(strategy) ? [] : [notSupported(field, strategy, strategies)];
  return qualified(strategy).map((why) => invalidValue(field, strategy, why));
}
