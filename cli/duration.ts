import { durationMs } from "../crds/duration.ts";
import { UsageError } from "./errors.ts";

/**
 * Milliseconds of a duration as kubectl takes it: `60s`, `1h30m`, `500ms`; days (`2d`) as well, and a bare number is
 * seconds. Throws UsageError, which names `option`, for anything else. Source: Go's time.ParseDuration.
 */
export function parseDuration(option: string, text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : durationMs(text);
  if (ms === undefined) throw new UsageError(`${option} "${text}" is not a duration: write it as 60s, 5m or 1h30m`);
  return ms;
}

/** Longer ones are taken for 1 ms: setTimeout() in Node's documentation. It is 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/** Aborts after `ms`, or the longest that there is. */
export const timeoutSignal = (ms: number): AbortSignal => AbortSignal.timeout(Math.min(Math.ceil(ms), longestTimerMs));
