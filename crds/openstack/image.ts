import { z } from "zod";
import { imageReference } from "../container.ts";
import { ObjectName, withRules } from "../schema.ts";
import { externalKind, OpenStackName } from "./external.ts";
import { images } from "./types.ts";

const ContainerFormat = z.enum(["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"]);

const DiskFormat = z.enum(["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "ploop", "iso"]);

const Visibility = z.enum(["public", "private", "shared", "community"]);

const Tag = z.string().min(1).max(255);

/** Of each, how many hexadecimal digits it has. */
const hashLengths = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const;

const Hash = withRules(
  z.object({
    algorithm: z.enum(["md5", "sha1", "sha256", "sha512"]),
    value: z
      .string()
      .min(1)
      .max(1024)
      .regex(/^[0-9a-f]+$/)
      .describe("Hexadecimal, in lower case."),
  }),
  ...Object.entries(hashLengths).map(([algorithm, length]) => ({
    rule: `self.algorithm != '${algorithm}' || size(self.value) == ${length}`,
    message: `a hash of ${algorithm} has ${length} hexadecimal digits`,
  })),
);

const Download = z.object({
  url: withRules(
    z
      .string()
      .max(2048)
      .regex(/^https?:\/\/[^\s/]+/),
    {
      rule: "!self.matches('^https?://[^/]*@')",
      message: "url must not have a user or a password in it",
    },
  ).describe(
    "Where the server that runs Stowage reads it from; http and https, at public addresses and those of its --image-download-networks.",
  ),
  decompress: withRules(z.enum(["xz", "gz", "bz2"]), {
    rule: "self == 'gz'",
    message: "only gz can be decompressed: offer the image as it is, or as gz",
  })
    .optional()
    .describe("How it is compressed where it is read from, if Glance is to have it without."),
  hash: Hash.optional().describe("Of what the URL gives, before it is decompressed. Nothing else is taken then."),
});

const DockerImage = z.object({
  hostName: ObjectName.min(1).describe("The Host that has it."),
  image: z
    .string()
    .max(1024)
    .regex(imageReference)
    .describe("As the Host has it: [registry/]repository[:tag][@digest]. What the Host does not have is not pulled."),
});

const Content = withRules(
  z.object({
    containerFormat: ContainerFormat.default("bare"),
    diskFormat: DiskFormat,
    download: Download.optional().describe("Where its data comes from: a URL."),
    dockerImage: DockerImage.optional().describe(
      "Where its data comes from: an image that the Docker Engine of a Host has, as `docker save` writes it. Whoever makes the Image needs the right to get hosts/images of that Host.",
    ),
  }),
  {
    rule: "has(self.download) != has(self.dockerImage)",
    message: "exactly one of download and dockerImage must say where the data comes from",
  },
  {
    rule: "!has(self.dockerImage) || (self.containerFormat == 'docker' && self.diskFormat == 'raw')",
    message: "a dockerImage has containerFormat docker and diskFormat raw",
  },
);

const Bus = z.enum(["scsi", "virtio", "uml", "xen", "ide", "usb", "lxc"]);

const count = z.int().min(1).optional();
const short = z.string().min(1).max(255).optional();

const Hardware = z.object({
  cpuSockets: count,
  cpuCores: count,
  cpuThreads: count,
  cpuPolicy: z.enum(["shared", "dedicated"]).optional(),
  cpuThreadPolicy: z.enum(["prefer", "isolate", "require"]).optional(),
  cdromBus: Bus.optional(),
  diskBus: Bus.optional(),
  scsiModel: z.enum(["virtio-scsi"]).optional(),
  vifModel: z.enum(["e1000", "e1000e", "ne2k_pci", "pcnet", "rtl8139", "virtio", "vmxnet3"]).optional(),
  rngModel: short,
  qemuGuestAgent: z.boolean().optional(),
});

// prettier-ignore
const architectures = ["aarch64", "alpha", "armv7l", "cris", "i686", "ia64", "lm32", "m68k", "microblaze", "microblazeel", "mips", "mipsel", "mips64", "mips64el", "openrisc", "parisc", "parisc64", "ppc", "ppc64", "ppcemb", "s390", "s390x", "sh4", "sh4eb", "sparc", "sparc64", "unicore32", "x86_64", "xtensa", "xtensaeb"] as const;

// prettier-ignore
const distributions = ["arch", "centos", "debian", "fedora", "freebsd", "gentoo", "mandrake", "mandriva", "mes", "msdos", "netbsd", "netware", "openbsd", "opensolaris", "opensuse", "rocky", "rhel", "sled", "ubuntu", "windows"] as const;

const Properties = z.object({
  architecture: z.enum(architectures).optional(),
  hypervisorType: z.enum(["hyperv", "ironic", "lxc", "qemu", "uml", "vmware", "xen"]).optional(),
  minDiskGB: count.describe("How large a disk has to be to boot it, in GB."),
  minMemoryMB: count.describe("How much memory it takes to boot it, in MB."),
  hardware: Hardware.optional().describe("What Nova gives servers that boot it."),
  operatingSystem: z.object({ distro: z.enum(distributions).optional(), version: short }).optional(),
});

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  protected: z.boolean().optional().describe("Whether it cannot be deleted; false when absent."),
  tags: z
    .array(Tag)
    .max(32)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("Tags that it is to have; our own stowage.dev/uid is kept besides."),
  visibility: Visibility.optional().describe("Who may use it; public is an administrator's choice."),
  properties: Properties.optional().describe("What those that use it are told."),
  content: Content.describe("Its data."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  visibility: Visibility.optional(),
  tags: z.array(Tag).max(32).optional().meta({ "x-kubernetes-list-type": "set" }).describe("All of these."),
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  status: text.describe("Glance's word: queued, saving, active and others."),
  protected: z.boolean().optional(),
  visibility: text,
  hash: z
    .object({ algorithm: text, value: text })
    .optional()
    .describe("Of the data as Glance keeps it, decompressed and perhaps converted."),
  sizeB: z.int().optional().describe("Of its data, in bytes."),
  virtualSizeB: z.int().optional().describe("Of the disk that its data is, in bytes."),
  tags: z.array(z.string().max(1024)).max(256).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  owner: text.describe("Id of the project that owns it."),
  diskFormat: text,
  containerFormat: text,
  minDiskGB: z.int().optional(),
  minMemoryMB: z.int().optional(),
  createdAt: z.string().max(64).optional(),
  updatedAt: z.string().max(64).optional(),
});

export type ImageResource = z.infer<typeof Resource>;
export type ImageFilter = z.infer<typeof Filter>;
export type ImageContent = z.infer<typeof Content>;
export type ImageDownload = z.infer<typeof Download>;
export type DockerImage = z.infer<typeof DockerImage>;

export const imageKind = externalKind({
  type: images,
  description: "A Glance image.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { content: "make another Image, and delete this one" },
  columns: [{ name: "Status", type: "string", jsonPath: ".status.resource.status" }],
});
