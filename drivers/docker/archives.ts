/** Tar archives of what goes into volumes and containers. Everything belongs to root. */
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import type { ContainerSpec } from "../../crds/container.ts";
import type { FileContent, Inputs, VolumeContent } from "../inputs.ts";
import { copiedMounts } from "../own-volumes.ts";

/** One name in an archive: a file, a symbolic link, or a folder. */
interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly content?: Uint8Array;
  readonly link?: string;
}

const folderMode = 0o755;

/** What is in it is as old as `mtime`; made now when absent. */
export async function archiveOf(entries: readonly Entry[], mtime = new Date()): Promise<Buffer> {
  const archive = pack();
  for (const { name, mode, content, link } of entries) {
    if (link !== undefined) archive.entry({ name, mode, mtime, type: "symlink", linkname: link });
    else if (content !== undefined) archive.entry({ name, mode, mtime }, Buffer.from(content));
    else archive.entry({ name, mode, mtime, type: "directory" });
  }
  archive.finalize();
  return buffer(archive);
}

/** An empty folder for everybody to write to, as kubelet makes it, with the folders below that are mounted by themselves. */
export function emptyFolder(at: string, subPaths: readonly string[]): readonly Entry[] {
  const names = ["", ...new Set(subPaths.flatMap(withParents))];
  return names.map((name) => ({ name: `${at}/${name}`, mode: 0o777 }));
}

/** The files in a folder of their own, which {@link links} or the toolbox's `publish` then shows. */
export function payload(at: string, { folder, files }: VolumeContent): readonly Entry[] {
  return tree(`${at}/${folder}`, files);
}

/** What shows the folder where nothing was shown before. Source: kubernetes/pkg/volume/util/atomic_writer.go. */
export function links(at: string, { folder, files }: VolumeContent): readonly Entry[] {
  const shown = new Set([...files.keys()].map((path) => path.replace(/\/.*$/, "")));
  return [
    { name: `${at}/..data`, mode: 0o777, link: folder },
    ...[...shown].map((name) => ({ name: `${at}/${name}`, mode: 0o777, link: `..data/${name}` })),
  ];
}

/** The files that a container gets as copies, where it mounts them. */
export function copies(
  volumes: ContainerSpec["volumes"],
  volumeMounts: ContainerSpec["volumeMounts"],
  inputs: Inputs | undefined,
): readonly Entry[] {
  return copiedMounts(volumes, volumeMounts).flatMap(({ name, mountPath, subPath }) => {
    const files = inputs?.volumes.get(name)?.files ?? new Map<string, FileContent>();
    const target = mountPath.replace(/^\/+|\/+$/g, "");
    const file = files.get(subPath);
    return file === undefined ? tree(target, filesBelow(files, subPath)) : [{ name: target, ...file }];
  });
}

/** Those below a folder, by their paths in it. */
export function filesBelow(files: VolumeContent["files"], folder: string): VolumeContent["files"] {
  const prefix = `${folder.replace(/\/+$/, "")}/`;
  return new Map(
    [...files].flatMap(([path, file]) => (path.startsWith(prefix) ? [[path.slice(prefix.length), file] as const] : [])),
  );
}

function tree(at: string, files: VolumeContent["files"]): readonly Entry[] {
  const folders = new Set([...files.keys()].flatMap((path) => withParents(path).slice(0, -1)));
  return [
    ...["", ...folders].map((name) => ({ name: `${at}/${name}`, mode: folderMode })),
    ...[...files].map(([path, file]) => ({ name: `${at}/${path}`, ...file })),
  ];
}

/** `a/b/c` -> `a`, `a/b`, `a/b/c`. */
function withParents(path: string): readonly string[] {
  const names = path.split("/");
  return names.map((_, index) => names.slice(0, index + 1).join("/"));
}
