/** Source: kubernetes/pkg/registry/core/limitrange/strategy.go, SetDefaults_LimitRangeItem and ValidateLimitRange. */
import type { Amount } from "../../../crds/amount.ts";
import { readAmount, writeAmount } from "../../../crds/amount.ts";
import { limitRangeType } from "../../../crds/core.ts";
import type { Quantity } from "../../../crds/schema.ts";
import { asList, asText, isJsonObject } from "../../../formats/json-object.ts";
import { duplicate, forbiddenField, invalidValue, required } from "../../schema/field-errors.ts";
import { qualified } from "../../schema/names.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { always, atomic, list, mapOf, quantity, struct, structPointer, text, typed } from "./builtin.ts";
import { containerResourceNameCauses, isOvercommitAllowed, resourceNameCauses } from "./compute-resources.ts";

const standardTypes: readonly string[] = ["Pod", "Container", "PersistentVolumeClaim"];

export const limitRanges = typed({
  ...limitRangeType,
  singular: "limitrange",
  shortNames: ["limits"],
  description: "LimitRange sets resource usage limits for each kind of resource in a Namespace.",
  properties: {
    spec: struct(
      "LimitRangeSpec",
      {
        limits: always(
          atomic(
            list(
              structPointer("LimitRangeItem", {
                type: always(text("What the limits are for: Container, Pod or PersistentVolumeClaim.")),
                max: mapOf(quantity(), "The most of each resource."),
                min: mapOf(quantity(), "The least of each resource."),
                default: mapOf(quantity(), "The limit where none is given."),
                defaultRequest: mapOf(quantity(), "The request where none is given."),
                maxLimitRequestRatio: mapOf(quantity(), "How many times its request a limit can be at most."),
              }),
              "The limits that are enforced.",
            ),
          ),
        ),
      },
      "The limits enforced.",
    ),
  },
  columns: [
    nameColumn,
    {
      name: "Created At",
      type: "date",
      description: ageColumn.description ?? "",
      priority: 0,
      value: ({ metadata }) => metadata.creationTimestamp,
    },
  ],
  unconditionalUpdate: true,
  createOnUpdate: true,
  namesItself: true,
  setDefaults: (object) => {
    for (const limit of limitsOf(object)) if (limit["type"] === "Container") setContainerDefaults(limit);
  },
  prepareForCreate: causesOf,
  prepareForUpdate: causesOf,
});

function limitsOf({ spec }: JsonObject): readonly JsonObject[] {
  return isJsonObject(spec) ? asList(spec["limits"]).filter(isJsonObject) : [];
}

function setContainerDefaults(limit: JsonObject): void {
  const given = (field: string): JsonObject => (isJsonObject(limit[field]) ? limit[field] : {});
  limit["default"] = { ...given("max"), ...given("default") };
  limit["defaultRequest"] = { ...given("min"), ...given("default"), ...given("defaultRequest") };
}

function causesOf(object: JsonObject): readonly StatusCause[] {
  const limits = limitsOf(object);
  const types = limits.map(({ type }) => asText(type));
  return limits.flatMap((limit, index) => {
    const path = `spec.limits[${index}]`;
    const type = types[index] ?? "";
    return [
      ...typeCauses(type, `${path}.type`),
      ...(types.indexOf(type) < index ? [duplicate(`${path}.type`, type)] : []),
      ...limitCauses(limit, type, path),
    ];
  });
}

function typeCauses(type: string, path: string): readonly StatusCause[] {
  const wrong = qualified(type).map((why) => invalidValue(path, type, why));
  if (wrong.length > 0 || type.includes("/") || standardTypes.includes(type)) return wrong;
  return [invalidValue(path, type, "must be a standard limit type or fully qualified")];
}

const fields = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;
type Amounts = Readonly<Record<(typeof fields)[number], ReadonlyMap<string, Amount>>>;

function limitCauses(limit: JsonObject, type: string, path: string): readonly StatusCause[] {
  const nameCauses =
    standardTypes.indexOf(type) >= 0 && type !== "PersistentVolumeClaim"
      ? containerResourceNameCauses
      : resourceNameCauses;
  const read = (field: string): ReadonlyMap<string, Amount> => {
    const given = limit[field];
    return new Map(
      Object.entries(isJsonObject(given) ? given : {}).map(([name, value]) => [name, readAmount(value as Quantity)]),
    );
  };
  const amounts = Object.fromEntries(fields.map((field) => [field, read(field)])) as Amounts;
  const noDefaults = type === "Pod" ? (["default", "defaultRequest"] as const) : [];
  const names = new Set(fields.flatMap((field) => [...amounts[field].keys()]));
  return [
    ...fields
      .filter((field) => !noDefaults.some((other) => other === field))
      .flatMap((field) => [...amounts[field].keys()].flatMap((name) => nameCauses(name, `${path}.${field}[${name}]`))),
    ...noDefaults
      .filter((field) => amounts[field].size > 0)
      .map((field) => forbiddenField(`${path}.${field}`, "may not be specified when `type` is 'Pod'")),
    ...(type === "PersistentVolumeClaim" && !amounts.min.has("storage") && !amounts.max.has("storage")
      ? [required(`${path}.limits`, "either minimum or maximum storage value is required, but neither was provided")]
      : []),
    ...[...names].flatMap((name) => comparisons(name, amounts, path)),
  ];
}

/** What must not be greater than what, and which of the two the error is about. */
const orders = [
  { less: "min", than: "max", at: "min", shown: "min", says: ["min value", "max value"] },
  {
    less: "min",
    than: "defaultRequest",
    at: "defaultRequest",
    shown: "defaultRequest",
    says: ["min value", "default request value"],
  },
  {
    less: "defaultRequest",
    than: "max",
    at: "defaultRequest",
    shown: "defaultRequest",
    says: ["default request value", "max value"],
  },
  {
    less: "defaultRequest",
    than: "default",
    at: "defaultRequest",
    shown: "defaultRequest",
    says: ["default request value", "default limit value"],
  },
  { less: "min", than: "default", at: "default", shown: "min", says: ["min value", "default value"] },
  { less: "default", than: "max", at: "default", shown: "max", says: ["default value", "max value"] },
] as const;

function comparisons(name: string, amounts: Amounts, path: string): readonly StatusCause[] {
  const text = (amount: Amount | undefined): string => (amount === undefined ? "" : writeAmount(amount));
  const causes: StatusCause[] = orders.flatMap(({ less, than, at, shown, says }) => {
    const [a, b] = [amounts[less].get(name), amounts[than].get(name)];
    if (a === undefined || b === undefined || a.nano <= b.nano) return [];
    const why = `${says[0]} ${text(a)} is greater than ${says[1]} ${text(b)}`;
    return [invalidValue(`${path}.${at}[${name}]`, text(amounts[shown].get(name)), why)];
  });
  const [limit, request] = [amounts.default.get(name), amounts.defaultRequest.get(name)];
  const mustMatch = !isOvercommitAllowed(name) && limit !== undefined && request !== undefined;
  return [
    ...causes,
    ...ratioCauses(name, amounts, path),
    ...(mustMatch && limit.nano !== request.nano
      ? [
          invalidValue(
            `${path}.defaultRequest[${name}]`,
            text(request),
            `default value ${text(limit)} must equal to defaultRequest value ${text(request)} in ${name}`,
          ),
        ]
      : []),
  ];
}

function ratioCauses(name: string, { maxLimitRequestRatio, min, max }: Amounts, path: string): readonly StatusCause[] {
  const [ratio, least, most] = [maxLimitRequestRatio, min, max].map((amounts) => amounts.get(name));
  if (ratio === undefined) return [];
  const refuse = (why: string): StatusCause =>
    invalidValue(`${path}.maxLimitRequestRatio[${name}]`, writeAmount(ratio), `ratio ${writeAmount(ratio)} is ${why}`);
  const widest = least === undefined || most === undefined ? Infinity : Number(most.nano) / Number(least.nano);
  return [
    ...(ratio.nano < 1_000_000_000n ? [refuse("less than 1")] : []),
    ...(Number(ratio.nano) / 1e9 > widest ? [refuse(`greater than max/min = ${widest.toFixed(6)}`)] : []),
  ];
}
