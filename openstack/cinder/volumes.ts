import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { CinderTime, cinderMicroversion } from "./time.ts";

const attachment = wire({
  attachmentId: z.string().optional(),
  serverId: z.string().optional(),
  device: z.string().optional(),
  attachedAt: CinderTime.optional(),
});

const volume = wire(
  {
    id: z.string(),
    name: z.string().optional(),
    description: z.string().optional(),
    size: z.int().optional(),
    status: z.string().optional(),
    availabilityZone: z.string().optional(),
    attachments: z.array(attachment.schema).optional(),
    /** Its name; an id does to make one. */
    volumeType: z.string().optional(),
    snapshotId: z.string().optional(),
    sourceVolId: z.string().optional(),
    backupId: z.string().optional(),
    /** Only to make one of an image. */
    imageId: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    volumeImageMetadata: z.record(z.string(), z.string()).optional(),
    userId: z.string().optional(),
    /** "true" or "false". */
    bootable: z.string().optional(),
    encrypted: z.boolean().optional(),
    replicationStatus: z.string().optional(),
    consistencygroupId: z.string().optional(),
    multiattach: z.boolean().optional(),
    host: z.string().optional(),
    tenantId: z.string().optional(),
    createdAt: CinderTime.optional(),
    updatedAt: CinderTime.optional(),
  },
  {
    sourceVolId: "source_volid",
    imageId: "imageRef",
    host: "os-vol-host-attr:host",
    tenantId: "os-vol-tenant-attr:tenant_id",
  },
);

/** Source: Block Storage API v3, "Volumes". */
export type RemoteVolume = Of<typeof volume>;

export const volumesOf = (service: Service) =>
  new Collection(service, {
    service: "block-storage",
    path: "/volumes",
    listPath: "/volumes/detail",
    singular: "volume",
    plural: "volumes",
    wire: volume,
    microversion: cinderMicroversion,
  });

/** To `size` GiB. It goes on after this: the volume is `extending` meanwhile. */
export async function extendVolume(service: Service, id: string, size: number, signal?: AbortSignal): Promise<void> {
  await volumesOf(service).act(id, {
    below: "/action",
    method: "POST",
    body: { "os-extend": { new_size: size } },
    action: `extend volume ${id} to ${size} GiB`,
    schema: z.unknown(),
    ...(signal && { signal }),
  });
}
