/** Kubernetes quantities in CEL. Source: k8s.io/apiserver/pkg/cel/library/quantity.go, apimachinery/pkg/api/resource. */
import type { Environment } from "@marcbachmann/cel-js";
import { EvaluationError } from "@marcbachmann/cel-js";
import { quantityPattern } from "../../crds/schema.ts";
import { maxInt, minInt, pure } from "./registering.ts";

/** Decimal exponents of the suffixes, and binary ones. */
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

/** What is smaller is rounded up. Source: Nano in quantity.go. */
const nano = 9;
const unit = 10n ** BigInt(nano);
/** Nothing that anyone measures; a longer exponent would be a number of megabytes. */
const maxExponent = 300;

/** An exact amount. */
class Quantity {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

function parse(text: string): Quantity | undefined {
  const [, sign, whole = "", fraction = "", suffix = ""] = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(.*)$/.exec(text) ?? [];
  if (!quantityPattern.test(text)) return undefined;
  const shift = binary[suffix];
  const exponent = shift === undefined ? (decimal[suffix] ?? Number(suffix.slice(1))) : 0;
  if (Math.abs(exponent) > maxExponent) return undefined;
  const digits = BigInt(whole + fraction || "0") << (shift ?? 0n);
  const power = exponent + nano - fraction.length;
  const amount = power >= 0 ? digits * 10n ** BigInt(power) : roundedUp(digits, 10n ** BigInt(-power));
  return new Quantity(sign === "-" ? -amount : amount);
}

const roundedUp = (amount: bigint, divisor: bigint): bigint => (amount + divisor - 1n) / divisor;

function integerOf({ nanos }: Quantity): bigint | undefined {
  const amount = nanos / unit;
  return nanos % unit === 0n && amount <= maxInt && amount >= minInt ? amount : undefined;
}

const signOf = (difference: bigint): bigint => (difference > 0n ? 1n : difference < 0n ? -1n : 0n);

/** quantity(), isQuantity(), and what can be done with a quantity. */
export function registerQuantity(environment: Environment): void {
  const type = "kubernetes.Quantity";
  environment.registerType(type, Quantity);
  environment.registerOperator(`${type} == ${type}`, (a: Quantity, b: Quantity) => a.nanos === b.nanos);
  pure(environment, {
    [`quantity(string): ${type}`]: (text: string) => {
      const quantity = parse(text);
      if (quantity !== undefined) return quantity;
      throw new EvaluationError(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      );
    },
    "isQuantity(string): bool": (text: string) => parse(text) !== undefined,
    [`${type}.sign(): int`]: (quantity: Quantity) => signOf(quantity.nanos),
    [`${type}.isInteger(): bool`]: (quantity: Quantity) => integerOf(quantity) !== undefined,
    [`${type}.asInteger(): int`]: (quantity: Quantity) => {
      const amount = integerOf(quantity);
      if (amount !== undefined) return amount;
      throw new EvaluationError("cannot convert value to integer");
    },
    [`${type}.asApproximateFloat(): double`]: ({ nanos }: Quantity) => Number(nanos) / Number(unit),
    [`${type}.add(${type}): ${type}`]: (a: Quantity, b: Quantity) => new Quantity(a.nanos + b.nanos),
    [`${type}.add(int): ${type}`]: (a: Quantity, b: bigint) => new Quantity(a.nanos + b * unit),
    [`${type}.sub(${type}): ${type}`]: (a: Quantity, b: Quantity) => new Quantity(a.nanos - b.nanos),
    [`${type}.sub(int): ${type}`]: (a: Quantity, b: bigint) => new Quantity(a.nanos - b * unit),
    [`${type}.isGreaterThan(${type}): bool`]: (a: Quantity, b: Quantity) => a.nanos > b.nanos,
    [`${type}.isLessThan(${type}): bool`]: (a: Quantity, b: Quantity) => a.nanos < b.nanos,
    [`${type}.compareTo(${type}): int`]: (a: Quantity, b: Quantity) => signOf(a.nanos - b.nanos),
  });
}
