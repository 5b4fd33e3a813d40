import { humanDuration } from "../formats/human-duration.ts";

/** Time since an RFC 3339 time; `<unknown>` when there is none. */
export function age(time: string | undefined, now: Date): string {
  return time === undefined ? "<unknown>" : humanDuration(now.getTime() - Date.parse(time));
}
