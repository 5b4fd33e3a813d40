/** Where a Container may run. Source of names: Affinity and Toleration in k8s.io/api/core/v1/types.go, with Host for Node. */
import { z } from "zod";
import { LabelKey, LabelSelector, withRules } from "./schema.ts";

export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

const HostSelectorTerm = z.object({
  matchExpressions: z
    .array(
      z.object({
        key: z.string().min(1).max(316),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
        values: z.array(z.string()).max(256).optional().meta({ "x-kubernetes-list-type": "atomic" }),
      }),
    )
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
});
export type HostSelectorTerm = z.infer<typeof HostSelectorTerm>;

const weight = z.int().min(1).max(100);

const HostAffinity = z.object({
  requiredDuringSchedulingIgnoredDuringExecution: z
    .object({
      hostSelectorTerms: z
        .array(HostSelectorTerm)
        .min(1)
        .max(64)
        .meta({ "x-kubernetes-list-type": "atomic" })
        .describe("One of them must match; within one, every expression."),
    })
    .optional(),
  preferredDuringSchedulingIgnoredDuringExecution: z
    .array(z.object({ weight, preference: HostSelectorTerm }))
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
});

const ContainerAffinityTerm = z.object({
  labelSelector: LabelSelector.optional().describe("Of metadata.labels; without one it matches no Container."),
  topologyKey: LabelKey.describe("Hosts with the same value of this label are one place."),
  namespaces: z
    .array(z.string().min(1).max(63))
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Where the Containers are; the Container's own namespace when absent."),
});
export type ContainerAffinityTerm = z.infer<typeof ContainerAffinityTerm>;

const ContainerAffinity = z.object({
  requiredDuringSchedulingIgnoredDuringExecution: z
    .array(ContainerAffinityTerm)
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  preferredDuringSchedulingIgnoredDuringExecution: z
    .array(z.object({ weight, containerAffinityTerm: ContainerAffinityTerm }))
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
});

const TopologySpreadConstraint = z.object({
  maxSkew: z.int().min(1).max(1_000_000),
  topologyKey: LabelKey,
  whenUnsatisfiable: z.enum(["DoNotSchedule", "ScheduleAnyway"]).default("DoNotSchedule"),
  labelSelector: LabelSelector.optional(),
});
export type TopologySpreadConstraint = z.infer<typeof TopologySpreadConstraint>;

const Toleration = withRules(
  z.object({
    key: LabelKey.optional().describe("Every taint when absent, with operator Exists."),
    operator: z.enum(["Equal", "Exists"]).default("Equal"),
    value: z.string().max(63).optional(),
    effect: z.enum(taintEffects).optional().describe("Every effect when absent."),
    tolerationSeconds: z.int().min(0).optional().describe("How long NoExecute is tolerated; for ever when absent."),
  }),
  { rule: "has(self.key) || self.operator == 'Exists'", message: "operator must be Exists where there is no key" },
  {
    rule: "!(self.operator == 'Exists' && has(self.value))",
    message: "operator Exists takes no value",
  },
  {
    rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    message: "tolerationSeconds is for effect NoExecute",
  },
);
export type Toleration = z.infer<typeof Toleration>;

export const Placement = z.object({
  hostName: z.string().min(1).max(253).optional().describe("The one Host to run on."),
  hostSelector: LabelSelector.optional().describe("Labels that the Host must have."),
  zone: z.string().min(1).max(63).optional().describe("Value of the Host's label topology.kubernetes.io/zone."),
  affinity: z
    .object({
      hostAffinity: HostAffinity.optional(),
      containerAffinity: ContainerAffinity.optional().describe("Near which Containers."),
      containerAntiAffinity: ContainerAffinity.optional().describe("Away from which Containers."),
    })
    .optional(),
  topologySpreadConstraints: z
    .array(TopologySpreadConstraint)
    .max(16)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("How evenly Containers that the selector matches are spread."),
  tolerations: z
    .array(Toleration)
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe(
      "Taints of Hosts that do not matter. Not-ready and unreachable Hosts are tolerated for 300 seconds where nothing else is said.",
    ),
  tenancy: z
    .enum(["Shared", "Exclusive"])
    .optional()
    .describe(
      "Exclusive: all neighbours on the Host are of the same tenant (namespace). The cluster's own default when absent.",
    ),
  singleton: z
    .boolean()
    .default(false)
    .describe(
      "Never run twice: from a lost Host it moves only once it is certain that nothing of it runs there any more.",
    ),
});
export type Placement = z.infer<typeof Placement>;
