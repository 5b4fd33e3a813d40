import { isDeepStrictEqual } from "node:util";

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
