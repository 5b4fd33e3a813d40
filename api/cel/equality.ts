/** Equality of CEL values: by content, numbers across their types. Source: cel-spec, section "Equality". */

/** Whether two values are the same to CEL. */
export function equalValues(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === "bigint" || typeof b === "bigint") return sameNumber(a, b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalValues(item, b[i]));
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  const [left, right] = [entriesOf(a), entriesOf(b)];
  return (
    left.size === right.size && [...left].every(([key, value]) => right.has(key) && equalValues(value, right.get(key)))
  );
}

function sameNumber(a: unknown, b: unknown): boolean {
  const numbers = [a, b].every((one) => typeof one === "bigint" || typeof one === "number");
  return numbers && (a as number) == (b as number);
}

function entriesOf(value: object): ReadonlyMap<unknown, unknown> {
  return value instanceof Map
    ? (value as ReadonlyMap<unknown, unknown>)
    : new Map<unknown, unknown>(Object.entries(value));
}
