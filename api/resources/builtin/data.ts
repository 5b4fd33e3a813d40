/** What ConfigMap and Secret share. Source: ValidateConfigMap and ValidateSecret in core/validation/validation.go. */
import { isDeepStrictEqual } from "node:util";
import { isJsonObject } from "../../../formats/json-object.ts";
import { forbiddenField, invalidValue, tooLong } from "../../schema/field-errors.ts";
import { dataKey } from "../../schema/names.ts";
import type { StatusCause } from "../../status.ts";
import { badRequest } from "../../status.ts";
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

/** How many bytes each value has. Throws BadRequest, as decoding does, when one is not base64. */
export function decodedSizes(kind: string, values: JsonObject): number[] {
  return Object.values(values).map((value) => {
    if (typeof value !== "string") return 0; // the schema says so
    const text = value.replace(/[\r\n]/g, ""); // Go's decoder skips them
    const wrong =
      /[^A-Za-z0-9+/]/.exec(text.replace(/={0,2}$/, ""))?.index ?? (text.length % 4 === 0 ? -1 : text.length);
    if (wrong >= 0)
      throw badRequest(
        `${kind} in version "v1" cannot be handled as a ${kind}: illegal base64 data at input byte ${wrong}`,
      );
    return Buffer.byteLength(text, "base64");
  });
}
