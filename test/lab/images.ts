/** Images for tests, made on the spot from a static busybox: no registry is needed. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, copyFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { missingCommand, run } from "./commands.ts";

/** Why no image can be made here; undefined when it can. */
export const imagesMissing: string | undefined = missingCommand({ busybox: "busybox-static", tar: "tar" });

export interface ImageOptions {
  /** Dockerfile instructions such as `ENTRYPOINT ["/bin/echo"]`. */
  readonly changes?: readonly string[];
  /** Further files, by path, in folders that the image has: bin, etc, tmp. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** Gives an Engine an image with every command of busybox. */
export async function importBusybox(docker: Docker, image = "busybox:lab", options: ImageOptions = {}): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "stowage-busybox-"));
  try {
    for (const folder of ["bin", "etc", "tmp", "proc", "dev", "sys"]) await mkdir(join(root, folder));
    const busybox = (await run("sh", ["-c", "command -v busybox"])).trim();
    await copyFile(busybox, join(root, "bin/busybox"));
    const applets = (await run(busybox, ["--list"])).split("\n").filter((name) => name !== "" && name !== "busybox");
    await Promise.all(applets.map((name) => symlink("busybox", join(root, "bin", name))));
    for (const [path, content] of Object.entries(options.files ?? {})) await writeFile(join(root, path), content);
    const tar = spawn("tar", ["-C", root, "-c", "."], { stdio: ["ignore", "pipe", "inherit"] });
    const [repo, tag = "latest"] = splitTag(image);
    const answer = await docker.importImage(tar.stdout, {
      repo,
      tag,
      changes: [...(options.changes ?? ['CMD ["sh"]'])],
    });
    const told = await text(answer);
    if (told.includes('"error"')) throw new Error(`Cannot import ${image}: ${told}`);
  } finally {
    await rm(root, { recursive: true });
  }
}

/** `host:5000/a/b:tag` -> [`host:5000/a/b`, `tag`]. */
export function splitTag(image: string): readonly [name: string, tag: string | undefined] {
  const colon = image.indexOf(":", image.lastIndexOf("/") + 1);
  return colon < 0 ? [image, undefined] : [image.slice(0, colon), image.slice(colon + 1)];
}
