import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { CinderTime, cinderMicroversion } from "./time.ts";

const backup = wire(
  {
    id: z.string(),
    name: z.string().optional(),
    description: z.string().optional(),
    /** Absent, with all that follows, in the answer to a creation or a change. */
    status: z.string().optional(),
    size: z.int().optional(),
    volumeId: z.string().optional(),
    snapshotId: z.string().optional(),
    container: z.string().optional(),
    /** Only to make one. */
    incremental: z.boolean().optional(),
    force: z.boolean().optional(),
    isIncremental: z.boolean().optional(),
    hasDependentBackups: z.boolean().optional(),
    objectCount: z.int().optional(),
    failReason: z.string().optional(),
    availabilityZone: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    projectId: z.string().optional(),
    dataTimestamp: CinderTime.optional(),
    createdAt: CinderTime.optional(),
    updatedAt: CinderTime.optional(),
  },
  { projectId: "os-backup-project-attr:project_id" },
);

/** Source: Block Storage API v3, "Backups". */
export type RemoteVolumeBackup = Of<typeof backup>;

export const volumeBackupsOf = (service: Service) =>
  new Collection(service, {
    service: "block-storage",
    path: "/backups",
    listPath: "/backups/detail",
    singular: "backup",
    plural: "backups",
    noun: "volume backup",
    wire: backup,
    microversion: cinderMicroversion,
  });
