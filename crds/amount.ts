/**
 * Quantities exactly, for what is added up and compared: quotas and limits. `parseQuantity` (quantity.ts) gives numbers,
 * which is enough for what a container is started with. Source: k8s.io/apimachinery/pkg/api/resource/quantity.go.
 */
import type { Quantity } from "./schema.ts";

/** A number of billionths, and how it is written: as 2Gi, as 2G, or as 2e9. */
export interface Amount {
  readonly nano: bigint;
  readonly format: "BinarySI" | "DecimalSI" | "DecimalExponent";
}

const one = 1_000_000_000n;
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const;
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;

/** What Kubernetes says of text that is no quantity (resource.ErrFormatWrong). */
export const quantityFormatError =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Nothing, which takes the format of what is added to it. */
export const noAmount: Amount = { nano: 0n, format: "DecimalSI" };

/** Far beyond what anything has, and still read in no time: a body may be one long number. */
const maxDigits = 1000;
/** Beyond this a short text would be a number of megabytes. */
const maxExponent = 300;

/**
 * Parts of a billionth are rounded away from zero. Throws RangeError with {@link quantityFormatError}, also for what has
 * more than 1000 digits or an exponent beyond 300.
 */
export function readAmount(quantity: Quantity): Amount {
  const text = String(quantity);
  const [, sign = "", whole = "", fraction = "", suffix = ""] =
    /^([+-]?)([0-9]*)(?:\.([0-9]*))?((?:[a-zA-Z]+[+-]?[0-9]*)?)$/.exec(text) ?? [];
  const scale = scaleOf(suffix);
  const digits = whole + fraction;
  if (digits === "" || digits.length > maxDigits || scale === undefined) throw new RangeError(quantityFormatError);
  const { multiplier, divisor, format } = scale;
  const numerator = BigInt(digits) * multiplier * one;
  const denominator = divisor * 10n ** BigInt(fraction.length);
  const nano = (numerator + denominator - 1n) / denominator;
  return { nano: sign === "-" ? -nano : nano, format };
}

interface Scale {
  readonly multiplier: bigint;
  readonly divisor: bigint;
  readonly format: Amount["format"];
}

function scaleOf(suffix: string): Scale | undefined {
  const binary = binarySuffixes.indexOf(suffix as (typeof binarySuffixes)[number]);
  if (binary > 0) return { multiplier: 1024n ** BigInt(binary), divisor: 1n, format: "BinarySI" };
  const decimal = decimalSuffixes.indexOf(suffix as (typeof decimalSuffixes)[number]);
  if (decimal >= 0) return powerOfTen((decimal - 3) * 3, "DecimalSI");
  const [, exponent] = /^[eE]([+-]?[0-9]{1,3})$/.exec(suffix) ?? [];
  if (exponent === undefined || Math.abs(Number(exponent)) > maxExponent) return undefined;
  return powerOfTen(Number(exponent), "DecimalExponent");
}

function powerOfTen(exponent: number, format: Amount["format"]): Scale {
  const power = 10n ** BigInt(Math.abs(exponent));
  return exponent < 0 ? { multiplier: 1n, divisor: power, format } : { multiplier: power, divisor: 1n, format };
}

/** As Kubernetes writes it: with the largest suffix that leaves no fraction. */
export function writeAmount({ nano, format }: Amount): string {
  if (nano === 0n) return "0";
  const absolute = nano < 0n ? -nano : nano;
  const sign = nano < 0n ? "-" : "";
  // Small amounts, and parts of one, have no binary form.
  if (format === "BinarySI" && absolute >= 1024n * one) {
    const [units, power] = reduced((absolute + one - 1n) / one, 1024n, binarySuffixes.length - 1);
    return `${sign}${units}${binarySuffixes[power] ?? ""}`;
  }
  const [units, power] = reduced(absolute, 1000n, decimalSuffixes.length - 1);
  if (format !== "DecimalExponent") return `${sign}${units}${decimalSuffixes[power] ?? ""}`;
  return power === 3 ? `${sign}${units}` : `${sign}${units}e${(power - 3) * 3}`;
}

function reduced(value: bigint, base: bigint, maxPower: number): readonly [bigint, number] {
  let [units, power] = [value, 0];
  for (; power < maxPower && units % base === 0n; power++) units /= base;
  return [units, power];
}

/** The quantity in the form that Kubernetes would store. Throws RangeError. */
export const canonicalQuantity = (quantity: Quantity): string => writeAmount(readAmount(quantity));

/** Keeps the format of the first one that is not zero. */
export function addAmounts(a: Amount, b: Amount): Amount {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** `a - b`, or nothing where that would be negative. */
export function subtractAmounts(a: Amount, b: Amount): Amount {
  return { nano: a.nano > b.nano ? a.nano - b.nano : 0n, format: a.format };
}
