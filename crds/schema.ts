/** Building blocks that several kinds share. */
import { z } from "zod";

/**
 * Kubernetes' own pattern for quantities, as controller-gen writes it (apimachinery/pkg/api/resource), without what would
 * be taken and then mean nothing: less than nothing, which would make room in a quota, and exponents with a fraction or
 * of any length, which `readAmount` (amount.ts) refuses.
 */
export const quantityPattern =
  /^\+?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?[0-9]{1,2}))?$/;

const maxQuantityLength = 100;

/** A number with a Kubernetes suffix: 500m, 2, 128Mi, 1.5Gi. Parse it with parseQuantity (quantity.ts). */
export const Quantity = z.union([z.int().min(0), z.string().regex(quantityPattern).max(maxQuantityLength)]).meta({
  "x-kubernetes-int-or-string": true,
  pattern: quantityPattern.source,
  maxLength: maxQuantityLength,
  minimum: 0,
});
export type Quantity = z.infer<typeof Quantity>;

/** CPUs as Linux lists them, in cpuset(7): 0-3,7. */
export const CpuList = z
  .string()
  .max(1024)
  .regex(/^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/);

/** The name of an object that may be any DNS subdomain: IsDNS1123Subdomain in apimachinery/pkg/util/validation. */
export const ObjectName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** IsQualifiedName in apimachinery/pkg/util/validation: an optional DNS subdomain, a slash, a name. */
export const LabelKey = z
  .string()
  .max(316)
  .regex(
    /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  );

/** A number, or a name for one: intstr.IntOrString in apimachinery/pkg/util/intstr. */
export const IntOrString = z.union([z.int().min(0), z.string().max(63)]).meta({ "x-kubernetes-int-or-string": true });
export type IntOrString = z.infer<typeof IntOrString>;

export const Condition = z.object({
  type: z.string().max(316),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().max(1024),
  message: z.string().max(32768),
  observedGeneration: z.int().min(0).optional(),
  lastTransitionTime: z.string().meta({ format: "date-time" }),
});

export const Conditions = z
  .array(Condition)
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });

const LabelSelectorRequirement = z.object({
  key: z.string().min(1),
  operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
  values: z.array(z.string()).optional().meta({ "x-kubernetes-list-type": "atomic" }),
});

/** metav1.LabelSelector: every requirement must hold; an empty one matches everything. One field to its owner, as upstream. */
export const LabelSelector = z
  .object({
    matchLabels: z.record(z.string(), z.string()).optional(),
    matchExpressions: z.array(LabelSelectorRequirement).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  })
  .meta({ "x-kubernetes-map-type": "atomic" });
export type LabelSelector = z.infer<typeof LabelSelector>;

/** One CEL rule on a schema node, as x-kubernetes-validations has it. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly reason?: string;
  readonly fieldPath?: string;
}

/** Attaches CEL rules to a schema. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: readonly CelRule[]): S {
  return schema.meta({ ...schema.meta(), "x-kubernetes-validations": rules });
}
