import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ImageContent, ImageDownload } from "../../crds/openstack/image.ts";
import { filesHere, loopback, serveFiles } from "../../test/contracts/openstack/files.ts";
import type { Service, ServiceRequest } from "../../openstack/service.ts";
import { DownloadError } from "../../openstack/glance/download.ts";
import { publicOr } from "../../openstack/glance/networks.ts";
import { InvalidError, WaitingError } from "./actuator.ts";
import type { ImageSources } from "./image-data.ts";
import { checked, decompressed, imageUpload } from "./image-data.ts";

const disk = Buffer.from("a disk".repeat(50_000));
const sha256 = createHash("sha256").update(disk).digest("hex");
const sha512 = createHash("sha512").update(disk).digest("hex");
const url = "http://example.org/disk.raw";
const sources: ImageSources = { mayReadFrom: publicOr([loopback]), drivers: { get: () => undefined } };
const never = new AbortController().signal;

/** In pieces of 4 KiB. */
async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 4096) yield bytes.subarray(at, at + 4096);
}

const all = (bytes: AsyncIterable<Uint8Array>): Promise<Buffer> => buffer(bytes);

describe("checked()", () => {
  test("passes on what has the right hash, and what has none to have", async () => {
    expect(await all(checked(pieces(disk), { url, hash: { algorithm: "sha256", value: sha256 } }))).toEqual(disk);
    expect(await all(checked(pieces(disk), { url }))).toEqual(disk);
  });

  test("never ends what has a wrong one", async () => {
    const hash = { algorithm: "sha256", value: sha512 } as const;
    await expect(all(checked(pieces(disk), { url, hash }))).rejects.toThrow(InvalidError);
  });
});

describe("decompressed()", () => {
  test("unpacks gz, and leaves the rest as it is", async () => {
    expect(await all(decompressed(pieces(gzipSync(disk)), { decompress: "gz" }))).toEqual(disk);
    expect(await all(decompressed(pieces(disk), {}))).toEqual(disk);
  });

  test("says of what is no gz, or not all of it, that it is not", async () => {
    await expect(all(decompressed(pieces(disk), { decompress: "gz" }))).rejects.toThrow(DownloadError);
    await expect(all(decompressed(pieces(gzipSync(disk).subarray(0, -20)), { decompress: "gz" }))).rejects.toThrow(
      DownloadError,
    );
  });

  test("passes on what its source breaks off with", async () => {
    const hash = { algorithm: "sha256", value: sha512 } as const;
    const bytes = checked(pieces(gzipSync(disk)), { url, hash });
    await expect(all(decompressed(bytes, { decompress: "gz" }))).rejects.toThrow(InvalidError);
  });
});

/** Glance, as far as an upload knows it. */
class Glance implements Service {
  readonly asked: string[] = [];
  readonly headers: unknown[] = [];
  received: Buffer = Buffer.alloc(0);
  hash = sha512;

  projectId(): Promise<string> {
    return Promise.resolve("home");
  }

  userId(): Promise<string> {
    return Promise.resolve("me");
  }

  async request<T>({ method = "GET", path, body, headers, schema }: ServiceRequest<T>): Promise<T> {
    this.asked.push(`${method} ${path}`);
    if (method !== "PUT") return schema.parse({ id: "i1", os_hash_algo: "sha512", os_hash_value: this.hash });
    this.headers.push(headers);
    this.received = await all(body as AsyncIterable<Uint8Array>);
    return schema.parse(undefined);
  }

  list(): Promise<never> {
    return Promise.reject(new Error("nothing is listed"));
  }
}

const contentOf = (download: ImageDownload): ImageContent => ({ containerFormat: "bare", diskFormat: "raw", download });

describe("imageUpload()", () => {
  async function upload(glance: Glance, bytes: Buffer, download: Partial<ImageDownload>): Promise<readonly number[]> {
    await using served = await serveFiles({ disk: bytes });
    const { url: there } = served.located({ url: `${filesHere}/disk` });
    const told: number[] = [];
    await imageUpload(glance, "i1", contentOf({ url: there, ...download }), sources)((sent) => told.push(sent), never);
    return told;
  }

  test("streams, and says how long it is", async () => {
    const glance = new Glance();
    const told = await upload(glance, disk, { hash: { algorithm: "sha256", value: sha256 } });
    expect(glance.received).toEqual(disk);
    expect(glance.headers).toEqual([
      { "content-type": "application/octet-stream", "content-length": String(disk.length) },
    ]);
    expect(told.at(-1)).toBe(disk.length);
    expect(glance.asked).toEqual(["PUT /images/i1/file", "GET /images/i1"]);
  });

  test("sends what it has unpacked, of a length that it does not know", async () => {
    const glance = new Glance();
    await upload(glance, gzipSync(disk), { decompress: "gz" });
    expect(glance.received).toEqual(disk);
    expect(glance.headers).toEqual([{ "content-type": "application/octet-stream" }]);
  });

  test("tells of a wrong hash as that, however the request fails of it", async () => {
    const glance = new Glance();
    const wrong = upload(glance, disk, { hash: { algorithm: "sha256", value: sha512 } });
    await expect(wrong).rejects.toThrow(InvalidError);
    expect(glance.received).toHaveLength(0);
  });

  test("deletes what is not what was sent", async () => {
    const glance = new Glance();
    glance.hash = sha256;
    await expect(upload(glance, disk, {})).rejects.toThrow(WaitingError);
    expect(glance.asked.at(-1)).toBe("DELETE /images/i1");
  });

  test("waits for a source that is not there", async () => {
    await using served = await serveFiles({});
    const { url: there } = served.located({ url: `${filesHere}/none` });
    const upload_ = imageUpload(new Glance(), "i1", contentOf({ url: there }), sources);
    await expect(upload_(() => undefined, never)).rejects.toThrow(/cannot download .* answered 404/);
  });

  test("gives up what is at no public address, and says who can allow it", async () => {
    const glance = new Glance();
    await using served = await serveFiles({ disk });
    const { url: there } = served.located({ url: `${filesHere}/disk` });
    const upload_ = imageUpload(glance, "i1", contentOf({ url: there }), { ...sources, mayReadFrom: publicOr([]) });
    const refused = upload_(() => undefined, never);
    await expect(refused).rejects.toThrow(InvalidError);
    await expect(refused).rejects.toThrow(/is not a public address\. .* --image-download-networks$/);
    expect(glance.asked).toEqual([]);
  });
});
