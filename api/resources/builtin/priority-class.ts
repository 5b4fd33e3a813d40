/** Source: kubernetes/pkg/registry/scheduling/priorityclass/strategy.go and pkg/apis/scheduling/{v1,validation}. */
import { priorityClassType } from "../../../crds/core.ts";
import type { Draft } from "../../client/client.ts";
import { forbiddenField, notSupported, invalidValue } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { always, flag, integer, pointer, text, typed } from "./builtin.ts";

const systemPrefix = "system-";
const maxUserValue = 1_000_000_000;
const policies = ["PreemptLowerPriority", "Never"] as const;

/** Made when the server starts. */
export const systemPriorityClasses: readonly (Draft & { readonly value: number; readonly description: string })[] = [
  {
    value: 2_000_000_000,
    name: "system-cluster-critical",
    description:
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
  {
    value: 2_000_001_000,
    name: "system-node-critical",
    description: "Used for system critical pods that must not be moved from their current node.",
  },
].map(({ name, ...rest }) => ({
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  metadata: { name },
  ...rest,
}));

export const priorityClasses = typed({
  ...priorityClassType,
  singular: "priorityclass",
  shortNames: ["pc"],
  description: "PriorityClass defines mapping from a priority class name to the priority integer value.",
  required: ["value"],
  properties: {
    value: always(integer("The integer value of this priority class. The higher the value, the higher the priority.")),
    globalDefault: flag("Whether this is the default of everything that names no class. Only one can be."),
    description: text("When this priority class should be used."),
    preemptionPolicy: pointer(text("Never or PreemptLowerPriority, which is the default.")),
  },
  setDefaults: (priorityClass) => {
    priorityClass["preemptionPolicy"] ??= policies[0];
  },
  columns: [
    nameColumn,
    {
      name: "Value",
      type: "integer",
      description: "value represents the integer value of this priority class.",
      priority: 0,
      value: (object) => Number((object as unknown as JsonObject)["value"]),
    },
    {
      name: "Global-Default",
      type: "boolean",
      description: "globalDefault specifies whether this PriorityClass should be considered as the default priority.",
      priority: 0,
      value: (object) => (object as unknown as JsonObject)["globalDefault"] === true,
    },
    ageColumn,
  ],
  hasGeneration: true,
  unconditionalUpdate: true,
  prepareForCreate: causesOf,
  prepareForUpdate: (next, old) => [
    ...(next["value"] === old["value"] ? [] : [forbiddenField("value", "may not be changed in an update.")]),
    ...(next["preemptionPolicy"] === old["preemptionPolicy"]
      ? []
      : [invalidValue("preemptionPolicy", next["preemptionPolicy"], "field is immutable")]),
  ],
});

function causesOf({ metadata, value, preemptionPolicy, globalDefault }: JsonObject): readonly StatusCause[] {
  const name = String((metadata as JsonObject)["name"]);
  const why = name.startsWith(systemPrefix)
    ? unknownSystemClass(name, Number(value), globalDefault === true)
    : undefined;
  const known = policies.some((policy) => policy === preemptionPolicy);
  return [
    ...(why === undefined
      ? []
      : [
          forbiddenField(
            "metadata.name",
            `priority class names with '${systemPrefix}' prefix are reserved for system use only. error: ${why}`,
          ),
        ]),
    ...(!name.startsWith(systemPrefix) && Number(value) > maxUserValue
      ? [forbiddenField("value", `maximum allowed value of a user defined priority is ${maxUserValue}`)]
      : []),
    ...(known ? [] : [notSupported("preemptionPolicy", preemptionPolicy, policies)]),
  ];
}

/** Source: IsKnownSystemPriorityClass. */
function unknownSystemClass(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = systemPriorityClasses.find(({ metadata }) => metadata.name === name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if (known.value !== value) return `value of ${name} PriorityClass must be ${known.value}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}
