import { UsageError } from "./errors.ts";

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration as kubectl takes it: `60s`, `1h30m`, `500ms`; days (`2d`) as well, and a bare number is
 * seconds. Throws UsageError, which names `option`, for anything else. Source: Go's time.ParseDuration.
 */
export function parseDuration(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text))
    throw new UsageError(`${option} "${text}" is not a duration: write it as 60s, 5m or 1h30m`);
  let total = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    total += Number(amount) * (unitMs[unit] ?? 0);
  return total;
}

/** Longer ones are taken for 1 ms: setTimeout() in Node's documentation. It is 24 days. */
const longestTimerMs = 2 ** 31 - 1;

/** Aborts after `ms`, or the longest that there is. */
export const timeoutSignal = (ms: number): AbortSignal => AbortSignal.timeout(Math.min(Math.ceil(ms), longestTimerMs));
