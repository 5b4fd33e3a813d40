export type JsonObject = { [key: string]: unknown };

/** Whether it is a map of JSON: neither a list nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
