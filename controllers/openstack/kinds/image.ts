import type { ImageFilter, ImageResource } from "../../../crds/openstack/image.ts";
import { images } from "../../../crds/openstack/types.ts";
import type { RemoteImage } from "../../../openstack/glance/images.ts";
import { changeImage, imagesOf } from "../../../openstack/glance/images.ts";
import type { Draft } from "../../../openstack/wire.ts";
import type { Clock } from "../../../process/clock.ts";
import type { Actuator, Change, Context, State } from "../actuator.ts";
import { ready, WaitingError } from "../actuator.ts";
import { described, differences } from "../differences.ts";
import type { ImageSources } from "../image-data.ts";
import { imageUpload } from "../image-data.ts";
import type { UploadState } from "../image-uploads.ts";
import { ImageUploads } from "../image-uploads.ts";
import { tagsToSet } from "../marks.ts";

/** An image, and how far its data has come where we are sending it. */
export type ImageAndUpload = RemoteImage & { readonly upload?: UploadState | undefined };

/** How long an upload that nobody here is at may be under way before it is taken for broken off, in ms. */
const abandonedMs = 120_000;

/** How long before what failed is sent again, in ms. */
const retryMs = 30_000;

export interface ImageActuatorOptions {
  readonly clock: Clock;
  readonly sources: ImageSources;
}

export function imageActuator({
  clock,
  sources,
}: ImageActuatorOptions): Actuator<ImageResource, ImageFilter, ImageAndUpload> {
  const uploads = new ImageUploads(clock);
  const get = async ({ cloud, signal }: Context, id: string): Promise<ImageAndUpload | undefined> => {
    const remote = await imagesOf(cloud).get(id, signal);
    if (remote === undefined || remote.status === "active") uploads.forget(id);
    return remote && { ...remote, upload: uploads.of(id) };
  };
  const again = async (context: Context, id: string): Promise<ImageAndUpload> => {
    const remote = await get(context, id);
    if (remote === undefined) throw new WaitingError("It was deleted in the cloud just now", 1000);
    return remote;
  };
  const remove = async ({ cloud, signal }: Context, id: string): Promise<void> => {
    uploads.forget(id);
    await imagesOf(cloud).delete(id, signal);
  };

  const contentChanges = (
    { content }: ImageResource,
    remote: ImageAndUpload,
    now: Date,
  ): readonly Change<ImageAndUpload>[] => {
    const { id, status, upload } = remote;
    if (isAbandoned(remote, now))
      return [
        {
          what: "delete it, because its upload broke off",
          async perform(context) {
            await remove(context, id);
            throw new WaitingError(`Its upload broke off and left it ${String(status)}: it is deleted and made again`);
          },
        },
      ];
    if (status !== "queued" || upload?.kind === "running") return [];
    if (upload !== undefined && now.getTime() - upload.at.getTime() < retryMs)
      return [{ what: "upload its data", perform: () => Promise.reject(asError(upload.error)) }];
    return [
      {
        what: "upload its data",
        async perform(context) {
          const { cloud, signal } = context;
          await uploads.start(id, imageUpload(cloud, id, content, sources), signal);
          const after = uploads.of(id);
          if (after?.kind === "failed") throw asError(after.error);
          return again(context, id);
        },
      },
    ];
  };

  return {
    type: images,
    references: () => [],
    idOf: ({ id }) => id,
    get,
    find: ({ cloud, signal }, { name, visibility, tags }) =>
      imagesOf(cloud).find({ name, visibility, ...(tags !== undefined && { tag: tags }) }, signal),
    async leftBehind({ cloud, signal, tag }) {
      const owner = await cloud.projectId(signal);
      const found = await imagesOf(cloud).find({ tag, ...(owner !== undefined && { owner }) }, signal);
      return found.filter(({ tags }) => tags?.includes(tag) === true);
    },
    // Until it is recorded nobody sends its data.
    isUnused: ({ status }) => status === "queued",
    create({ cloud, signal, name, tag }, resource) {
      const { tags = [], content, visibility } = resource;
      const { containerFormat, diskFormat } = content;
      return imagesOf(cloud).create(
        {
          name,
          ...fieldsOf(resource),
          containerFormat,
          diskFormat,
          ...(visibility !== undefined && { visibility }),
          tags: [...tags, tag],
        },
        signal,
      );
    },
    changes(context, resource, remote, { now }) {
      const content = contentChanges(resource, remote, now);
      if (isAbandoned(remote, now)) return content;
      const { name = context.name, visibility, protected: isProtected = false } = resource;
      const tags = tagsToSet(resource.tags, remote.tags, context.tag);
      const change: Draft<RemoteImage> = {
        ...differences({ ...fieldsOf(resource), name, visibility, protected: isProtected }, remote),
        ...(tags !== undefined && { tags }),
      };
      if (Object.keys(change).length === 0) return content;
      return [
        {
          what: described(change),
          async perform(late) {
            const { cloud, signal } = late;
            await changeImage(cloud, remote.id, change, signal);
            return again(late, remote.id);
          },
        },
        ...content,
      ];
    },
    async delete(context, { id, protected: isProtected }, resource) {
      if (isProtected === true) {
        if (resource.protected === true)
          throw new WaitingError(
            "Waiting to be deleted: it is protected until spec.resource.protected is false",
            15_000,
          );
        await changeImage(context.cloud, id, { protected: false }, context.signal);
      }
      await remove(context, id);
      return "gone";
    },
    stateOf,
    observe: ({
      name,
      status,
      protected: isProtected,
      visibility,
      osHashAlgo: algorithm,
      osHashValue: value,
      size: sizeB,
      virtualSize: virtualSizeB,
      tags,
      owner,
      diskFormat,
      containerFormat,
      minDisk: minDiskGB,
      minRam: minMemoryMB,
      createdAt,
      updatedAt,
    }) => ({
      name,
      status,
      protected: isProtected,
      visibility,
      ...(value !== undefined && { hash: { algorithm, value } }),
      sizeB,
      virtualSizeB,
      tags: [...(tags ?? [])].sort(),
      owner,
      diskFormat,
      containerFormat,
      minDiskGB,
      minMemoryMB,
      createdAt,
      updatedAt,
    }),
  };
}

/** Whether it has data on the way that nobody sends any more. */
function isAbandoned({ status, upload, updatedAt }: ImageAndUpload, now: Date): boolean {
  if (status === "killed") return true;
  if (upload?.kind === "running" || status === undefined || !onItsWay.has(status)) return false;
  return updatedAt !== undefined && now.getTime() - Date.parse(updatedAt) > abandonedMs;
}

/** States in which Glance is being given its data. */
const onItsWay: ReadonlySet<string> = new Set(["saving", "uploading", "importing"]);

function stateOf(remote: ImageAndUpload, now: Date): State {
  const { status = "queued", upload } = remote;
  if (status === "active") return ready;
  if (status === "deactivated")
    return {
      kind: "failed",
      message: "An administrator has deactivated the image: nobody can use its data until one activates it again",
    };
  if (status === "pending_delete" || status === "deleted")
    return { kind: "waiting", message: "The image is being deleted" };
  if (upload?.kind === "running") return { kind: "waiting", message: progressOf(upload), pollMs: 2000 };
  if (status === "queued")
    return { kind: "waiting", message: "Waiting for the image's data", pollMs: 5000, takesChanges: true };
  return {
    kind: "waiting",
    message: `Waiting for the image's data: it is ${status}`,
    takesChanges: isAbandoned(remote, now),
  };
}

function progressOf({ sent, length }: Extract<UploadState, { readonly kind: "running" }>): string {
  const mib = (bytes: number): number => Math.floor(bytes / 2 ** 20);
  return `Uploading the image's data: ${mib(sent)}${length === undefined ? "" : ` of ${mib(length)}`} MiB sent`;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const asText = (value: number | boolean | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

/** What of it Glance can change, in its words. What is not asked for is left as it is. */
function fieldsOf({ properties = {}, protected: isProtected }: ImageResource) {
  const {
    architecture,
    hypervisorType,
    minDiskGB: minDisk,
    minMemoryMB: minRam,
    hardware = {},
    operatingSystem,
  } = properties;
  return {
    protected: isProtected,
    minDisk,
    minRam,
    architecture,
    hypervisorType,
    hwCpuSockets: asText(hardware.cpuSockets),
    hwCpuCores: asText(hardware.cpuCores),
    hwCpuThreads: asText(hardware.cpuThreads),
    hwCpuPolicy: hardware.cpuPolicy,
    hwCpuThreadPolicy: hardware.cpuThreadPolicy,
    hwCdromBus: hardware.cdromBus,
    hwDiskBus: hardware.diskBus,
    hwScsiModel: hardware.scsiModel,
    hwVifModel: hardware.vifModel,
    hwRngModel: hardware.rngModel,
    hwQemuGuestAgent: asText(hardware.qemuGuestAgent),
    osDistro: operatingSystem?.distro,
    osVersion: operatingSystem?.version,
  };
}
