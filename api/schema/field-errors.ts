/**
 * What can be wrong with a field, as metav1.StatusCause.
 * Source of reasons and wording: apimachinery/pkg/util/validation/field/errors.go.
 */
import type { StatusCause } from "../status.ts";

/** A value as a message shows it: strings quoted, objects and lists as JSON. */
function show(value: unknown): string {
  return value === undefined || value === null ? '"null"' : JSON.stringify(value);
}

const cause = (field: string, reason: string, text: string, detail = ""): StatusCause => ({
  reason,
  message: detail === "" ? text : `${text}: ${detail}`,
  field,
});

export const required = (field: string, detail = ""): StatusCause =>
  cause(field, "FieldValueRequired", "Required value", detail);

export const invalidValue = (field: string, value: unknown, detail: string): StatusCause =>
  cause(field, "FieldValueInvalid", `Invalid value: ${show(value)}`, detail);

export const typeInvalid = (field: string, value: unknown, detail: string): StatusCause =>
  cause(field, "FieldValueTypeInvalid", `Invalid value: ${show(value)}`, detail);

export const duplicate = (field: string, value: unknown, detail = ""): StatusCause =>
  cause(field, "FieldValueDuplicate", `Duplicate value: ${show(value)}`, detail);

export const forbiddenField = (field: string, detail: string): StatusCause =>
  cause(field, "FieldValueForbidden", "Forbidden", detail);

export function notSupported(field: string, value: unknown, supported: readonly unknown[]): StatusCause {
  const values = supported.map((one) => JSON.stringify(typeof one === "string" ? one : JSON.stringify(one)));
  return cause(
    field,
    "FieldValueNotSupported",
    `Unsupported value: ${show(value)}`,
    `supported values: ${values.join(", ")}`,
  );
}

/** The value itself is not shown: it is too long. */
export const tooLong = (field: string, maxBytes: number): StatusCause =>
  cause(field, "FieldValueTooLong", "Too long", `may not be more than ${maxBytes} bytes`);

export const tooMany = (field: string, actual: number, max: number): StatusCause =>
  cause(field, "FieldValueTooMany", `Too many: ${actual}`, `must have at most ${max} ${max === 1 ? "item" : "items"}`);
