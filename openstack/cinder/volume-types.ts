import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { cinderMicroversion } from "./time.ts";

const volumeType = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    isPublic: z.boolean().optional(),
    /** The same, as it is called to make one. Source: cinder/api/schemas/volume_types.py. */
    isPublicAtFirst: z.boolean().optional(),
    extraSpecs: z.record(z.string(), z.string()).optional(),
  },
  { isPublicAtFirst: "os-volume-type-access:is_public" },
);

/** Source: Block Storage API v3, "Volume types". */
export type RemoteVolumeType = Of<typeof volumeType>;

export const volumeTypesOf = (service: Service) =>
  new Collection(service, {
    service: "block-storage",
    path: "/types",
    singular: "volume_type",
    plural: "volume_types",
    wire: volumeType,
    microversion: cinderMicroversion,
  });
