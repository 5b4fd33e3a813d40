import { z } from "zod";
import { externalKind, OpenStackName } from "./external.ts";
import { flavors } from "./types.ts";

/** Source: nova/api/validation/parameter_types.py: what Nova's columns for numbers hold. */
const most = 2 ** 31 - 1;

const longestDescription = 65_535;

/** A name or a value of Nova's extra specs. Source: nova/api/validation/parameter_types.py, extra_specs_with_no_spaces. */
const ExtraSpecName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[a-zA-Z0-9_:. -]+$/);

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent. No two have the same."),
  id: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[a-zA-Z0-9._-]([a-zA-Z0-9. _-]*[a-zA-Z0-9._-])?$/)
    .optional()
    .describe("Its id in the cloud; Nova chooses one when absent."),
  description: z.string().min(1).max(longestDescription).optional(),
  ram: z.int().min(1).max(most).describe("In MiB."),
  vcpus: z.int().min(1).max(most),
  disk: z.int().min(0).max(most).describe("Of the root disk, in GiB; 0 is as much as the image has."),
  swap: z.int().min(0).max(most).optional().describe("In MiB."),
  isPublic: z.boolean().optional().describe("Whether every project may use it; it may when absent."),
  ephemeral: z.int().min(0).max(most).optional().describe("Of a further disk that goes with the server, in GiB."),
  extraSpecs: z
    .array(z.object({ name: ExtraSpecName, value: z.string().max(255) }))
    .max(128)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
    .describe("What the scheduler and hypervisors go by. Those of others stay where this is absent."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  ram: z.int().min(1).optional(),
  vcpus: z.int().min(1).optional(),
  disk: z.int().min(0).optional(),
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  description: z.string().max(longestDescription).optional(),
  ram: z.int().optional(),
  vcpus: z.int().optional(),
  disk: z.int().optional(),
  swap: z.int().optional(),
  isPublic: z.boolean().optional(),
  ephemeral: z.int().optional(),
  extraSpecs: z
    .array(z.object({ name: text, value: text }))
    .max(1024)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
});

export type FlavorResource = z.infer<typeof Resource>;
export type FlavorFilter = z.infer<typeof Filter>;
export type FlavorObserved = z.infer<typeof Observed>;

const another = "Nova cannot change it; make another Flavor, and delete this one";

export const flavorKind = externalKind({
  type: flavors,
  description: "A size of servers in Nova; an administrator's to make.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: {
    name: another,
    id: another,
    ram: another,
    vcpus: another,
    disk: another,
    swap: another,
    isPublic: another,
    ephemeral: another,
  },
  idPattern: /^[a-zA-Z0-9. _-]+$/,
});
