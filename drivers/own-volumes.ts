/** The volumes on a host that belong to one container, and go with it. Pure. */
import type { ContainerSpec } from "../crds/container.ts";
import type { Volume, VolumeMount } from "../crds/volumes.ts";

/** Name on the host: another one for another Container of the same name. `uid`: the Container's. */
export function ownVolumeName(uid: string, volume: string): string {
  return `stowage-${uid}-${volume}`;
}

type Mounting = Pick<ContainerSpec, "volumes" | "volumeMounts" | "initContainers">;

/** What is made of ConfigMaps, Secrets and facts about the Container. */
export const isOfFiles = (volume: Volume): boolean =>
  volume.configMap !== undefined || volume.secret !== undefined || volume.projected !== undefined;

const isOnDisk = (volume: Volume): boolean => volume.emptyDir !== undefined && volume.emptyDir.medium !== "Memory";

/** Everything that mounts something: the main container and the initContainers. */
export function allMounts(spec: Mounting): readonly VolumeMount[] {
  return [...(spec.volumeMounts ?? []), ...(spec.initContainers ?? []).flatMap((init) => init.volumeMounts ?? [])];
}

/**
 * Those that a container needs on its host before it is created. What nothing mounts is not made, as kubelet has it; a
 * subPath of files is copied into the container instead.
 */
export function ownVolumes(spec: Mounting): readonly Volume[] {
  const mounts = allMounts(spec);
  return (spec.volumes ?? []).filter((volume) =>
    mounts.some(
      (mount) => mount.name === volume.name && (isOnDisk(volume) || (isOfFiles(volume) && mount.subPath === undefined)),
    ),
  );
}

/** Where the main container shows the whole of a volume of files, by the volume's name: these are kept up to date. */
export function shownFiles(spec: Mounting): ReadonlyMap<string, string> {
  const names = new Set((spec.volumes ?? []).filter(isOfFiles).map(({ name }) => name));
  const whole = (spec.volumeMounts ?? []).filter(({ name, subPath }) => names.has(name) && subPath === undefined);
  return new Map(whole.map(({ name, mountPath }) => [name, mountPath]));
}

/** Files and folders of volumes that a container gets as copies of its own. */
export function copiedMounts(
  volumes: ContainerSpec["volumes"],
  mounts: ContainerSpec["volumeMounts"],
): readonly (VolumeMount & { readonly subPath: string })[] {
  const names = new Set((volumes ?? []).filter(isOfFiles).map(({ name }) => name));
  return (mounts ?? []).flatMap((mount) => {
    const { subPath } = mount;
    return subPath !== undefined && names.has(mount.name) ? [{ ...mount, subPath }] : [];
  });
}

type HostPathType = Exclude<NonNullable<Volume["hostPath"]>["type"], "" | "DirectoryOrCreate">;

/** The paths of the host that are mounted and must be of a certain type. */
export function typedHostPaths(spec: Mounting): readonly { readonly path: string; readonly type: HostPathType }[] {
  const mounted = new Set(allMounts(spec).map(({ name }) => name));
  return (spec.volumes ?? []).flatMap(({ name, hostPath }) => {
    if (hostPath === undefined || !mounted.has(name)) return [];
    const { path, type } = hostPath;
    return type === "" || type === "DirectoryOrCreate" ? [] : [{ path, type }];
  });
}

/** Whether anything is to be done on a host before the container is created. */
export function needsPreparation(spec: Mounting): boolean {
  if ((spec.volumes ?? []).length === 0) return false;
  return ownVolumes(spec).length > 0 || typedHostPaths(spec).length > 0;
}
