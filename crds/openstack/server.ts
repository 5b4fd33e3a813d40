import { z } from "zod";
import { externalKind, NameRef, OpenStackName } from "./external.ts";
import { servers } from "./types.ts";

/** Nova's own bounds. Source: nova/objects/instance.py and fields of the tag schema. */
const mostTags = 50;
const longestTag = 60;

/** One is kept for our mark. */
const tagSet = (most: number) =>
  z
    .array(
      z
        .string()
        .min(1)
        .max(longestTag)
        .regex(/^[^,/]+$/),
    )
    .max(most)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" });

const DeviceTag = z
  .string()
  .min(1)
  .max(longestTag)
  .regex(/^[^,/]+$/);

const Zone = z.string().min(1).max(255);

const SchedulerHints = z.object({
  serverGroupRef: NameRef.optional().describe("ServerGroup that it is to be of."),
  differentHostServerRefs: z
    .array(NameRef)
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("Servers whose hosts it is not to be on."),
  sameHostServerRefs: z
    .array(NameRef)
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "set" })
    .describe("Servers one of whose hosts it is to be on."),
  query: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('In JSON, for Nova\'s JsonFilter: [">=", "$free_ram_mb", 1024].'),
  targetCell: z.string().min(1).max(255).optional(),
  differentCell: z.array(z.string().min(1).max(255)).max(64).optional().meta({ "x-kubernetes-list-type": "set" }),
  buildNearHostIP: z
    .string()
    .max(49)
    .regex(/^[0-9a-fA-F.:]+(\/[0-9]{1,3})?$/)
    .optional()
    .describe("Address of hosts, with its prefix: 192.0.2.0/24."),
  additionalProperties: z.record(z.string(), z.string().max(255)).optional().describe("Hints of the cloud's own."),
});

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  imageRef: NameRef.optional().describe("Image whose copy is its root disk. This, or bootVolume."),
  flavorRef: NameRef.describe("Flavor that says how large it is. Another one resizes it, with a restart."),
  bootVolume: z
    .object({ volumeRef: NameRef, tag: DeviceTag.optional().describe("What the guest finds the device by.") })
    .optional()
    .describe("Volume that is its root disk. It outlives the server."),
  userData: z
    .object({ secretRef: NameRef.describe("Secret whose key `value` is given to the guest as it is.") })
    .optional()
    .describe("What cloud-init or the like is to do at the first start."),
  ports: z
    .array(z.object({ portRef: NameRef }))
    .max(64)
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Ports that are attached to it; others are detached."),
  volumes: z
    .array(
      z.object({
        volumeRef: NameRef,
        device: z
          .string()
          .max(255)
          .regex(/^\/dev\/[a-zA-Z0-9/]+$/)
          .optional()
          .describe("A wish: /dev/vdb. Many hypervisors choose themselves."),
      }),
    )
    .max(64)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe(
      "Volumes that are attached to it, besides bootVolume; others are detached. What others attach stays where this is absent.",
    ),
  serverGroupRef: NameRef.optional().describe("ServerGroup that it is to be of."),
  schedulerHints: SchedulerHints.optional().describe("Where it is to be."),
  availabilityZone: Zone.optional(),
  keypairRef: NameRef.optional().describe("KeyPair whose public key the guest gets."),
  tags: tagSet(mostTags - 1).describe("Tags that it is to have; our own stowage.dev:uid is kept besides."),
  metadata: z
    .array(
      z.object({
        key: z
          .string()
          .min(1)
          .max(255)
          .regex(/^[a-zA-Z0-9_:. -]+$/),
        value: z.string().max(255),
      }),
    )
    .max(128)
    .optional()
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"] })
    .describe("What it and its guest are told; that of others stays where this is absent."),
  configDrive: z.boolean().optional().describe("Whether the guest gets its data on a drive."),
});

const Filter = z.object({
  name: OpenStackName.optional(),
  availabilityZone: Zone.optional(),
  tags: tagSet(mostTags).describe("All of these."),
  tagsAny: tagSet(mostTags).describe("One of these at least."),
  notTags: tagSet(mostTags).describe("Not all of these."),
  notTagsAny: tagSet(mostTags).describe("None of these."),
});

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  hostID: text.describe("Which host it is on, as Nova tells a project."),
  status: text.describe("ACTIVE, BUILD, ERROR, SHUTOFF, ..."),
  imageID: text,
  availabilityZone: text,
  serverGroups: z.array(z.string().max(1024)).max(32).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  volumes: z
    .array(z.object({ id: text }))
    .max(1024)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  interfaces: z
    .array(
      z.object({
        portID: text,
        netID: text,
        macAddr: text,
        portState: text,
        fixedIPs: z
          .array(z.object({ ipAddress: text, subnetID: text }))
          .max(1024)
          .optional()
          .meta({ "x-kubernetes-list-type": "atomic" }),
      }),
    )
    .max(1024)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  tags: z.array(z.string().max(1024)).max(mostTags).optional().meta({ "x-kubernetes-list-type": "atomic" }),
  metadata: z
    .array(z.object({ key: text, value: text }))
    .max(1024)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  configDrive: z.boolean().optional(),
});

export type ServerResource = z.infer<typeof Resource>;
export type ServerFilter = z.infer<typeof Filter>;

const another = "make another Server, and delete this one";

export const serverKind = externalKind({
  type: servers,
  description: "A server of Nova.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: {
    imageRef: `its root disk would be lost; ${another}`,
    bootVolume: another,
    userData: `guests read it at their first start only; ${another}`,
    serverGroupRef: another,
    schedulerHints: `they are for where it starts; ${another}`,
    availabilityZone: another,
    keypairRef: `guests read it at their first start only; ${another}`,
    configDrive: another,
  },
  rules: [
    {
      rule: "has(self.imageRef) != has(self.bootVolume)",
      message: "exactly one of imageRef and bootVolume must be specified",
    },
    {
      rule: "!(has(self.serverGroupRef) && has(self.schedulerHints) && has(self.schedulerHints.serverGroupRef))",
      message: "serverGroupRef may be specified once: directly, or in schedulerHints",
    },
  ],
  columns: [{ name: "Status", type: "string", jsonPath: ".status.resource.status" }],
});
