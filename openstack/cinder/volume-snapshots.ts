import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { CinderTime, cinderMicroversion } from "./time.ts";

const snapshot = wire(
  {
    id: z.string(),
    name: z.string().optional(),
    description: z.string().optional(),
    status: z.string().optional(),
    size: z.int().optional(),
    volumeId: z.string().optional(),
    /** Only to make one. */
    force: z.boolean().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    progress: z.string().optional(),
    projectId: z.string().optional(),
    userId: z.string().optional(),
    groupSnapshotId: z.string().optional(),
    consumesQuota: z.boolean().optional(),
    createdAt: CinderTime.optional(),
    updatedAt: CinderTime.optional(),
  },
  {
    progress: "os-extended-snapshot-attributes:progress",
    projectId: "os-extended-snapshot-attributes:project_id",
  },
);

/** Source: Block Storage API v3, "Volume snapshots". */
export type RemoteVolumeSnapshot = Of<typeof snapshot>;

export const volumeSnapshotsOf = (service: Service) =>
  new Collection(service, {
    service: "block-storage",
    path: "/snapshots",
    listPath: "/snapshots/detail",
    singular: "snapshot",
    plural: "snapshots",
    noun: "volume snapshot",
    wire: snapshot,
    microversion: cinderMicroversion,
  });
