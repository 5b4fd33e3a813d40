/** What a Container takes from other objects: found, and put together for a driver. Pure. */
import { createHmac } from "node:crypto";
import type { Container, ContainerSpec } from "../../../crds/container.ts";
import type { Volume } from "../../../crds/volumes.ts";
import type { Inputs, ProcessInputs, VolumeContent } from "../../../drivers/inputs.ts";
import { allMounts, copiedMounts, isOfFiles } from "../../../drivers/own-volumes.ts";
import { isLiteral, processInputs } from "./environment.ts";
import type { Facts } from "./facts.ts";
import { filesOf } from "./files.ts";
import type { SourceKind, Sources } from "./objects.ts";
import { InputError, Objects } from "./objects.ts";

export interface ResolveOptions {
  readonly sources: Sources;
  readonly facts: Facts;
  /** Of digests, so that what they are of cannot be guessed: nothing that a host knows. */
  readonly digestKey: Uint8Array;
  readonly now: Date;
}

export interface Resolved {
  /** Absent where the Container takes nothing from elsewhere. Without what {@link missing} tells of. */
  readonly inputs?: Inputs;
  /** What is missing, in kubelet's words: nothing can be created of {@link inputs}, but volumes that are in them can be kept up to date. */
  readonly missing?: string;
  /** Sentences about keys that cannot be variables. */
  readonly skipped: readonly string[];
  /** What the Secrets have that it uses: it may come back in what a program says, and is not to be told then. */
  readonly secrets?: readonly string[];
}

export function resolve(options: ResolveOptions): Resolved {
  const { spec } = options.facts.container;
  if (needsNothing(spec)) return { skipped: [] };
  const skipped: string[] = [];
  const missing: string[] = [];
  const objects = new Objects(options.sources);
  const inputs = inputsOf(spec, objects, options, {
    skipped: (message) => skipped.push(message),
    missing: (message) => missing.push(message),
  });
  const [first] = missing;
  const { secrets } = objects;
  return {
    inputs,
    skipped,
    ...(first === undefined ? {} : { missing: first }),
    ...(secrets.length === 0 ? {} : { secrets }),
  };
}

/** An object that a Container takes something from. */
export interface Source {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
}

/** Each once or more. */
export function sourcesOf({ metadata, spec }: Container): readonly Source[] {
  if (needsNothing(spec)) return [];
  const { namespace = "" } = metadata;
  const found = [...[spec, ...(spec.initContainers ?? [])].flatMap(ofProcess), ...mountedFiles(spec).flatMap(ofVolume)];
  return found.map(([kind, name]) => ({ kind, namespace, name }));
}

/** Whether any of its files tell of the Container's own labels or annotations. */
export function showsItself(spec: ContainerSpec): boolean {
  return mountedFiles(spec).some(({ projected }) =>
    projected?.sources.some(({ downwardAPI }) => downwardAPI !== undefined),
  );
}

type Named = readonly [SourceKind, string];

function ofProcess({ env = [], envFrom = [] }: Pick<ContainerSpec, "env" | "envFrom">): readonly Named[] {
  return [
    ...envFrom.flatMap(({ configMapRef, secretRef }) => named(configMapRef?.name, secretRef?.name)),
    ...env.flatMap(({ valueFrom }) => named(valueFrom?.configMapKeyRef?.name, valueFrom?.secretKeyRef?.name)),
  ];
}

function ofVolume({ configMap, secret, projected }: Volume): readonly Named[] {
  return [
    ...named(configMap?.name, secret?.secretName),
    ...(projected?.sources ?? []).flatMap((source) => named(source.configMap?.name, source.secret?.name)),
  ];
}

function named(configMap: string | undefined, secret: string | undefined): readonly Named[] {
  return [
    ...(configMap === undefined ? [] : [["ConfigMap", configMap] as const]),
    ...(secret === undefined ? [] : [["Secret", secret] as const]),
  ];
}

function needsNothing(spec: ContainerSpec): boolean {
  return (spec.volumes ?? []).length === 0 && [spec, ...(spec.initContainers ?? [])].every(isLiteral);
}

function mountedFiles(spec: ContainerSpec): readonly Volume[] {
  const mounted = new Set(allMounts(spec).map(({ name }) => name));
  return (spec.volumes ?? []).filter((volume) => isOfFiles(volume) && mounted.has(volume.name));
}

function inputsOf(
  spec: ContainerSpec,
  objects: Objects,
  { facts, digestKey, now }: ResolveOptions,
  tell: { readonly skipped: (message: string) => void; readonly missing: (message: string) => void },
): Inputs {
  const { namespace = "", name } = facts.container.metadata;
  // With the Container in it, two that use the same Secret cannot be seen to.
  const digest = (value: unknown): string =>
    createHmac("sha256", digestKey)
      .update(JSON.stringify([namespace, name, value]))
      .digest("hex")
      .slice(0, 12);
  /** None, or one: what lacks something must not keep the rest from its updates. */
  const found = <T>(find: () => T): readonly T[] => {
    try {
      return [find()];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      tell.missing(error.message);
      return [];
    }
  };
  const processOf = (process: Parameters<typeof processInputs>[0]): readonly ProcessInputs[] =>
    found(() => processInputs(process, objects, facts, tell.skipped));
  const [main = { env: new Map<string, string>() }] = processOf(spec);
  const initContainers = (spec.initContainers ?? []).flatMap((init) =>
    processOf(init).map((inputs) => [init.name, inputs] as const),
  );
  const volumes = new Map(
    mountedFiles(spec).flatMap((volume) =>
      found(() => [volume.name, contentOf(filesOf(volume, objects, facts), digest, now)] as const),
    ),
  );
  for (const { volumeMounts } of [spec, ...(spec.initContainers ?? [])]) {
    for (const mount of copiedMounts(spec.volumes, volumeMounts))
      found(() => {
        refuseUncopied(mount, spec, volumes.get(mount.name));
      });
  }
  // Sorted: in which order a client wrote variables and volumes makes no difference.
  const texts = (used: readonly unknown[]): readonly string[] => used.map((one) => JSON.stringify(one)).sort();
  const config = Object.fromEntries([...objects.used].map(([id, used]) => [id, digest(texts(used))]));
  return { main, initContainers: new Map(initContainers), volumes, config };
}

/** Throws InputError where there is nothing to copy, or nowhere. */
function refuseUncopied(
  { name, subPath }: { readonly name: string; readonly subPath: string },
  spec: ContainerSpec,
  content: VolumeContent | undefined,
): void {
  const files = content?.files ?? new Map<string, never>();
  const prefix = `${subPath}/`;
  if (files.size > 0 && !files.has(subPath) && ![...files.keys()].some((path) => path.startsWith(prefix)))
    throw new InputError(`subPath "${subPath}" of volume "${name}" names none of its files and folders`);
  if (spec.securityContext?.readOnlyRootFilesystem === true)
    throw new InputError(
      `subPath "${subPath}" of volume "${name}" would be copied into the container, whose root file system is read-only: mount the whole volume, or leave out readOnlyRootFilesystem`,
    );
}

function contentOf(files: VolumeContent["files"], digest: (value: unknown) => string, now: Date): VolumeContent {
  const entries = [...files].map(([path, { content, mode }]) => [path, mode, Buffer.from(content).toString("base64")]);
  const value = digest(entries.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)));
  // As AtomicWriter names it (kubernetes/pkg/volume/util/atomic_writer.go), but for its random end.
  const time = now.toISOString().slice(0, -1).replace(/[-T:]/g, "_");
  return { files, digest: value, folder: `..${time}-${value}` };
}
