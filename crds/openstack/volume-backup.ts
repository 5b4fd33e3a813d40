import { z } from "zod";
import { CinderDescription, cinderStatusFields, NameValues, ObservedNameValues } from "./cinder.ts";
import { externalKind, NameRef, OpenStackName } from "./external.ts";
import { volumeBackups } from "./types.ts";

const Container = z.string().min(1).max(255);

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: CinderDescription.optional(),
  volumeRef: NameRef.describe("Volume that is backed up."),
  snapshotRef: NameRef.optional().describe("VolumeSnapshot of that volume which is backed up in its place."),
  container: Container.optional().describe("Where the back end is to put it; its own choice when absent."),
  incremental: z.boolean().optional().describe("Whether only what changed since the volume's last backup is kept."),
  force: z.boolean().optional().describe("Whether it is made while the volume is attached too."),
  metadata: NameValues.describe("Metadata that it is to have; what others set besides is left alone."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: CinderDescription.optional(),
  status: z.string().min(1).max(255).optional(),
  volumeID: z.string().min(1).max(255).optional().describe("Id of the volume that was backed up."),
  container: Container.optional(),
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  description: text,
  status: text.describe("Cinder's word: creating, available, restoring, error and others."),
  size: z.int().optional().describe("Of its volume, in GiB."),
  volumeID: text,
  snapshotID: text,
  container: text,
  isIncremental: z.boolean().optional(),
  hasDependentBackups: z.boolean().optional().describe("Whether incremental ones build on it."),
  objectCount: z.int().optional(),
  failReason: text,
  availabilityZone: text,
  metadata: ObservedNameValues,
  projectID: text,
  dataTimestamp: z.string().max(64).optional().describe("As of when the data is."),
  ...cinderStatusFields,
});

export type VolumeBackupResource = z.infer<typeof Resource>;
export type VolumeBackupFilter = z.infer<typeof Filter>;

const another = "make another VolumeBackup, and delete this one";

export const volumeBackupKind = externalKind({
  type: volumeBackups,
  description: "A copy of a Cinder volume, kept apart from it.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { volumeRef: another, snapshotRef: another, container: another, incremental: another, force: another },
  columns: [{ name: "Status", type: "string", jsonPath: ".status.resource.status" }],
});
