/** Kubernetes quantities in CEL. Source: k8s.io/apiserver/pkg/cel/library/quantity.go, apimachinery/pkg/api/resource. */
import type { Environment } from "@marcbachmann/cel-js";
import { EvaluationError } from "@marcbachmann/cel-js";
import { quantityFormatError, readAmount } from "../../crds/amount.ts";
import { maxInt, minInt, pure } from "./registering.ts";

const unit = readAmount("1").nano;

/** An exact amount. */
class Quantity {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

function parse(text: string): Quantity | undefined {
  try {
    return new Quantity(readAmount(text).nano);
  } catch {
    return undefined;
  }
}

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
      throw new EvaluationError(quantityFormatError);
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
