/** The images that an Engine has, and how they go. */
import { z } from "zod";
import type { HostUnreachableError, StepError, StoredImage } from "../driver.ts";
import { fullReference } from "../image-reference.ts";
import type { Connection } from "./connection.ts";
import { EngineRefusal, refused } from "./errors.ts";
import { toolboxImage } from "./toolbox/toolbox.ts";

const Images = z.array(
  z.object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
    Size: z.number(),
  }),
);
const Users = z.array(z.object({ ImageID: z.string() }));

const callTimeoutMs = 120_000;

/** Layers of others are no images of their own. The toolbox's would come again at once. */
export async function storedImages(connection: Connection, signal: AbortSignal): Promise<readonly StoredImage[]> {
  const list = { method: "GET", signal, timeoutMs: callTimeoutMs } as const;
  const images = await connection.read({ ...list, path: "/images/json" }, Images);
  // After the images: one that a container was made from meanwhile is used.
  const users = await connection.read({ ...list, path: "/containers/json", query: { all: true } }, Users);
  const used = new Set(users.map(({ ImageID }) => ImageID));
  return images
    .map(({ Id, RepoTags, RepoDigests, Size }) => ({
      id: Id,
      names: [...(RepoTags ?? []), ...(RepoDigests ?? [])].filter((name) => !name.includes("<none>")),
      sizeBytes: Size,
      used: used.has(Id),
    }))
    .filter(({ names }) => !names.some((name) => name.startsWith(`${toolboxImage}:`)));
}

/** Name by name and never by force, which would take an image away from containers that do not run. */
export async function removeImage(connection: Connection, image: StoredImage, signal: AbortSignal): Promise<boolean> {
  for (const name of image.names.length === 0 ? [image.id] : image.names) {
    try {
      await connection.call({ method: "DELETE", path: `/images/${name}`, signal, timeoutMs: callTimeoutMs });
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      // The digest goes with the last tag.
      if (error.status === 404) continue;
      if (error.status === 409) return false;
      throw notRemoved(image, error);
    }
  }
  return true;
}

/** {@link HostDriver.saveImage}. */
export async function* savedImage(
  connection: Connection,
  image: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  try {
    const path = `/images/${fullReference(image)}/get`;
    yield* whole(await connection.stream({ method: "GET", path, signal }));
  } catch (error) {
    if (error instanceof EngineRefusal) throw refused("SaveError", `image "${image}"`, error);
    throw connection.explain(error, signal);
  }
}

/** Two blocks of zeros. Source: POSIX.1-2017, pax, "ustar Interchange Format". */
const archiveEnd = 1024;

/**
 * An Engine that fails in the middle of an archive writes what went wrong into it and ends as if all were well: moby
 * api/server/router/image/image_routes.go, getImagesGet. Throws EngineRefusal then.
 */
async function* whole(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let end = Buffer.alloc(0);
  for await (const chunk of archive) {
    end = Buffer.concat([end, chunk.subarray(-archiveEnd)]).subarray(-archiveEnd);
    yield chunk;
  }
  if (end.length === archiveEnd && end.every((byte) => byte === 0)) return;
  throw new EngineRefusal(500, "the Engine broke off in the middle of it: see its log");
}

const notRemoved = ({ names, id }: StoredImage, refusal: EngineRefusal): StepError | HostUnreachableError =>
  refused("RemoveError", `image "${names[0] ?? id}"`, refusal);
