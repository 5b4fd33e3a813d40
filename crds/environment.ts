/** Environment variables, literal and from elsewhere. Source of names: EnvVar in k8s.io/api/core/v1/types.go. */
import { z } from "zod";
import { ObjectName, Quantity, withRules } from "./schema.ts";

/** metav1's rule for the keys of ConfigMaps and Secrets: IsConfigMapKey in apimachinery/pkg/util/validation. */
export const DataKey = z
  .string()
  .regex(/^[-._a-zA-Z0-9]+$/)
  .max(253);

const keyOfMap = z
  .object({
    name: ObjectName.describe("The object, in the Container's namespace."),
    key: DataKey,
    optional: z.boolean().optional().describe("Whether the object or the key may be missing."),
  })
  .meta({ "x-kubernetes-map-type": "atomic" });

export const FieldRef = z
  .object({
    fieldPath: z
      .string()
      .max(512)
      .regex(
        /^(metadata\.(name|namespace|uid)|metadata\.(labels|annotations)\['[^']+'\]|spec\.nodeName|status\.hostName)$/,
      )
      .describe(
        "metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], or status.hostName (spec.nodeName means the same).",
      ),
  })
  .meta({ "x-kubernetes-map-type": "atomic" });
export type FieldRef = z.infer<typeof FieldRef>;

/** In files all labels and annotations together can be had, too. */
export const FileFieldRef = z
  .object({
    fieldPath: z
      .string()
      .max(512)
      .regex(
        /^(metadata\.(name|namespace|uid|labels|annotations)|metadata\.(labels|annotations)\['[^']+'\]|spec\.nodeName|status\.hostName)$/,
      )
      .describe("As in variables; metadata.labels and metadata.annotations give all of them, a line each."),
  })
  .meta({ "x-kubernetes-map-type": "atomic" });

export const ResourceFieldRef = z
  .object({
    resource: z.enum([
      "limits.cpu",
      "limits.memory",
      "limits.ephemeral-storage",
      "requests.cpu",
      "requests.memory",
      "requests.ephemeral-storage",
    ]),
    divisor: Quantity.optional().describe("Unit of the result; 1 when absent. The result is rounded up."),
  })
  .meta({ "x-kubernetes-map-type": "atomic" });
export type ResourceFieldRef = z.infer<typeof ResourceFieldRef>;

const EnvVarSource = withRules(
  z.object({
    secretKeyRef: keyOfMap.optional(),
    configMapKeyRef: keyOfMap.optional(),
    fieldRef: FieldRef.optional(),
    resourceFieldRef: ResourceFieldRef.optional(),
  }),
  {
    rule: "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef), has(self.resourceFieldRef)].filter(x, x).size() == 1",
    message: "a value has one source: exactly one of secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef",
  },
);
export type EnvVarSource = z.infer<typeof EnvVarSource>;

const EnvVar = withRules(
  z.object({
    name: z
      .string()
      .max(253)
      .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/)
      .describe("Name of the variable."),
    value: z
      .string()
      .optional()
      .describe(
        "Its value, where $(NAME) stands for another variable; empty when neither value nor valueFrom is given.",
      ),
    valueFrom: EnvVarSource.optional().describe("Where its value comes from."),
  }),
  {
    rule: "!(has(self.value) && self.value != '' && has(self.valueFrom))",
    message: "a variable has a value or a valueFrom, not both",
  },
);

const EnvFromSource = withRules(
  z.object({
    prefix: z
      .string()
      .max(253)
      .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/)
      .optional()
      .describe("Put in front of each key."),
    configMapRef: z.object({ name: ObjectName, optional: z.boolean().optional() }).optional(),
    secretRef: z.object({ name: ObjectName, optional: z.boolean().optional() }).optional(),
  }),
  {
    rule: "has(self.configMapRef) != has(self.secretRef)",
    message: "exactly one of configMapRef and secretRef",
  },
);

export const Env = z
  .array(EnvVar)
  .max(1000)
  .optional()
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
  .describe("Environment variables, added to the image's own and to those of envFrom.");

export const EnvFrom = z
  .array(EnvFromSource)
  .max(64)
  .optional()
  .meta({ "x-kubernetes-list-type": "atomic" })
  .describe("ConfigMaps and Secrets whose keys become variables; the last one that has a key counts.");
