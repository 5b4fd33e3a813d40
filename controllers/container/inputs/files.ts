/**
 * Files of one volume. Pure. Sources: MakePayload in kubernetes/pkg/volume/{configmap,secret}, collectData in
 * pkg/volume/projected, CollectData in pkg/volume/downwardapi.
 */
import type { ContainerSpec } from "../../../crds/container.ts";
import type { Volume } from "../../../crds/volumes.ts";
import type { FileContent } from "../../../drivers/inputs.ts";
import type { Facts } from "./facts.ts";
import { fieldValue, resourceValue } from "./facts.ts";
import type { Objects, SourceKind } from "./objects.ts";
import { InputError } from "./objects.ts";

type Items = NonNullable<Volume["configMap"]>["items"];
type DownwardItems = NonNullable<
  NonNullable<NonNullable<Volume["projected"]>["sources"][number]["downwardAPI"]>["items"]
>;

interface Part {
  readonly kind: SourceKind;
  readonly name: string;
  readonly items: Items;
  readonly optional: boolean | undefined;
}

/** Throws InputError in kubelet's words. */
export function filesOf(volume: Volume, objects: Objects, facts: Facts): ReadonlyMap<string, FileContent> {
  try {
    const files = new Map(entriesOf(volume, objects, facts));
    refuseContradictions(files);
    return files;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`, { cause: error });
  }
}

type Entry = readonly [path: string, file: FileContent];

function entriesOf({ configMap, secret, projected }: Volume, objects: Objects, facts: Facts): readonly Entry[] {
  if (configMap !== undefined)
    return entriesOfPart(
      { kind: "ConfigMap", items: undefined, optional: undefined, ...configMap },
      configMap.defaultMode,
      objects,
    );
  if (secret !== undefined) {
    const { secretName: name, items, optional, defaultMode } = secret;
    return entriesOfPart({ kind: "Secret", name, items, optional }, defaultMode, objects);
  }
  const { sources, defaultMode } = projected ?? { sources: [], defaultMode: 0 };
  return sources.flatMap((source) => {
    const { configMap: map, secret: hidden, downwardAPI } = source;
    if (downwardAPI !== undefined) return downward(downwardAPI.items ?? [], defaultMode, facts);
    const kind: SourceKind = map === undefined ? "Secret" : "ConfigMap";
    const { name, items, optional } = map ?? hidden ?? { name: "" };
    return entriesOfPart({ kind, name, items, optional }, defaultMode, objects);
  });
}

function entriesOfPart({ kind, name, items, optional }: Part, defaultMode: number, objects: Objects): readonly Entry[] {
  const data = objects.data(kind, name, optional) ?? new Map<string, Buffer>();
  const wanted = items ?? [...data.keys()].sort().map((key) => ({ key, path: key, mode: undefined }));
  const entries = wanted.flatMap(({ key, path, mode = defaultMode }): readonly Entry[] => {
    const content = data.get(key);
    if (content !== undefined) return [[path, { content, mode }]];
    if (optional === true) return [];
    throw new InputError(
      kind === "Secret"
        ? `references non-existent secret key: ${key}`
        : `configmap references non-existent config key: ${key}`,
    );
  });
  objects.use(
    kind,
    name,
    entries.map(([path, { content, mode }]) => [path, mode, Buffer.from(content).toString("base64")]),
  );
  return entries;
}

function downward(items: DownwardItems, defaultMode: number, facts: Facts): readonly Entry[] {
  const resources: ContainerSpec["resources"] = facts.container.spec.resources;
  return items.map(({ path, fieldRef, resourceFieldRef, mode = defaultMode }) => {
    const value =
      resourceFieldRef === undefined
        ? fieldValue(fieldRef?.fieldPath ?? "", facts)
        : resourceValue(resourceFieldRef, resources, facts);
    return [path, { content: Buffer.from(value), mode }];
  });
}

function refuseContradictions(files: ReadonlyMap<string, FileContent>): void {
  for (const path of files.keys()) {
    const folders = path.split("/").map((_, index, names) => names.slice(0, index).join("/"));
    const file = folders.find((folder) => files.has(folder));
    if (file !== undefined) throw new InputError(`"${file}" would be both a file and the folder of "${path}"`);
  }
}
