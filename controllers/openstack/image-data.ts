/** From a URL or a Host to Glance, checked on the way. Never more than a few chunks are in memory. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { DockerImage, ImageContent, ImageDownload } from "../../crds/openstack/image.ts";
import type { HostDriver } from "../../drivers/driver.ts";
import { HostUnreachableError, StepError, UnsupportedHostError } from "../../drivers/driver.ts";
import type { DriverPool } from "../../drivers/pool.ts";
import { DownloadError, openDownload, RefusedAddressError, shown } from "../../openstack/glance/download.ts";
import type { ImageData } from "../../openstack/glance/images.ts";
import { imagesOf, uploadImage } from "../../openstack/glance/images.ts";
import type { MayReadFrom } from "../../openstack/glance/networks.ts";
import type { Service } from "../../openstack/service.ts";
import { InvalidError, WaitingError } from "./actuator.ts";
import type { Upload } from "./image-uploads.ts";

/** What the data of Images may be read from. */
export interface ImageSources {
  /** Where downloads may connect to. */
  readonly mayReadFrom: MayReadFrom;
  /** The Hosts that have Docker images. */
  readonly drivers: Pick<DriverPool, "get">;
}

/** As Glance is to have it. */
type Source = ImageData & AsyncDisposable;

type Bytes = AsyncIterable<Uint8Array>;

/** How long a source is left alone that cannot be read, in ms. */
const sourcePauseMs = 30_000;

/**
 * Uploads what `content` names into the image `id`, which must be queued. Glance never gets the end of data whose hash is
 * wrong, so that the image never becomes active. Throws InvalidError for a wrong hash and for an address that nothing may
 * be read from, WaitingError for a source that cannot be read, and OpenStackError.
 */
export const imageUpload =
  (cloud: Service, id: string, content: ImageContent, sources: ImageSources): Upload =>
  async (told, signal) => {
    const sent = createHash("sha512");
    let broken: unknown;
    try {
      await using source = await openSource(content, sources, signal);
      const { length } = source;
      const data = measured(source.bytes, (chunk, total) => {
        sent.update(chunk);
        told(total, length);
      });
      const bytes = noticing(data, (error) => {
        broken = error;
      });
      await uploadImage(cloud, id, { bytes, length }, signal);
    } catch (error) {
      throw outcomeOf(broken ?? error);
    }
    await compare(cloud, id, sent.digest("hex"), signal);
  };

async function openSource(
  { download, dockerImage }: ImageContent,
  { mayReadFrom, drivers }: ImageSources,
  signal: AbortSignal,
): Promise<Source> {
  if (dockerImage !== undefined) return savedSource(dockerImage, drivers.get(dockerImage.hostName), signal);
  if (download === undefined) throw new InvalidError("spec.resource.content does not say where the data comes from");
  const source = await openDownload(download.url, mayReadFrom, signal);
  return {
    bytes: decompressed(checked(source.bytes, download), download),
    length: download.decompress === undefined ? source.length : undefined,
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

function savedSource(dockerImage: DockerImage, driver: HostDriver | undefined, signal: AbortSignal): Source {
  if (driver === undefined)
    throw new WaitingError(`Waiting for the connection to Host "${dockerImage.hostName}"`, sourcePauseMs);
  const done = new AbortController();
  return {
    bytes: saved(dockerImage, driver, AbortSignal.any([signal, done.signal])),
    length: undefined,
    [Symbol.asyncDispose]() {
      done.abort();
      return Promise.resolve();
    },
  };
}

async function* saved({ hostName, image }: DockerImage, driver: HostDriver, signal: AbortSignal): Bytes {
  try {
    yield* driver.saveImage(image, signal);
  } catch (error) {
    if (error instanceof StepError || error instanceof HostUnreachableError || error instanceof UnsupportedHostError)
      throw new WaitingError(`Host "${hostName}": ${error.message}; it is tried again`, sourcePauseMs);
    throw error;
  }
}

/** What came is what Glance has, where it tells: SHA-512 is what it computes unless it is configured otherwise. */
async function compare(cloud: Service, id: string, sha512: string, signal: AbortSignal): Promise<void> {
  const { osHashAlgo, osHashValue } = (await imagesOf(cloud).get(id, signal)) ?? {};
  if (osHashAlgo !== "sha512" || osHashValue === undefined || osHashValue === sha512) return;
  await imagesOf(cloud).delete(id, signal);
  throw new WaitingError(`Glance has other data (sha512 ${osHashValue}) than was sent (${sha512}): it is made again`);
}

function outcomeOf(error: unknown): unknown {
  if (error instanceof RefusedAddressError)
    return new InvalidError(
      `It ${error.message}. Make another Image of what a public address has, or ask whoever runs the server to start it with that network in --image-download-networks`,
    );
  return error instanceof DownloadError
    ? new WaitingError(`It ${error.message}; it is tried again`, sourcePauseMs)
    : error;
}

/** Throws InvalidError at the end, in place of ending, where the hash is not the one that was asked for. */
export async function* checked(bytes: Bytes, { url, hash }: Pick<ImageDownload, "url" | "hash">): Bytes {
  if (hash === undefined) {
    yield* bytes;
    return;
  }
  const seen = createHash(hash.algorithm);
  for await (const chunk of bytes) {
    seen.update(chunk);
    yield chunk;
  }
  const value = seen.digest("hex");
  if (value !== hash.value)
    throw new InvalidError(
      `The ${hash.algorithm} hash of ${shown(url)} is ${value}, not ${hash.value}: nothing was made of it. Put right what is there, or make another Image with the right hash`,
    );
}

/** Throws DownloadError for what is not compressed so. */
export async function* decompressed(bytes: Bytes, { decompress }: Pick<ImageDownload, "decompress">): Bytes {
  if (decompress === undefined) {
    yield* bytes;
    return;
  }
  if (decompress !== "gz") throw new InvalidError(`${decompress} cannot be decompressed: offer the image as gz`);
  const source = Readable.from(bytes);
  const gunzip = createGunzip();
  source.on("error", (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip as Bytes;
  } catch (error) {
    const isGunzips = error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
    throw isGunzips ? new DownloadError(`cannot be decompressed: ${error.message}`, { cause: error }) : error;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

async function* measured(bytes: Bytes, seen: (chunk: Uint8Array, total: number) => void): Bytes {
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.length;
    seen(chunk, total);
    yield chunk;
  }
}

/** Whoever reads it may tell of an error in other words. */
async function* noticing(bytes: Bytes, broken: (error: unknown) => void): Bytes {
  try {
    yield* bytes;
  } catch (error) {
    broken(error);
    throw error;
  }
}
