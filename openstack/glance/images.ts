import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Draft, Of } from "../wire.ts";
import { wire } from "../wire.ts";

const image = wire({
  id: z.string(),
  name: z.string().optional(),
  status: z.string().optional(),
  visibility: z.string().optional(),
  protected: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
  containerFormat: z.string().optional(),
  diskFormat: z.string().optional(),
  /** In GB. */
  minDisk: z.int().optional(),
  /** In MB. */
  minRam: z.int().optional(),
  /** In bytes. */
  size: z.int().optional(),
  virtualSize: z.int().optional(),
  osHashAlgo: z.string().optional(),
  osHashValue: z.string().optional(),
  owner: z.string().optional(),
  createdAt: z.string().optional(),
  updatedAt: z.string().optional(),
  // Properties; Glance keeps them as strings.
  architecture: z.string().optional(),
  hypervisorType: z.string().optional(),
  hwCpuSockets: z.string().optional(),
  hwCpuCores: z.string().optional(),
  hwCpuThreads: z.string().optional(),
  hwCpuPolicy: z.string().optional(),
  hwCpuThreadPolicy: z.string().optional(),
  hwCdromBus: z.string().optional(),
  hwDiskBus: z.string().optional(),
  hwScsiModel: z.string().optional(),
  hwVifModel: z.string().optional(),
  hwRngModel: z.string().optional(),
  hwQemuGuestAgent: z.string().optional(),
  osDistro: z.string().optional(),
  osVersion: z.string().optional(),
});

/** Source: Image service API v2, "Images". */
export type RemoteImage = Of<typeof image>;

export const imagesOf = (service: Service) =>
  new Collection(service, {
    service: "image",
    path: "/images",
    plural: "images",
    noun: "image",
    wire: image,
    updateMethod: "PATCH",
  });

/** What every image has, and so is replaced; Glance adds what is a property. Source: glance/api/v2/images.py. */
const baseFields: ReadonlySet<string> = new Set([
  "name",
  "visibility",
  "protected",
  "tags",
  "container_format",
  "disk_format",
  "min_disk",
  "min_ram",
]);

/** Glance takes changes as a JSON patch of its own kind. Source: Image service API v2, "Update an image". */
export function changeImage(
  service: Service,
  id: string,
  change: Draft<RemoteImage>,
  signal?: AbortSignal,
): Promise<RemoteImage> {
  const body = Object.entries(image.encode(change)).map(([field, value]) => ({
    op: value === null ? "remove" : baseFields.has(field) ? "replace" : "add",
    path: `/${field}`,
    ...(value !== null && { value }),
  }));
  return imagesOf(service).act(id, {
    below: "",
    method: "PATCH",
    headers: { "content-type": "application/openstack-images-v2.1-json-patch" },
    body,
    action: `update image ${id}`,
    schema: image.schema,
    ...(signal && { signal }),
  });
}

export interface ImageData {
  /** Read once, from its beginning to its end; what it throws ends the upload, and the image is `queued` again. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** How many there are, where that is known. */
  readonly length: number | undefined;
}

/** Gives an image that is `queued` its data: it is `saving` meanwhile, and `active` then. */
export async function uploadImage(service: Service, id: string, data: ImageData, signal?: AbortSignal): Promise<void> {
  await imagesOf(service).act(id, {
    below: "/file",
    method: "PUT",
    headers: {
      "content-type": "application/octet-stream",
      ...(data.length !== undefined && { "content-length": String(data.length) }),
    },
    body: data.bytes,
    action: `upload the data of image ${id}`,
    schema: z.unknown(),
    ...(signal && { signal }),
  });
}
