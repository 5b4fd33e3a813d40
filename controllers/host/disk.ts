/** How full the Engine's disk is, and which images go when it is too full. Pure. */
import type { Container } from "../../crds/container.ts";
import type { HostSpec } from "../../crds/host.ts";
import type { Disks, FileSystem, StoredImage } from "../../drivers/driver.ts";
import { repositoryOf, splitReference } from "../../drivers/image-reference.ts";

/** Of a Host that says nothing of it: kubelet's, in the CRD too. */
const defaults: NonNullable<HostSpec["imageGC"]> = {
  highThresholdPercent: 85,
  lowThresholdPercent: 80,
  minimumAgeSeconds: 120,
};

/** At 100 none is removed. Source: kubernetes/pkg/kubelet/kubelet.go, StartGarbageCollection. */
const never = 100;

/** Below so much of its inodes a file system is as good as full: kubelet's nodefs.inodesFree. */
const leastInodesPercent = 5;

/** Source: kubernetes/pkg/kubelet/images/image_gc_manager.go, GarbageCollect. */
export function usedPercent({ capacity, available }: FileSystem): number {
  return capacity === 0 ? 0 : 100 - Math.floor((available * 100) / capacity);
}

/** Each file system once. */
export function distinct({ data, images }: Disks): readonly { readonly name: string; readonly fs: FileSystem }[] {
  const same = data.capacity === images.capacity && data.inodes === images.inodes;
  return [{ name: "data", fs: data }, ...(same ? [] : [{ name: "images", fs: images }])];
}

/** Why the Host takes no further Containers, with figures; undefined where it does. */
export function pressureOf(disks: Disks, { diskPressurePercent }: HostSpec): string | undefined {
  for (const { name, fs } of distinct(disks)) {
    const what = `The disk for ${name === "data" && distinct(disks).length === 1 ? "data and images" : name}`;
    const percent = usedPercent(fs);
    if (percent >= diskPressurePercent)
      return `${what} is ${percent} % full, with ${size(fs.available)} of ${size(fs.capacity)} left (spec.diskPressurePercent is ${diskPressurePercent})`;
    if (fs.inodes > 0 && fs.inodesFree * 100 < fs.inodes * leastInodesPercent)
      return `${what} has ${fs.inodesFree} of ${fs.inodes} inodes left, less than ${leastInodesPercent} %`;
  }
  return undefined;
}

/**
 * Kubelet's evictionPressureTransitionPeriod (kubernetes/pkg/kubelet/apis/config/v1beta1/defaults.go): a disk that hovers
 * about its threshold does not let Containers come and keep them away in turns.
 */
const pressureTransitionMs = 300_000;

/** Whether it counts as too full still. A clock that was set back keeps nobody away for longer. */
export const isSoonAfter = (pressedAt: Date | undefined, now: Date): boolean =>
  pressedAt !== undefined && Math.abs(now.getTime() - pressedAt.getTime()) < pressureTransitionMs;

/** Bytes for people to read. */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const amount = bytes / 2 ** (10 * power);
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[power] ?? ""}`;
}

/** Since when each image is unused, as far as we saw: by its id, in milliseconds. */
export type Unused = ReadonlyMap<string, number>;

/** What was seen for the first time counts as used just now: who pulled it is about to use it. */
export function unusedSince(before: Unused, images: readonly StoredImage[], now: number): Unused {
  return new Map(images.map(({ id, used }) => [id, used ? now : (before.get(id) ?? now)]));
}

export interface Removal {
  /** The longest unused first. */
  readonly images: readonly StoredImage[];
  /** Bytes to be had. Images share layers: that they come to it is not certain. */
  readonly wanted: number;
}

/** Undefined where there is room enough. `bound`: whose images stay, also while they have no container. */
export function removalOf(
  { images: fs }: Disks,
  { imageGC = defaults }: HostSpec,
  stored: readonly StoredImage[],
  { unused, bound, now }: { readonly unused: Unused; readonly bound: readonly Container[]; readonly now: number },
): Removal | undefined {
  const { highThresholdPercent, lowThresholdPercent, minimumAgeSeconds } = imageGC;
  if (highThresholdPercent >= never || usedPercent(fs) < highThresholdPercent) return undefined;
  const wanted = Math.ceil((fs.capacity * (100 - lowThresholdPercent)) / 100 - fs.available);
  const asked = askedBy(bound);
  const since = ({ id }: StoredImage): number => unused.get(id) ?? now;
  const may = stored
    .filter((image) => !image.used && now - since(image) >= minimumAgeSeconds * 1000)
    .filter((image) => !isAsked(image, asked))
    .sort((a, b) => since(a) - since(b) || b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1));
  const images: StoredImage[] = [];
  for (let freed = 0; freed < wanted;) {
    const next = may[images.length];
    if (next === undefined) break;
    images.push(next);
    freed += next.sizeBytes;
  }
  return { images, wanted };
}

/** What those that are bound to a Host will want there, one spelling for each. */
export const askedBy = (bound: readonly Container[]): ReadonlySet<string> =>
  new Set(bound.flatMap(imagesOf).map(keyOf));

export const isAsked = ({ names }: StoredImage, asked: ReadonlySet<string>): boolean =>
  names.some((name) => asked.has(keyOf(name)));

const imagesOf = ({ spec }: Container): readonly string[] => [
  spec.image,
  ...(spec.initContainers ?? []).map(({ image }) => image),
];

/** One spelling for each image. */
function keyOf(image: string): string {
  const { tag = "latest", digest } = splitReference(image);
  return `${repositoryOf(image)}@${digest ?? tag}`;
}
