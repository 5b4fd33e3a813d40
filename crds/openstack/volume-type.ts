import { z } from "zod";
import { CinderDescription, NameValues, ObservedNameValues } from "./cinder.ts";
import { externalKind, OpenStackName } from "./external.ts";
import { volumeTypes } from "./types.ts";

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud, where it is unique; the object's when absent."),
  description: CinderDescription.optional(),
  extraSpecs: NameValues.describe(
    "What back ends have to offer for volumes of this type; what others set besides is left alone. Cinder refuses to change them while volumes are of the type, unless it is configured otherwise.",
  ),
  isPublic: z.boolean().optional().describe("Whether every project may use it; true when absent."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: CinderDescription.optional(),
  isPublic: z.boolean().optional(),
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  description: text,
  extraSpecs: ObservedNameValues.describe("Shown to administrators only."),
  isPublic: z.boolean().optional(),
});

export type VolumeTypeResource = z.infer<typeof Resource>;
export type VolumeTypeFilter = z.infer<typeof Filter>;

export const volumeTypeKind = externalKind({
  type: volumeTypes,
  description: "A Cinder volume type; an administrator's to make.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
});
