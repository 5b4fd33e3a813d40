/**
 * Kubernetes quantities. Source: k8s.io/apimachinery/pkg/api/resource/quantity.go.
 * Amounts are numbers: exact up to 2^53, which is 8 PiB or 9e12 cores.
 */
import type { Quantity } from "./schema.ts";
import { quantityPattern } from "./schema.ts";

const multipliers: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The amount in units (cores, bytes). Throws RangeError for what is not a quantity. */
export function parseQuantity(quantity: Quantity): number {
  if (typeof quantity === "number") return quantity;
  if (!quantityPattern.test(quantity))
    throw new RangeError(`Cannot read quantity "${quantity}": expected a number with a suffix such as 500m or 128Mi`);
  const [, digits = "", suffix = ""] = /^([+-]?[0-9.]+)(.*)$/.exec(quantity) ?? [];
  const multiplier = multipliers[suffix];
  return Number(digits) * (multiplier ?? Number(`1${suffix}`));
}

/** Cores as Kubernetes writes them: `4`, `500m`. */
export function formatCpu(cores: number): string {
  const milli = Math.round(cores * 1000);
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** Bytes in the largest binary unit that says them exactly: `512Mi`, `16393816Ki`, `1000`. */
export function formatBytes(bytes: number): string {
  for (const suffix of ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki"] as const) {
    const unit = multipliers[suffix] ?? 1;
    if (bytes >= unit && bytes % unit === 0) return `${bytes / unit}${suffix}`;
  }
  return String(bytes);
}
