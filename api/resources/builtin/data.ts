/** What ConfigMap and Secret share. Source: ValidateConfigMap and ValidateSecret in core/validation/validation.go. */
import { isDeepStrictEqual } from "node:util";
import { isJsonObject } from "../../../formats/json-object.ts";
import { forbiddenField, invalidValue, tooLong } from "../../schema/field-errors.ts";
import { dataKey } from "../../schema/names.ts";
import type { StatusCause } from "../../status.ts";
import type { JsonObject } from "../definition.ts";

const maxDataBytes = 1024 * 1024;

export function mapAt(object: JsonObject, field: string): JsonObject {
  const value = object[field];
  return isJsonObject(value) ? value : {};
}

export function keyCauses(object: JsonObject, field: string): StatusCause[] {
  return Object.keys(mapAt(object, field)).flatMap((key) =>
    dataKey(key).map((why) => invalidValue(`${field}[${key}]`, key, why)),
  );
}

/** `sizes` are the bytes of each value. */
export function sizeCauses(field: string, sizes: readonly number[]): StatusCause[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return total > maxDataBytes ? [tooLong(field, maxDataBytes)] : [];
}

export function immutableCauses(object: JsonObject, old: JsonObject, fields: readonly string[]): StatusCause[] {
  if (old["immutable"] !== true) return [];
  return ["immutable", ...fields]
    .filter((field) => !isDeepStrictEqual(object[field], old[field]))
    .map((field) => forbiddenField(field, "field is immutable when `immutable` is set"));
}

/** How many bytes each value has, which are all in base64. */
export function decodedSizes(values: JsonObject): number[] {
  return Object.values(values).map((value) => Buffer.byteLength(String(value), "base64"));
}
