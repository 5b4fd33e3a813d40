/** What can be mounted into a container. Source of names: VolumeSource in k8s.io/api/core/v1/types.go. */
import { z } from "zod";
import { DataKey, FileFieldRef, ResourceFieldRef } from "./environment.ts";
import { ObjectName, Quantity, withRules } from "./schema.ts";

/** As validateLocalNonReservedPath in kubernetes/pkg/apis/core/validation: relative, and no way out or over what is ours. */
const safeRelativePath = {
  rule: "!self.matches('^/|^[.][.]|/[.][.](/|$)')",
  message: "must be a relative path without '..', and must not begin with '..'",
};
const RelativePath = withRules(z.string().min(1).max(255), safeRelativePath);

const fileMode = z.int().min(0).max(0o777);

const KeyToPath = z.object({
  key: DataKey,
  path: RelativePath.describe("Where its content goes, below the mount path."),
  mode: fileMode.optional().describe("Mode of the file, as a decimal number or YAML octal; defaultMode when absent."),
});
const items = z
  .array(KeyToPath)
  .max(50)
  .optional()
  .meta({ "x-kubernetes-list-type": "atomic" })
  .describe("The keys that become files, and where; all of them under their own names when absent.");
const defaultMode = fileMode.default(0o644).describe("Mode of files that have none of their own: 420 is 0644.");
const optional = z.boolean().optional().describe("Whether the object or a key may be missing.");

const DownwardFile = withRules(
  z.object({
    path: RelativePath,
    fieldRef: FileFieldRef.optional(),
    resourceFieldRef: ResourceFieldRef.optional(),
    mode: fileMode.optional(),
  }),
  {
    rule: "has(self.fieldRef) != has(self.resourceFieldRef)",
    message: "exactly one of fieldRef and resourceFieldRef",
  },
);

const ProjectedSource = withRules(
  z.object({
    configMap: z.object({ name: ObjectName, items, optional }).optional(),
    secret: z.object({ name: ObjectName, items, optional }).optional(),
    downwardAPI: z
      .object({
        items: z.array(DownwardFile).max(50).optional().meta({ "x-kubernetes-list-type": "atomic" }),
      })
      .optional(),
  }),
  {
    rule: "[has(self.configMap), has(self.secret), has(self.downwardAPI)].filter(x, x).size() == 1",
    message: "exactly one of configMap, secret, downwardAPI",
  },
);

export const Volume = withRules(
  z.object({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
    emptyDir: z
      .object({
        medium: z.enum(["", "Memory"]).default("").describe("Memory for a tmpfs; the host's disk when empty."),
        sizeLimit: Quantity.optional().describe("Bytes that it may hold. A container that fills more is evicted."),
      })
      .optional()
      .describe("An empty folder that goes with the container."),
    hostPath: withRules(
      z.object({
        path: withRules(
          z
            .string()
            .max(1024)
            .regex(/^\/[^\0]*$/),
          { rule: "!self.matches('/[.][.](/|$)')", message: "must not contain '..'" },
        ).describe("Absolute path on the host."),
        type: z
          .enum(["", "DirectoryOrCreate", "Directory", "File", "Socket", "CharDevice", "BlockDevice"])
          .default("")
          .describe("DirectoryOrCreate makes the folder where there is none; all others must exist."),
      }),
      {
        rule: "!has(self.type) || self.type != 'DirectoryOrCreate' || !self.path.contains(':')",
        message: "type DirectoryOrCreate cannot make a folder with a colon in its path",
      },
    )
      .optional()
      .describe("Something of the host's own. Needs a namespace whose Pod Security level is privileged."),
    configMap: z.object({ name: ObjectName, items, defaultMode, optional }).optional(),
    secret: z.object({ secretName: ObjectName, items, defaultMode, optional }).optional(),
    projected: z
      .object({
        sources: z.array(ProjectedSource).min(1).max(16).meta({ "x-kubernetes-list-type": "atomic" }),
        defaultMode,
      })
      .optional()
      .describe("ConfigMaps, Secrets and facts about the Container, in one folder."),
    dockerVolume: z
      .object({
        name: withRules(
          z
            .string()
            .max(255)
            .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/),
          {
            rule: "!self.startsWith('stowage-')",
            message:
              "volumes whose names begin with stowage- belong to other Containers or to Stowage: choose another name",
          },
        ).describe("Its name on the host."),
        driver: z.string().min(1).max(255).optional().describe("Driver that makes it; local when absent."),
        driverOptions: z.record(z.string(), z.string()).optional(),
      })
      .optional()
      .describe("A volume of the Docker Engine. It is made where there is none, and outlives the Container."),
  }),
  {
    rule: "[has(self.emptyDir), has(self.hostPath), has(self.configMap), has(self.secret), has(self.projected), has(self.dockerVolume)].filter(x, x).size() == 1",
    message: "a volume has one source: exactly one of emptyDir, hostPath, configMap, secret, projected, dockerVolume",
  },
);
export type Volume = z.infer<typeof Volume>;

export const Volumes = z
  .array(Volume)
  .max(32)
  .optional()
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
  .describe("What volumeMounts mount.");

const VolumeMount = z.object({
  name: z.string().min(1).max(63).describe("Name of one of volumes."),
  mountPath: withRules(
    z
      .string()
      .max(1024)
      .regex(/^\/[^:\0]*$/),
    {
      rule: "!self.matches('^/+([.]/*)*$|/[.][.](/|$)')",
      message: "must be an absolute path other than /, without '..'",
    },
    {
      rule: "!self.matches('^/+([.]/+)*[.]stowage(/|$)')",
      message: "/.stowage is where Stowage keeps its own program: choose another path",
    },
  ).describe("Absolute path in the container."),
  readOnly: z.boolean().default(false),
  subPath: RelativePath.optional().describe(
    "What of the volume is mounted, instead of its root. Files of ConfigMaps and Secrets mounted so are not updated.",
  ),
});
export type VolumeMount = z.infer<typeof VolumeMount>;

export const VolumeMounts = z
  .array(VolumeMount)
  .max(32)
  .optional()
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["mountPath"] })
  .describe("Volumes, and where they are mounted.");
