/**
 * Lists, sets, and loops with two variables. Source: k8s.io/apiserver/pkg/cel/library/lists.go, cel-go/ext/{sets,
 * comprehensions}.go.
 */
import type { Environment } from "@marcbachmann/cel-js";
import { Duration, EvaluationError } from "./cel.ts";
import { equalValues } from "./equality.ts";
import type { Evaluating, Macro, Scope, TypeChecking, TypeDeclaration } from "./cel.ts";
import { namespaced, pure } from "./registering.ts";

type Comparable = number | bigint | string | boolean | Date;

const before = (a: Comparable, b: Comparable): boolean => a.valueOf() < b.valueOf();

function extreme(
  list: readonly Comparable[],
  name: string,
  better: (one: Comparable, best: Comparable) => boolean,
): unknown {
  const [first, ...rest] = list;
  if (first === undefined) throw new EvaluationError(`${name} called on empty list`);
  return rest.reduce((best, one) => (better(one, best) ? one : best), first);
}

/** isSorted(), sum(), min(), max(), indexOf(), lastIndexOf(). */
export function registerLists(environment: Environment): void {
  pure(environment, {
    "list.isSorted(): bool": (list: readonly Comparable[]) =>
      list.every((item, i) => i === 0 || !before(item, list[i - 1] ?? item)),
    "list<int>.sum(): int": (list: readonly bigint[]) => list.reduce((sum, one) => sum + one, 0n),
    "list<double>.sum(): double": (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0),
    "list<google.protobuf.Duration>.sum(): google.protobuf.Duration": (list: readonly Duration[]) =>
      list.reduce((sum, one) => sum.addDuration(one), new Duration(0n)),
    "list<T>.min(): T": (list: readonly Comparable[]) => extreme(list, "min", before),
    "list<T>.max(): T": (list: readonly Comparable[]) => extreme(list, "max", (one, best) => before(best, one)),
    "list<T>.indexOf(T): int": (list: readonly unknown[], value: unknown) =>
      BigInt(list.findIndex((item) => equalValues(item, value))),
    "list<T>.lastIndexOf(T): int": (list: readonly unknown[], value: unknown) =>
      BigInt(list.findLastIndex((item) => equalValues(item, value))),
  });
}

/** sets.contains(), sets.equivalent(), sets.intersects(). */
export function registerSets(environment: Environment): void {
  type List = readonly unknown[];
  const has = (list: List, value: unknown): boolean => list.some((item) => equalValues(item, value));
  const contains = (list: List, sublist: List): boolean => sublist.every((value) => has(list, value));
  namespaced(environment, "sets", {
    "contains(list<T>, list<T>): bool": contains,
    "equivalent(list<T>, list<T>): bool": (a: List, b: List) => contains(a, b) && contains(b, a),
    "intersects(list<T>, list<T>): bool": (a: List, b: List) => a.some((value) => has(b, value)),
  });
}

/** What a loop does with what its expressions say about one entry. */
interface Loop {
  readonly type: (
    checker: TypeChecking,
    types: { readonly key: TypeDeclaration; readonly result: TypeDeclaration },
  ) => TypeDeclaration;
  readonly run: (entries: Iterable<Turn>) => unknown;
}

/** One entry; what is asked of it is evaluated when asked. */
interface Turn {
  readonly key: unknown;
  readonly passes: () => boolean;
  readonly value: () => unknown;
}

const bool = (checker: TypeChecking): TypeDeclaration => checker.getType("bool");

const listLoop: Loop = {
  type: (checker, { result }) => checker.registry.getListType(result),
  run: (turns) => [...turns].filter((turn) => turn.passes()).map((turn) => turn.value()),
};

const mapLoop: Loop = {
  type: (checker, { key, result }) => checker.registry.getMapType(key, result),
  run: (turns) => new Map([...turns].filter((turn) => turn.passes()).map((turn) => [turn.key, turn.value()])),
};

const mapEntryLoop: Loop = {
  type: (_, { result }) => result,
  run(turns) {
    const entries = new Map<unknown, unknown>();
    for (const turn of turns) {
      if (!turn.passes()) continue;
      const made = turn.value();
      for (const [key, value] of made instanceof Map ? made : Object.entries(made as object)) {
        if (entries.has(key)) throw new EvaluationError(`insert failed: key ${String(key)} already exists`);
        entries.set(key, value);
      }
    }
    return entries;
  },
};

/** As all() and exists() with one variable: a fault counts only where no other entry decides. */
function quantifier(decisive: boolean): Loop {
  return {
    type: bool,
    run(turns) {
      let fault: Error | undefined;
      for (const turn of turns)
        try {
          if (turn.passes() === decisive) return decisive;
        } catch (error) {
          fault ??= error as Error;
        }
      if (fault !== undefined) throw fault;
      return !decisive;
    },
  };
}

const oneLoop: Loop = { type: bool, run: (turns) => [...turns].filter((turn) => turn.passes()).length === 1 };

/** all(), exists(), existsOne(), transformList(), transformMap(), transformMapEntry() with key (or index) and value. */
export function registerTwoVariableLoops(environment: Environment): void {
  const tested: Readonly<Record<string, Loop>> = {
    all: quantifier(false),
    exists: quantifier(true),
    existsOne: oneLoop,
  };
  for (const [name, loop] of Object.entries(tested))
    environment.registerFunction(`list.${name}(ast, ast, ast): bool`, (given: Macro) =>
      macroOf(given, loop, given.args[2], undefined),
    );
  const transforms = { transformList: listLoop, transformMap: mapLoop, transformMapEntry: mapEntryLoop };
  for (const [name, loop] of Object.entries(transforms)) {
    environment.registerFunction(`list.${name}(ast, ast, ast): dyn`, (given: Macro) =>
      macroOf(given, loop, undefined, given.args[2]),
    );
    environment.registerFunction(`list.${name}(ast, ast, ast, ast): dyn`, (given: Macro) =>
      macroOf(given, loop, given.args[2], given.args[3]),
    );
  }
}

function macroOf(
  { args, receiver }: Macro,
  loop: Loop,
  test: Macro["receiver"] | undefined,
  value: Macro["receiver"] | undefined,
) {
  const [first, second] = args.map((node) => (node.op === "id" ? node.args : undefined));
  let outer: Scope;
  let inner: Scope;
  return {
    async: false,
    typeCheck(checker: TypeChecking, _: unknown, scope: Scope): TypeDeclaration {
      if (typeof first !== "string" || typeof second !== "string")
        throw checker.createError("invalid_macro_argument", "argument must be a simple name", receiver);
      const range = checker.check(receiver, scope);
      const key = range.kind === "list" ? checker.getType("int") : (range.keyType ?? checker.getType("dyn"));
      outer = scope.forkWithVariable(first, key);
      inner = outer.forkWithVariable(second, range.valueType ?? checker.getType("dyn"));
      if (test !== undefined && !checker.check(test, inner).isDynOrBool())
        throw checker.createError("invalid_condition_type", "the condition of a loop must be bool", test);
      const result = value === undefined ? bool(checker) : checker.check(value, inner);
      return loop.type(checker, { key, result });
    },
    evaluate(evaluator: Evaluating, _: unknown, scope: Scope): unknown {
      const entries = entriesOf(evaluator.run(receiver, scope));
      const turns = entries.map(([key, item]): Turn => {
        const here = (): Scope =>
          inner.reuse(outer.reuse(scope).setIterValue(key, evaluator)).setIterValue(item, evaluator);
        return {
          key,
          passes: () => test === undefined || evaluator.run(test, here()) === true,
          value: () => (value === undefined ? undefined : evaluator.run(value, here())),
        };
      });
      return loop.run(turns);
    },
  };
}

function entriesOf(range: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(range)) return range.map((item: unknown, index) => [BigInt(index), item]);
  if (range instanceof Map) return [...(range as ReadonlyMap<unknown, unknown>)];
  if (typeof range === "object" && range !== null) return Object.entries(range);
  throw new EvaluationError("a loop needs a list or a map");
}
