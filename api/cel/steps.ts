/**
 * How long an expression may take. cel-js has no budget of its own, so the most that it can take is computed from how
 * deep its loops are nested and how long the lists are.
 */
import type { ASTNode } from "@marcbachmann/cel-js";

/** Steps that the expressions about one object may take together: well under a second. */
export const stepBudget = 50_000_000;

/** Upper bound of the steps of some expressions over values whose longest list or map has `size` items. */
export function stepsOf(...expressions: readonly ASTNode[]): (size: number) => number {
  const costs = expressions.map((ast) => ({
    nodes: nodeCount(ast),
    depth: loopDepth(ast),
    written: longestWritten(ast),
    growth: growthOf(ast),
  }));
  return (size) =>
    costs.reduce(
      (sum, { nodes, depth, written, growth }) => sum + nodes * (Math.max(size, written, 1) * growth) ** depth,
      0,
    );
}

/** The length of the longest list or map in a value. */
export function longest(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return items.reduce<number>((most, item) => Math.max(most, longest(item)), items.length);
}

/** Macros that run an expression once per item. */
const loops: ReadonlySet<unknown> = new Set(
  "all exists exists_one existsOne map filter transformList transformMap transformMapEntry".split(" "),
);

/** How deep loops are nested in each other. */
function loopDepth(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((most, one) => Math.max(most, loopDepth(one)), 0);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return 0;
  if (node.op !== "rcall" || !Array.isArray(node.args)) return loopDepth(node.args);
  const [name, receiver, args] = node.args as readonly unknown[];
  return Math.max(loopDepth(receiver), loopDepth(args) + (loops.has(name) ? 1 : 0));
}

function nodeCount(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((sum, one) => sum + nodeCount(one), 0);
  return typeof node === "object" && node !== null && "args" in node ? 1 + nodeCount(node.args) : 0;
}

/** The length of the longest list or map that an expression itself writes out. */
function longestWritten(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((most, one) => Math.max(most, longestWritten(one)), 0);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return 0;
  const own = (node.op === "list" || node.op === "map") && Array.isArray(node.args) ? node.args.length : 0;
  return Math.max(own, longestWritten(node.args));
}

/** How many times longer than what it is given a list can be that an expression puts together with `+`. */
function growthOf(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((most, one) => Math.max(most, growthOf(one)), 1);
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return 1;
  const { op, args } = node;
  if (op === "+" && Array.isArray(args))
    return args.some(isScalar) ? growthOf(args) : args.reduce<number>((sum, one) => sum + growthOf(one), 0);
  if (op !== "rcall" || !Array.isArray(args)) return growthOf(args);
  const [name, receiver, given] = args as readonly unknown[];
  // A loop hands on what its receiver made.
  return loops.has(name) ? growthOf(receiver) * growthOf(given) : Math.max(growthOf(receiver), growthOf(given));
}

/** Whether a sum is of texts or numbers, for one of its parts is written out. */
function isScalar(node: unknown): boolean {
  if (typeof node !== "object" || node === null || !("op" in node) || !("args" in node)) return false;
  return node.op === "value" || (node.op === "+" && Array.isArray(node.args) && node.args.some(isScalar));
}
