import { z } from "zod";
import { CinderDescription, cinderStatusFields, NameValues, ObservedNameValues } from "./cinder.ts";
import { externalKind, NameRef, OpenStackName } from "./external.ts";
import { volumeSnapshots } from "./types.ts";

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: CinderDescription.optional(),
  volumeRef: NameRef.describe("Volume that it is taken of."),
  force: z.boolean().optional().describe("Whether it is taken while the volume is attached too."),
  metadata: NameValues.describe("Metadata that it is to have; what others set besides is left alone."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: CinderDescription.optional(),
  status: z.string().min(1).max(255).optional(),
  volumeID: z.string().min(1).max(255).optional().describe("Id of the volume that it was taken of."),
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  description: text,
  status: text.describe("Cinder's word: creating, available, error and others."),
  size: z.int().optional().describe("Of its volume, in GiB."),
  volumeID: text,
  metadata: ObservedNameValues,
  progress: text,
  projectID: text,
  userID: text,
  groupSnapshotID: text,
  consumesQuota: z.boolean().optional(),
  ...cinderStatusFields,
});

export type VolumeSnapshotResource = z.infer<typeof Resource>;
export type VolumeSnapshotFilter = z.infer<typeof Filter>;

const another = "make another VolumeSnapshot, and delete this one";

export const volumeSnapshotKind = externalKind({
  type: volumeSnapshots,
  description: "What a Cinder volume was like at a moment.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { volumeRef: another, force: another },
  columns: [{ name: "Status", type: "string", jsonPath: ".status.resource.status" }],
});
