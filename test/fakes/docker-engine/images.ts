/** Images of the fake Engine: what it shows of one follows from its name. */
import { createHash } from "node:crypto";
import { archiveOf } from "../../../drivers/docker/archives.ts";

/** Of its manifest in a registry. */
export const digestOf = (image: string): string => `sha256:${createHash("sha256").update(image).digest("hex")}`;

/** The Engine's own id. */
export const idOf = (image: string): string => digestOf(`id of ${image}`);

export function imageOf(image: string) {
  return { Id: idOf(image), RepoTags: [image], RepoDigests: [byDigest(image)], Size: 1_000_000 };
}

/** As `docker save` writes it: the same each time. */
export function savedImage(image: string): Promise<Buffer> {
  const config = `${idOf(image).replace("sha256:", "")}.json`;
  const layer = "layer/layer.tar";
  const manifest = [{ Config: config, RepoTags: [image], Layers: [layer] }];
  const jsons = { [config]: { os: "linux" }, "manifest.json": manifest };
  const entries = [
    { name: layer, mode: 0o644, content: Buffer.alloc(2 ** 20, idOf(image)) },
    ...Object.entries(jsons).map(([name, json]) => ({ name, mode: 0o644, content: Buffer.from(JSON.stringify(json)) })),
  ];
  return archiveOf(entries, new Date(0));
}

/** Whether `reference`, by tag, digest or id, names the image. */
export function isNamedBy(image: string, reference: string): boolean {
  return [image, byDigest(image), idOf(image)].includes(reference);
}

const byDigest = (image: string): string => `${image.replace(/:[^:/]+$/, "")}@${digestOf(image)}`;
