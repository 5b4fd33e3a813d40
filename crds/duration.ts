import { z } from "zod";

const durationPattern = /^(0|([0-9]+(\.[0-9]+)?(ms|s|m|h))+)$/;

/** A duration as Go writes it: 30s, 10m, 1h30m; 0 is none. Source: Go's time.ParseDuration, without signs. */
export const GoDuration = z.string().max(64).regex(durationPattern);

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of what {@link GoDuration} takes, and of days as well (`2d`); undefined for anything else. */
export function durationMs(text: string): number | undefined {
  if (!/^(0|(\d+(\.\d+)?(ms|[smhd]))+)$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)].reduce(
    (total, [, amount, unit = ""]) => total + Number(amount) * (unitMs[unit] ?? 0),
    0,
  );
}
