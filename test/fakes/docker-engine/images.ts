/** Images of the fake Engine: what it shows of one follows from its name. */
import { createHash } from "node:crypto";

/** Of its manifest in a registry. */
export const digestOf = (image: string): string => `sha256:${createHash("sha256").update(image).digest("hex")}`;

/** The Engine's own id. */
export const idOf = (image: string): string => digestOf(`id of ${image}`);

export function imageOf(image: string) {
  return { Id: idOf(image), RepoTags: [image], RepoDigests: [byDigest(image)], Size: 1_000_000 };
}

/** Whether `reference`, by tag, digest or id, names the image. */
export function isNamedBy(image: string, reference: string): boolean {
  return [image, byDigest(image), idOf(image)].includes(reference);
}

const byDigest = (image: string): string => `${image.replace(/:[^:/]+$/, "")}@${digestOf(image)}`;
