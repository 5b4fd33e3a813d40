/**
 * What a rule can cost at most, before it ever runs: from how deep its loops are nested and how long the schema lets
 * lists, maps and strings be. Kubernetes refuses definitions whose rules may be too expensive.
 * Source: cel-go/checker/cost.go, k8s.io/apiserver/pkg/cel/library/cost.go, and the sizes of SchemaDeclType in
 * k8s.io/apiserver/pkg/cel/common/schemas.go.
 */
import type { ASTNode } from "@marcbachmann/cel-js";
import type { SchemaTypes } from "./cel-types.ts";
import type { SchemaNode } from "./schema-node.ts";

/** At least and at most; more than anything is Infinity. */
interface Range {
  readonly min: number;
  readonly max: number;
}

/** What is known of an expression. */
interface Known {
  readonly cost: Range;
  /** Of its value, where it has one. */
  readonly size?: Range | undefined;
  /** Where in the schema its value comes from. */
  readonly node?: SchemaNode | undefined;
  /** Of the items of a list that an expression makes. */
  readonly item?: Known | undefined;
}

const range = (min: number, max = min): Range => ({ min, max });
const zero = range(0);
const one = range(1);
const add = (...ranges: readonly Range[]): Range =>
  ranges.reduce((sum, { min, max }) => range(sum.min + min, sum.max + max), zero);
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);
const multiply = (a: Range, b: Range): Range => range(product(a.min, b.min), product(a.max, b.max));
const scaled = (size: Range, factor: number): Range =>
  range(Math.ceil(size.min * factor), Math.ceil(size.max * factor));
const either = (a: Range, b: Range): Range => range(Math.min(a.min, b.min), Math.max(a.max, b.max));

const stringFactor = 0.1;
const regexFactor = 0.25;
const listCost = range(10);
const mapCost = range(30);

/** Source: celconfig.MaxRequestSizeBytes. */
const maxRequestBytes = 3 * 1024 * 1024;

type Scope = ReadonlyMap<string, Known>;

/** The most that one evaluation of a checked expression, a rule or a message, costs for values of `node`. */
export function maxCost(expression: ASTNode, types: SchemaTypes, node: SchemaNode): number {
  const self: Known = { cost: one, node };
  return new Estimator(types).known(expression, new Map([["self", self], ["oldSelf", self]])).cost.max; // prettier-ignore
}

/** How often a value of `node` can be there in one request, where nothing around it says how often. */
export function maxCardinality(node: SchemaNode): number {
  return Math.floor(maxRequestBytes / (minBytes(node) + 1));
}

/** How many items a list, or entries a map, may have; undefined where the schema does not say it. */
export function maxElements({ items, limits }: SchemaNode): number | undefined {
  return items === undefined ? limits.maxProperties : limits.maxItems;
}

class Estimator {
  readonly #types: SchemaTypes;

  constructor(types: SchemaTypes) {
    this.#types = types;
  }

  known(ast: ASTNode, scope: Scope): Known {
    const known = this.#known(ast, scope);
    const isUnsized = known.size === undefined && known.node === undefined;
    return isUnsized && scalars.has(typeNameOf(ast)) ? { ...known, size: one } : known;
  }

  #known(ast: ASTNode, scope: Scope): Known {
    const args = ast.args as never;
    const operator: string = ast.op;
    switch (operator) {
      case "value":
        return { cost: zero, size: sizeOfLiteral(args) };
      case "id":
        return scope.get(args) ?? { cost: one };
      case ".":
      case ".?":
        return this.#field(args, scope);
      case "list":
        return this.#list(args, scope);
      case "map":
        return { cost: add(mapCost, ...(args as ASTNode[][]).flat().map((node) => this.known(node, scope).cost)) };
      case "?:":
        return this.#conditional(args, scope);
      case "||":
      case "&&":
        return this.#logical(args, scope);
      case "!_":
      case "-_":
        return { cost: add(one, this.known(args, scope).cost) };
      case "call":
        return this.#call(args, scope);
      case "rcall":
        return this.#method(args, scope);
      default:
        return this.#operator(operator, args, scope);
    }
  }

  #field([operand, name]: readonly [ASTNode, string], scope: Scope): Known {
    const from = this.known(operand, scope);
    const field = from.node === undefined ? undefined : this.#types.fieldsOf(from.node).get(name)?.node;
    const { additional } = from.node ?? {};
    return { cost: add(from.cost, one), node: field ?? (additional instanceof Object ? additional : undefined) };
  }

  #list(items: readonly ASTNode[], scope: Scope): Known {
    const known = items.map((item) => this.known(item, scope));
    const sizes = known.map(sizeOf);
    const [first] = sizes;
    const item: Known | undefined = first && { cost: zero, size: sizes.reduce(either, first) };
    return { cost: add(listCost, ...known.map(({ cost }) => cost)), size: range(items.length), item };
  }

  #conditional(args: readonly [ASTNode, ASTNode, ASTNode], scope: Scope): Known {
    const [condition, yes, no] = args.map((node) => this.known(node, scope)) as [Known, Known, Known];
    const size = either(sizeOf(yes), sizeOf(no));
    return { cost: add(condition.cost, either(yes.cost, no.cost)), size, node: yes.node ?? no.node };
  }

  #logical(args: readonly [ASTNode, ASTNode], scope: Scope): Known {
    const [left, right] = args.map((node) => this.known(node, scope).cost) as [Range, Range];
    return { cost: range(left.min, left.max + right.max) };
  }

  #operator(operator: string, args: readonly ASTNode[], scope: Scope): Known {
    const [left = nothing, right = nothing] = args.map((node) => this.known(node, scope));
    const both = add(left.cost, right.cost);
    switch (operator) {
      case "[]":
      case "[?]":
        return { ...this.itemOf(left), cost: add(both, one) };
      case "in":
        return { cost: add(both, sizeOf(right)) };
      case "+":
        return this.#sum(args[0], left, right, both);
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=": {
        const most = Math.min(sizeOf(left).max, sizeOf(right).max);
        return { cost: add(both, scaled(range(most > 0 ? 1 : 0, most), stringFactor)) };
      }
      default:
        return { cost: add(both, one) };
    }
  }

  #sum(first: ASTNode | undefined, left: Known, right: Known, both: Range): Known {
    const type = typeNameOf(first);
    if (type !== "string" && type !== "bytes" && !type.startsWith("list")) return { cost: add(both, one) };
    const size = add(sizeOf(left), sizeOf(right));
    const cost = type.startsWith("list") ? one : scaled(size, stringFactor);
    return { cost: add(both, cost), size, item: left.item ?? this.itemOf(left) };
  }

  /** One item of a list, or one value of a map. */
  itemOf({ node, item }: Known): Known {
    if (item !== undefined) return item;
    const inside = node?.items ?? (node?.additional instanceof Object ? node.additional : undefined);
    return { cost: one, node: inside };
  }

  #call([name, args]: readonly [string, readonly ASTNode[]], scope: Scope): Known {
    if (name === "has") return { cost: this.#operandCost(args[0], scope) };
    const known = args.map((node) => this.known(node, scope));
    const [first = nothing] = known;
    const cost = add(...known.map((one_) => one_.cost));
    if (traversals.has(name)) return { cost: add(cost, scaled(sizeOf(first), stringFactor)), size: sizeOf(first) };
    if (name === "string") return { cost: add(cost, one), size: textSize(first, typeNameOf(args[0])) };
    return { ...(name === "dyn" ? first : {}), cost: add(cost, one) };
  }

  /** Asking whether a field is there costs nothing but what leads to it. */
  #operandCost(ast: ASTNode | undefined, scope: Scope): Range {
    const [operand] = (ast?.args ?? []) as unknown as readonly ASTNode[];
    return operand === undefined ? zero : this.known(operand, scope).cost;
  }

  #method([name, receiver, args]: readonly [string, ASTNode, readonly ASTNode[]], scope: Scope): Known {
    if (receiver.op === "id" && !scope.has(receiver.args)) return this.#namespaced(name, args, scope);
    const target = this.known(receiver, scope);
    const loop = this.#loop(name, target, typeNameOf(receiver), args, scope);
    if (loop !== undefined) return loop;
    const known = args.map((node) => this.known(node, scope));
    const cost = add(target.cost, ...known.map((one_) => one_.cost));
    const made = methodCost(name, typeNameOf(receiver), target, known, (list) => this.itemOf(list));
    return { ...made, cost: add(cost, made.cost) };
  }

  /** cel.bind(), sets.contains(), optional.of(): what stands before the dot is no value. */
  #namespaced(name: string, args: readonly ASTNode[], scope: Scope): Known {
    const [variable, value, body] = args;
    if (name === "bind" && value !== undefined && body !== undefined) {
      const bound = this.known(value, scope);
      const inner = this.known(body, new Map([...scope, [variable?.args as string, { ...bound, cost: one }]]));
      return { ...inner, cost: add(listCost, bound.cost, inner.cost) };
    }
    const known = args.map((node) => this.known(node, scope));
    const cost = add(...known.map((one_) => one_.cost));
    const [first = nothing, second = nothing] = known;
    const compared = setFunctions.has(name) ? multiply(sizeOf(first), sizeOf(second)) : one;
    return { cost: add(cost, compared), node: name === "of" ? first.node : undefined };
  }

  #loop(name: string, target: Known, type: string, args: readonly ASTNode[], scope: Scope): Known | undefined {
    const variables = loopVariables(name, args.length);
    if (variables === undefined) return undefined;
    const names = args.slice(0, variables).map((node) => node.args as string);
    const item = { ...this.itemOf(target), cost: one };
    const key: Known = { cost: one, size: type.startsWith("map") ? range(0, maxRequestBytes) : one };
    const isMap = type.startsWith("map");
    const bound = variables === 2 ? [key, item] : [isMap ? key : item];
    const inner = new Map([...scope, ...names.map((one_, i) => [one_, bound[i] ?? item] as const)]);
    const parts = args.slice(variables).map((node) => this.known(node, inner));
    const turn = add(turnCosts[name] ?? range(13), ...parts.map(({ cost }) => cost));
    const count = sizeOf(target);
    const makes = makers.has(name);
    return {
      cost: add(target.cost, makes ? listCost : zero, one, multiply(count, turn)),
      ...(makes ? { size: range(0, count.max), item: name === "filter" ? item : parts.at(-1) } : {}),
    };
  }
}

const nothing: Known = { cost: zero };

/** Types whose values have no length. Source: isScalar in cel-go/checker/cost.go. */
const scalars: ReadonlySet<string> = new Set([
  "bool",
  "int",
  "uint",
  "double",
  "google.protobuf.Duration",
  "google.protobuf.Timestamp",
]);

/** What a turn of a loop costs besides its expressions: testing and adding to what is collected. */
const turnCosts: Readonly<Record<string, Range>> = {
  all: range(3),
  exists: range(4),
  exists_one: range(1, 2),
  existsOne: range(1, 2),
  map: range(12),
  filter: range(1, 13),
};
const makers: ReadonlySet<string> = new Set(["map", "filter", "transformList", "transformMap", "transformMapEntry"]);
const setFunctions: ReadonlySet<string> = new Set(["contains", "equivalent", "intersects"]);

/** How many variables a macro binds, undefined for what is none. */
function loopVariables(name: string, count: number): 1 | 2 | undefined {
  if (["exists_one", "filter", "map"].includes(name)) return 1;
  if (["all", "exists"].includes(name)) return count === 3 ? 2 : 1;
  return ["existsOne", "transformList", "transformMap", "transformMapEntry"].includes(name) ? 2 : undefined;
}

/** Functions that read their argument once. */
const traversals: ReadonlySet<string> = new Set(
  "url isURL ip isIP cidr isCIDR quantity isQuantity semver isSemver".split(" "),
);

/** What a method costs besides its receiver and its arguments, and what it gives. */
function methodCost(
  name: string,
  type: string,
  target: Known,
  [first = nothing, second = nothing]: readonly Known[],
  itemOf: (list: Known) => Known,
): Known {
  const size = sizeOf(target);
  switch (name) {
    case "value":
    case "orValue":
    case "or":
      return { ...target, cost: one };
    case "startsWith":
    case "endsWith":
      return { cost: scaled(sizeOf(first), stringFactor) };
    case "contains":
      return { cost: multiply(scaled(size, stringFactor), scaled(sizeOf(first), stringFactor)) };
    case "matches":
    case "find":
    case "findAll": {
      const cost = multiply(scaled(add(size, one), stringFactor), scaled(sizeOf(first), regexFactor));
      return name === "matches" ? { cost } : { cost, size: range(0, size.max) };
    }
    case "isSorted":
    case "sum":
    case "min":
    case "max":
    case "indexOf":
    case "lastIndexOf": {
      if (type === "string") return { cost: scaled(size, stringFactor) };
      const item = sizeOf(itemOf(target));
      return { cost: multiply(size, item.max === 1 ? one : add(one, scaled(item, stringFactor))) };
    }
    case "lowerAscii":
    case "upperAscii":
    case "substring":
    case "trim":
      return { cost: scaled(size, stringFactor), size };
    case "replace": {
      const grown = multiply(add(size, one), sizeOf(second));
      return { cost: scaled(size, 2 * stringFactor), size: range(0, Math.max(grown.max, size.max)) };
    }
    case "split":
      return { cost: scaled(size, 2 * stringFactor), size: range(0, size.max), item: { cost: one, size } };
    case "join": {
      const joined = add(multiply(size, sizeOf(itemOf(target))), multiply(sizeOf(first), size));
      return { cost: scaled(joined, stringFactor), size: joined };
    }
    default:
      return { cost: one };
  }
}

/** Numbers and times are short, whatever they are. Upstream takes them for endless, and so refuses to add them to a text. */
function textSize(value: Known, type: string): Range {
  return type === "string" || type === "bytes" || type === "dyn" ? sizeOf(value) : range(0, 64);
}

function sizeOfLiteral(value: unknown): Range {
  return typeof value === "string" ? range(value.length) : one;
}

function sizeOf({ size, node }: Known): Range {
  return size ?? (node === undefined ? range(0, Infinity) : range(0, maxSize(node)));
}

const typeNameOf = (ast: ASTNode | undefined): string =>
  (ast as { readonly checkedType?: { readonly name: string } } | undefined)?.checkedType?.name ?? "dyn";

/** How long a value can be: characters, items or entries; 1 for what has no length. */
function maxSize(node: SchemaNode): number {
  const { types, items, additional, limits, format } = node;
  if (types.length > 1) return maxRequestBytes - 2;
  const [type] = types;
  switch (type ?? "") {
    case "array":
      return limits.maxItems ?? (items === undefined ? 0 : Math.floor((maxRequestBytes - 2) / (minBytes(items) + 1)));
    case "object":
      if (!(additional instanceof Object)) return node.properties.size;
      return limits.maxProperties ?? Math.floor((maxRequestBytes - 2) / (minBytes(additional) + 6));
    case "string":
      return limits.maxLength ?? maxTextBytes[format?.name ?? ""] ?? enumLength(node) ?? maxRequestBytes - 2;
    default:
      return 1;
  }
}

/** Source: estimateMaxStringLengthPerRequest; the lengths are those of JSON without its quotes. */
const maxTextBytes: Readonly<Record<string, number>> = { duration: 32, date: 10, "date-time": 34 };

function enumLength({ enum: values }: SchemaNode): number | undefined {
  return values === undefined ? undefined : Math.max(0, ...values.map((one_) => String(one_).length));
}

/** Of the smallest JSON that a value of the schema can have. */
function minBytes(node: SchemaNode): number {
  const [type] = node.types;
  switch (type ?? "") {
    case "array":
      return 2;
    case "object":
      if (node.additional instanceof Object) return 2;
      return node.required.reduce((sum, name) => {
        const property = node.properties.get(name);
        return property === undefined || property.defaultValue !== undefined
          ? sum
          : sum + name.length + 4 + minBytes(property);
      }, 2);
    case "string":
      return 2 + (node.limits.minLength ?? 0);
    case "boolean":
      return 4;
    default:
      return 1;
  }
}
