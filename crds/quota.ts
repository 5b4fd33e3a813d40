/**
 * What objects use up of a namespace's ResourceQuota: which names each kind counts towards, and by which fields.
 * Source of the names: kubernetes/pkg/quota/v1/evaluator/core (pods.go, registry.go) and apiserver/pkg/quota/v1/generic.
 */
import type { Amount } from "./amount.ts";
import { addAmounts, noAmount, readAmount } from "./amount.ts";
import { containers } from "./container.ts";
import type { KubeObject, ResourceType } from "./meta.ts";
import { groupResource } from "./meta.ts";
import type { Quantity } from "./schema.ts";

type Kind = Pick<ResourceType, "group" | "plural">;

/** Amounts by their names in a quota: requests.cpu, count/configmaps. */
export type Amounts = ReadonlyMap<string, Amount>;

/** What a kind uses besides `count/<plural>.<group>`, which every kind uses one of per object. */
interface Rule {
  /** The names that count objects like `count/` does. */
  readonly counts?: readonly string[];
  /** Name -> the fields that may say the amount; the first one that is there does. */
  readonly sums?: Readonly<Record<string, readonly string[]>>;
}

/** A Container without requests sets its limits aside (crds/container.ts). */
const requested = (resource: string): readonly string[] => [
  `spec.resources.requests.${resource}`,
  `spec.resources.limits.${resource}`,
];
const limited = (resource: string): readonly string[] => [`spec.resources.limits.${resource}`];

const rules: Readonly<Record<string, Rule>> = {
  configmaps: { counts: ["configmaps"] },
  secrets: { counts: ["secrets"] },
  resourcequotas: { counts: ["resourcequotas"] },
  [groupResource(containers)]: {
    sums: {
      cpu: requested("cpu"),
      memory: requested("memory"),
      "requests.cpu": requested("cpu"),
      "requests.memory": requested("memory"),
      "limits.cpu": limited("cpu"),
      "limits.memory": limited("memory"),
    },
  },
};

const one = readAmount("1");

const ruleOf = (kind: Kind): Rule => {
  const name = groupResource(kind);
  return Object.hasOwn(rules, name) ? (rules[name] ?? {}) : {};
};

/** All that one object uses. */
export function usageOf(kind: Kind, object: KubeObject): Amounts {
  const { counts = [], sums = {} } = ruleOf(kind);
  const usage = new Map<string, Amount>([`count/${groupResource(kind)}`, ...counts].map((name) => [name, one]));
  for (const [name, paths] of Object.entries(sums)) {
    const amount = firstAmount(object, paths);
    if (amount !== undefined) usage.set(name, amount);
  }
  return usage;
}

/** The names among `names` that every object must say an amount for, and this one does not. */
export function unsaid(kind: Kind, object: KubeObject, names: readonly string[]): readonly string[] {
  const { sums = {} } = ruleOf(kind);
  return names.filter((name) => Object.hasOwn(sums, name) && firstAmount(object, sums[name] ?? []) === undefined);
}

function firstAmount(object: KubeObject, paths: readonly string[]): Amount | undefined {
  for (const path of paths) {
    const value = path
      .split(".")
      .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], object);
    if (value !== undefined && value !== null) return readAmount(value as Quantity);
  }
  return undefined;
}

/** Whether objects of this kind count towards a name. */
export function counts(kind: Kind, name: string): boolean {
  const { counts: counted = [], sums = {} } = ruleOf(kind);
  return name === `count/${groupResource(kind)}` || counted.includes(name) || Object.hasOwn(sums, name);
}

/** The kind whose objects count towards a name; undefined for names that nothing here counts towards. */
export function countedKind(name: string): Kind | undefined {
  const [, counted] = /^count\/(.+)$/.exec(name) ?? [];
  const resource = counted ?? Object.keys(rules).find((kind) => counts(kindNamed(kind), name));
  return resource === undefined ? undefined : kindNamed(resource);
}

function kindNamed(resource: string): Kind {
  const [plural = "", ...group] = resource.split(".");
  return { plural, group: group.join(".") };
}

/** The sum of what objects of one kind use of `names`. */
export function totalUsage(kind: Kind, objects: Iterable<KubeObject>, names: readonly string[]): Amounts {
  const total = new Map<string, Amount>(names.map((name) => [name, noAmount]));
  for (const object of objects)
    for (const [name, amount] of usageOf(kind, object)) {
      const sum = total.get(name);
      if (sum !== undefined) total.set(name, addAmounts(sum, amount));
    }
  return total;
}
