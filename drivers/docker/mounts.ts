/** From volumes and volumeMounts to what the Engine is told. Pure. Source of the names: Mount in moby api/swagger.yaml. */
import type { ContainerSpec } from "../../crds/container.ts";
import { parseQuantity } from "../../crds/quantity.ts";
import type { Volume, VolumeMount } from "../../crds/volumes.ts";
import { StepError } from "../driver.ts";
import { labels } from "../labels.ts";
import { isOfFiles, ownVolumeName } from "../own-volumes.ts";

export interface Mount {
  readonly Type: "volume" | "bind" | "tmpfs";
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  /** Without what is mounted below it. */
  readonly BindOptions?: { readonly NonRecursive: true };
  readonly VolumeOptions?: {
    readonly NoCopy?: boolean;
    readonly Labels?: Readonly<Record<string, string>>;
    readonly DriverConfig?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> };
    readonly Subpath?: string;
  };
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode: number };
}

/** The part of HostConfig that mounts. */
export interface MountConfig {
  readonly Mounts?: readonly Mount[];
  readonly Binds?: readonly string[];
}

/** Mounts, or texts of the older form `SOURCE:TARGET[:ro]`: the one that makes a folder of the host where there is none. */
export type Mounted = readonly (Mount | string)[];

export function hostConfigOf(mounted: Mounted): MountConfig {
  const binds = mounted.filter((one) => typeof one === "string");
  const mounts = mounted.filter((one) => typeof one === "object");
  return { ...(mounts.length === 0 ? {} : { Mounts: mounts }), ...(binds.length === 0 ? {} : { Binds: binds }) };
}

/** Whose volumes they are: goes into their labels. */
export interface VolumeOwner {
  readonly instance: string;
  readonly hostName: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export function labelsOfVolume(owner: VolumeOwner): Readonly<Record<string, string>> {
  return {
    [labels.instance]: owner.instance,
    [labels.host]: owner.hostName,
    [labels.namespace]: owner.namespace,
    [labels.name]: owner.name,
    [labels.uid]: owner.uid,
  };
}

/** A volume that goes with its container. Nothing of an image is copied into it. */
export function ownVolume(owner: VolumeOwner, volume: string, target: string): Mount {
  return {
    Type: "volume",
    Source: ownVolumeName(owner.uid, volume),
    Target: target,
    VolumeOptions: { NoCopy: true, Labels: labelsOfVolume(owner) },
  };
}

/** Of the main container, or of an initContainer by its volumeMounts. Empty where nothing is mounted. */
export function mountConfig(
  owner: VolumeOwner,
  volumes: ContainerSpec["volumes"],
  volumeMounts: ContainerSpec["volumeMounts"],
): MountConfig {
  const byName = new Map((volumes ?? []).map((volume) => [volume.name, volume]));
  return hostConfigOf(
    (volumeMounts ?? []).flatMap((mount) => {
      const volume = byName.get(mount.name);
      return volume === undefined ? [] : (mountOf(owner, volume, mount) ?? []);
    }),
  );
}

/** Undefined is copied instead: see copiedMounts. */
function mountOf(owner: VolumeOwner, volume: Volume, mount: VolumeMount): Mount | string | undefined {
  const { mountPath, readOnly, subPath } = mount;
  const { emptyDir, hostPath, dockerVolume } = volume;
  if (isOfFiles(volume))
    return subPath === undefined ? { ...ownVolume(owner, volume.name, mountPath), ReadOnly: true } : undefined;
  if (emptyDir?.medium === "Memory") return memory(emptyDir.sizeLimit, mountPath, readOnly);
  if (emptyDir !== undefined) return below(ownVolume(owner, volume.name, mountPath), readOnly, subPath);
  if (hostPath?.type === "DirectoryOrCreate") return `${hostPath.path}:${mountPath}${readOnly ? ":ro" : ""}`;
  if (hostPath !== undefined) return { Type: "bind", Source: hostPath.path, Target: mountPath, ReadOnly: readOnly };
  return dockerVolume && below(named(owner, dockerVolume, mountPath), readOnly, subPath);
}

function memory(sizeLimit: NonNullable<Volume["emptyDir"]>["sizeLimit"], target: string, readOnly: boolean): Mount {
  const size = sizeLimit === undefined ? {} : { SizeBytes: Math.ceil(parseQuantity(sizeLimit)) };
  return { Type: "tmpfs", Target: target, ReadOnly: readOnly, TmpfsOptions: { ...size, Mode: 0o1777 } };
}

/** It outlives the Container, and so carries no uid: nobody takes it for something that goes with one. */
function named(
  { instance }: VolumeOwner,
  { name, driver, driverOptions }: NonNullable<Volume["dockerVolume"]>,
  target: string,
): Mount {
  const config =
    driver === undefined && driverOptions === undefined
      ? {}
      : {
          DriverConfig: { Name: driver ?? "local", ...(driverOptions === undefined ? {} : { Options: driverOptions }) },
        };
  return {
    Type: "volume",
    Source: name,
    Target: target,
    VolumeOptions: { Labels: { [labels.instance]: instance }, ...config },
  };
}

function below(mount: Mount, readOnly: boolean, subPath: string | undefined): Mount {
  const options = subPath === undefined ? {} : { VolumeOptions: { ...mount.VolumeOptions, Subpath: subPath } };
  return { ...mount, ReadOnly: readOnly, ...options };
}

/** Throws StepError where the Engine is too old for a subPath. An older one would mount the whole volume. */
export function refuseSubPaths({ Mounts = [] }: MountConfig, apiVersion: string): void {
  const [major = 0, minor = 0] = apiVersion.split(".").map(Number);
  if (major > 1 || minor >= 45) return;
  const mount = Mounts.find(({ VolumeOptions }) => VolumeOptions?.Subpath !== undefined);
  if (mount === undefined) return;
  throw new StepError(
    "CreateContainerConfigError",
    `Cannot mount subPath "${mount.VolumeOptions?.Subpath ?? ""}" at ${mount.Target}: that needs Docker Engine 26 (API 1.45), and this one speaks API ${apiVersion}: mount the whole volume, or update the Engine`,
  );
}
