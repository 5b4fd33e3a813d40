/** What the kinds of Cinder have in common. */
import { z } from "zod";
import { withRules } from "../schema.ts";

/** Ours among the keys of metadata and extra specs: users and the cloud's people have all the others. */
export const ownKeyPrefix = "stowage.dev:";

export const CinderDescription = z.string().min(1).max(255);

const Key = withRules(
  z
    .string()
    .max(255)
    .regex(/^[a-zA-Z0-9\-_:. ]+$/),
  { rule: `!self.startsWith('${ownKeyPrefix}')`, message: `names that begin with ${ownKeyPrefix} are Stowage's own` },
);

/** Pairs of a name and a value, as ORC has them. Source: cinder/api/validation/parameter_types.py, extra_specs. */
export const NameValues = z
  .array(z.object({ name: Key, value: z.string().max(255) }))
  .max(64)
  .optional()
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] });

export type NameValue = NonNullable<z.infer<typeof NameValues>>[number];

/** The same as seen in the cloud, where they may be anybody's. */
export const ObservedNameValues = z
  .array(z.object({ name: z.string().max(255).optional(), value: z.string().max(4096).optional() }))
  .max(256)
  .optional()
  .meta({ "x-kubernetes-list-type": "atomic" });

/** When it came to be and changed last. */
export const cinderStatusFields = {
  createdAt: z.string().max(64).optional(),
  updatedAt: z.string().max(64).optional(),
};
