/** Source: kubernetes/pkg/registry/core/secret/strategy.go, ValidateSecret and core/v1/{conversion,defaults}.go. */
import { secretType } from "../../../crds/core.ts";
import { isJsonObject } from "../../../formats/json-object.ts";
import { invalidValue, required } from "../../schema/field-errors.ts";
import type { StatusCause } from "../../status.ts";
import { ageColumn, nameColumn } from "../../tables/columns.ts";
import type { JsonObject } from "../definition.ts";
import { bytes, flag, mapOf, pointer, text, textAt, typed } from "./builtin.ts";
import { decodedSizes, immutableCauses, keyCauses, mapAt, sizeCauses } from "./data.ts";

const accountAnnotation = "kubernetes.io/service-account.name";

/** What a Secret of a known type must have, by type. */
const typeRules: Readonly<Record<string, (secret: JsonObject, data: JsonObject) => readonly StatusCause[]>> = {
  "kubernetes.io/service-account-token": ({ metadata }) => {
    const annotations = mapAt(metadata as JsonObject, "annotations");
    return (annotations[accountAnnotation] ?? "") === ""
      ? [required(`metadata.annotations[${accountAnnotation}]`)]
      : [];
  },
  "kubernetes.io/dockercfg": (_, data) => jsonCauses(data, ".dockercfg"),
  "kubernetes.io/dockerconfigjson": (_, data) => jsonCauses(data, ".dockerconfigjson"),
  "kubernetes.io/basic-auth": (_, data) => {
    const keys = ["username", "password"];
    return keys.some((key) => Object.hasOwn(data, key)) ? [] : keys.map((key) => required(`data[${key}]`));
  },
  "kubernetes.io/ssh-auth": (_, data) =>
    (data["ssh-privatekey"] ?? "") === "" ? [required("data[ssh-privatekey]")] : [],
  "kubernetes.io/tls": (_, data) =>
    ["tls.crt", "tls.key"].filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`)),
};

export const secrets = typed({
  ...secretType,
  singular: "secret",
  description: "Secret holds secret data of a certain type.",
  properties: {
    data: mapOf(bytes(), "The secret data, each value in base64."),
    stringData: mapOf(text(), "Write-only: values that are not in base64, merged into data."),
    type: text("Used to facilitate programmatic handling of secret data."),
    immutable: pointer(flag("If true, the data cannot be changed any more.")),
  },
  setDefaults: (secret) => {
    mergeStringData(secret);
    secret["type"] ||= "Opaque";
  },
  columns: [
    nameColumn,
    {
      name: "Type",
      type: "string",
      description:
        "Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
      priority: 0,
      value: textAt("type"),
    },
    {
      name: "Data",
      type: "string",
      description: "Data contains the secret data, each value in base64.",
      priority: 0,
      value: (object) => Object.keys(mapAt(object as unknown as JsonObject, "data")).length,
    },
    ageColumn,
  ],
  selectableFields: { type: textAt("type") },
  unconditionalUpdate: true,
  prepareForCreate: causesOf,
  prepareForUpdate(secret, old) {
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
  const type = String(secret["type"]);
  return [
    ...keyCauses(secret, "data"),
    ...sizeCauses("data", decodedSizes(data)),
    ...(Object.hasOwn(typeRules, type) ? (typeRules[type]?.(secret, data) ?? []) : []),
  ];
}

/** The value never appears in what is said about it. */
function jsonCauses(data: JsonObject, key: string): readonly StatusCause[] {
  if (!Object.hasOwn(data, key)) return [required(`data[${key}]`)];
  const why = jsonProblem(Buffer.from(String(data[key]), "base64").toString());
  return why === undefined ? [] : [invalidValue(`data[${key}]`, "<secret contents redacted>", why)];
}

/** In encoding/json's words. */
function jsonProblem(content: string): string | undefined {
  try {
    const value: unknown = JSON.parse(content);
    if (isJsonObject(value) || value === null) return undefined;
    const type = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    return `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
  } catch {
    return content.trim() === "" ? "unexpected end of JSON input" : "invalid character looking for beginning of value";
  }
}
