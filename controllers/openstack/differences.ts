import { isDeepStrictEqual } from "node:util";
import type { Change, Context } from "./actuator.ts";

/** Which of the fields that are asked for are not so. What is asked for as undefined may be anything. */
export function differences<W extends object>(wanted: W, remote: object): Partial<W> {
  const now = remote as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(wanted).filter(([field, value]) => value !== undefined && !isDeepStrictEqual(now[field], value)),
  ) as Partial<W>;
}

/** For people: `set mtu to 1400, name to "web"`. */
export const described = (fields: object): string =>
  `set ${Object.entries(fields)
    .map(([field, value]) => `${field} to ${JSON.stringify(value)}`)
    .join(", ")}`;

/** That fields are set in one request, where `differs` has any. */
export function fieldsChange<T, D extends object>(
  differs: D,
  update: (context: Context, fields: D) => Promise<T>,
): readonly Change<T>[] {
  if (Object.keys(differs).length === 0) return [];
  return [{ what: described(differs), perform: (context) => update(context, differs) }];
}

/** Whether both have the same texts, in any order. */
export const isSameSet = (one: readonly string[], other: readonly string[]): boolean =>
  isDeepStrictEqual([...one].sort(), [...other].sort());
