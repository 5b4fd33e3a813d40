import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { imageKind } from "../../../../crds/openstack/image.ts";
import { volumeKind } from "../../../../crds/openstack/volume.ts";
import { filesHere } from "../files.ts";
import type { KindScenario } from "../scenario.ts";

/** Large enough to come in many pieces, and unlike itself everywhere. */
const disk = Buffer.from(
  Array.from({ length: 16_384 }, (_, line) => `line ${line} of a disk that nobody boots\n`).join(""),
);
const compressed = gzipSync(disk);

const hashOf = (bytes: Uint8Array, algorithm: string): string => createHash(algorithm).update(bytes).digest("hex");

export const imageScenario: KindScenario = {
  kind: imageKind,
  services: ["image", "block-storage"],
  needs: [],
  files: { "disk.raw": disk, "disk.raw.gz": compressed },
  minimal: { content: { diskFormat: "raw", download: { url: `${filesHere}/disk.raw` } } },
  full: {
    name: "full-image",
    protected: false,
    tags: ["one", "two"],
    visibility: "private",
    properties: {
      architecture: "x86_64",
      hypervisorType: "qemu",
      minDiskGB: 1,
      minMemoryMB: 64,
      hardware: {
        cpuSockets: 1,
        cpuCores: 2,
        cpuThreads: 1,
        cpuPolicy: "shared",
        cdromBus: "ide",
        diskBus: "scsi",
        scsiModel: "virtio-scsi",
        vifModel: "virtio",
        rngModel: "virtio",
        qemuGuestAgent: true,
      },
      operatingSystem: { distro: "debian", version: "12" },
    },
    content: {
      containerFormat: "bare",
      diskFormat: "raw",
      download: {
        url: `${filesHere}/disk.raw.gz`,
        decompress: "gz",
        hash: { algorithm: "sha256", value: hashOf(compressed, "sha256") },
      },
    },
  },
  fullObserved: {
    name: "full-image",
    status: "active",
    protected: false,
    visibility: "private",
    sizeB: disk.length,
    hash: { algorithm: "sha512", value: hashOf(disk, "sha512") },
    diskFormat: "raw",
    containerFormat: "bare",
    minDiskGB: 1,
    minMemoryMB: 64,
  },
  updates: [
    { patch: { name: "renamed" }, observed: { name: "renamed" } },
    { patch: { visibility: "shared", protected: true }, observed: { visibility: "shared", protected: true } },
    {
      patch: { protected: null, properties: { minDiskGB: 2, minMemoryMB: 128 } },
      observed: { protected: false, minDiskGB: 2, minMemoryMB: 128 },
    },
  ],
  refused: [
    { patch: { content: { diskFormat: "qcow2" } }, message: "content cannot be changed" },
    { patch: { content: { download: { decompress: "xz" } } }, message: "only gz can be decompressed" },
    { patch: { content: { download: { url: "ftp://example.org/disk.raw" } } }, message: "url" },
    {
      patch: { content: { download: { url: "http://me:secret@example.org/disk.raw" } } },
      message: "must not have a user",
    },
    { patch: { content: { download: { hash: { algorithm: "md5" } } } }, message: "has 32 hexadecimal digits" },
    { patch: { content: { download: null } }, message: "exactly one of download and dockerImage" },
    {
      patch: { content: { dockerImage: { hostName: "local", image: "web:1" } } },
      message: "exactly one of download and dockerImage",
    },
    {
      patch: { content: { download: null, dockerImage: { hostName: "local", image: "web:1" } } },
      message: "a dockerImage has containerFormat docker and diskFormat raw",
    },
    {
      patch: { content: { download: null, dockerImage: { hostName: "local", image: "../containers" } } },
      message: "dockerImage.image",
    },
  ],
  filter: {
    finds: { name: "full-image", tags: ["one", "two"] },
    findsNothing: { name: "full-image", tags: ["three"] },
  },
  dependent: { kind: volumeKind, name: "user", resource: { size: 1, imageRef: "subject" } },
};
