import { z } from "zod";
import { CinderDescription, cinderStatusFields, NameValues, ObservedNameValues } from "./cinder.ts";
import { externalKind, NameRef, OpenStackName } from "./external.ts";
import { volumes } from "./types.ts";

/** In GiB. */
const Size = z.int().min(1).max(2_147_483_647);

const AvailabilityZone = z.string().min(1).max(255);

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  description: CinderDescription.optional(),
  size: Size.describe("In GiB. It can grow, also while it is attached where the cloud can do that; it never shrinks."),
  volumeTypeRef: NameRef.optional().describe("VolumeType that it is of; the cloud's own when absent."),
  availabilityZone: AvailabilityZone.optional().describe("The cloud's own when absent."),
  metadata: NameValues.describe("Metadata that it is to have; what others set besides is left alone."),
  imageRef: NameRef.optional().describe("Image that it starts as a copy of: it can be booted from then."),
  snapshotRef: NameRef.optional().describe("VolumeSnapshot that it starts as a copy of."),
  backupRef: NameRef.optional().describe("VolumeBackup that is restored into it."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  description: CinderDescription.optional(),
  size: Size.optional().describe("In GiB."),
  availabilityZone: AvailabilityZone.optional(),
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  description: text,
  size: z.int().optional().describe("In GiB."),
  status: text.describe("Cinder's word: creating, available, in-use, error and others."),
  availabilityZone: text,
  attachments: z
    .array(z.object({ attachmentID: text, serverID: text, device: text, attachedAt: z.string().max(64).optional() }))
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  volumeType: text.describe("Its type's name."),
  snapshotID: text,
  sourceVolID: text,
  backupID: text,
  metadata: ObservedNameValues,
  userID: text,
  bootable: z.boolean().optional(),
  imageID: text,
  encrypted: z.boolean().optional(),
  replicationStatus: text,
  consistencyGroupID: text,
  multiattach: z.boolean().optional(),
  host: text.describe("The back end that holds it; shown to administrators only."),
  tenantID: text,
  ...cinderStatusFields,
});

export type VolumeResource = z.infer<typeof Resource>;
export type VolumeFilter = z.infer<typeof Filter>;

const another = "make another Volume, and delete this one";

export const volumeKind = externalKind({
  type: volumes,
  description: "A Cinder volume.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: {
    volumeTypeRef: `${another}; "openstack volume set --type" changes one in the cloud`,
    availabilityZone: another,
    imageRef: another,
    snapshotRef: another,
    backupRef: another,
  },
  rules: [
    {
      rule: "self.size >= oldSelf.size",
      message: "size cannot shrink: make another Volume of the size wanted, copy the data, and delete this one",
    },
    {
      rule: "(has(self.imageRef) ? 1 : 0) + (has(self.snapshotRef) ? 1 : 0) + (has(self.backupRef) ? 1 : 0) <= 1",
      message: "a Volume starts as one thing at most: give imageRef, snapshotRef or backupRef",
    },
  ],
  columns: [
    { name: "Size", type: "integer", jsonPath: ".status.resource.size" },
    { name: "Status", type: "string", jsonPath: ".status.resource.status" },
  ],
});
