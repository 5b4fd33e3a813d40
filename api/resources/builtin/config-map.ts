/** Source: kubernetes/pkg/registry/core/configmap/strategy.go and ValidateConfigMap. */
import { configMapType } from "../../../crds/core.ts";
import { invalidValue } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { bytes, flag, mapOf, pointer, text, typed } from "./builtin.ts";
import { decodedSizes, immutableCauses, keyCauses, mapAt, sizeCauses } from "./data.ts";

const fields = ["data", "binaryData"] as const;

export const configMaps = typed({
  ...configMapType,
  singular: "configmap",
  shortNames: ["cm"],
  description: "ConfigMap holds configuration data for containers to consume.",
  properties: {
    data: mapOf(text(), "Each key must consist of alphanumeric characters, '-', '_' or '.'."),
    binaryData: mapOf(bytes(), "Values that are not UTF-8, in base64."),
    immutable: pointer(flag("If true, the data cannot be changed any more.")),
  },
  columns: [
    nameColumn,
    {
      name: "Data",
      type: "string",
      description: "Number of entries",
      priority: 0,
      value: (object) => countOf(object as unknown as JsonObject),
    },
    ageColumn,
  ],
  unconditionalUpdate: true,
  prepareForCreate: causesOf,
  prepareForUpdate: (configMap, old) => [...immutableCauses(configMap, old, fields), ...causesOf(configMap)],
});

const countOf = (object: JsonObject): number =>
  fields.reduce((sum, field) => sum + Object.keys(mapAt(object, field)).length, 0);

function causesOf(configMap: JsonObject): readonly StatusCause[] {
  const [data, binaryData] = fields.map((field) => mapAt(configMap, field)) as [JsonObject, JsonObject];
  const both = Object.keys(binaryData).filter((key) => Object.hasOwn(data, key));
  const sizes = Object.values(data).map((value) => Buffer.byteLength(String(value)));
  return [
    ...fields.flatMap((field) => keyCauses(configMap, field)),
    ...both.map((key) => invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData")),
    // field.NewPath("") upstream.
    ...sizeCauses("[]", [...sizes, ...decodedSizes(binaryData)]),
  ];
}
