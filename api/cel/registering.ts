/** How functions are made known to CEL. */
import type { Environment } from "@marcbachmann/cel-js";

/** Limits of CEL's int. */
export const maxInt = 2n ** 63n - 1n;
export const minInt = -(2n ** 63n);

/** What a function does, by its signature. The types of the arguments are those that the signature names. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- only the signature knows them
export type Functions = Readonly<Record<string, (...args: any[]) => unknown>>;

/** Functions that answer at once. */
export function pure(environment: Environment, functions: Functions): void {
  for (const [signature, handler] of Object.entries(functions))
    environment.registerFunction(signature, handler, { async: false });
}

/** `name.function(...)`: CEL has no name spaces, so the name is a constant and its functions are methods. */
export function namespaced(environment: Environment, name: string, functions: Functions): void {
  const type = `${name}.Functions`;
  class Namespace {
    readonly name = name;
  }
  environment.registerType(type, Namespace).registerConstant(name, type, new Namespace());
  const methods = Object.entries(functions).map(
    ([signature, handler]) =>
      [`${type}.${signature}`, (_: Namespace, ...args: readonly unknown[]) => handler(...args)] as const,
  );
  pure(environment, Object.fromEntries(methods));
}
