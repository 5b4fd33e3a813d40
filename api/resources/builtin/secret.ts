/** Source: kubernetes/pkg/registry/core/secret/strategy.go, ValidateSecret and core/v1/{conversion,defaults}.go. */
import { secretType } from "../../../crds/core.ts";
import { invalidValue, required } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { builtin, flag, mapOf, text, textAt } from "./builtin.ts";
import { decodedSizes, immutableCauses, keyCauses, mapAt, sizeCauses } from "./data.ts";

/** What a Secret of a known type must have. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};

export const secrets = builtin({
  ...secretType,
  singular: "secret",
  description: "Secret holds secret data of a certain type.",
  properties: {
    data: mapOf(text(), "The secret data, each value in base64."),
    stringData: mapOf(text(), "Write-only: values that are not in base64, merged into data."),
    type: text("Used to facilitate programmatic handling of secret data."),
    immutable: flag("If true, the data cannot be changed any more."),
  },
  columns: [
    nameColumn,
    { name: "Type", type: "string", description: "Type of the secret", priority: 0, value: textAt("type") },
    {
      name: "Data",
      type: "string",
      description: "Number of entries",
      priority: 0,
      value: (object) => Object.keys(mapAt(object as unknown as JsonObject, "data")).length,
    },
    ageColumn,
  ],
  selectableFields: { type: textAt("type") },
  unconditionalUpdate: true,
  prepareForCreate(secret) {
    secret["type"] ||= "Opaque";
    mergeStringData(secret);
    return causesOf(secret);
  },
  prepareForUpdate(secret, old) {
    secret["type"] ||= old["type"];
    mergeStringData(secret);
    const sameType = secret["type"] === old["type"];
    return [
      ...(sameType ? [] : [invalidValue("type", secret["type"], "field is immutable")]),
      ...immutableCauses(secret, old, ["data"]),
      ...causesOf(secret),
    ];
  },
});

function mergeStringData(secret: JsonObject): void {
  const given = Object.entries(mapAt(secret, "stringData"));
  delete secret["stringData"];
  if (given.length === 0) return;
  const encoded = given.map(([key, value]) => [key, Buffer.from(String(value)).toString("base64")] as const);
  secret["data"] = { ...mapAt(secret, "data"), ...Object.fromEntries(encoded) };
}

function causesOf(secret: JsonObject): readonly StatusCause[] {
  const data = mapAt(secret, "data");
  const missing = (requiredKeys[String(secret["type"])] ?? []).filter((key) => !Object.hasOwn(data, key));
  return [
    ...keyCauses(secret, "data"),
    ...sizeCauses("data", decodedSizes("Secret", data)),
    ...missing.map((key) => required(`data[${key}]`)),
  ];
}
