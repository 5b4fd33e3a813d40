import { z } from "zod";
import { means } from "../errors.ts";
import type { Service } from "../service.ts";
import { cinderMicroversion } from "./time.ts";

/** What has pairs of a name and a value, by the paths where they are, and what they are wrapped in. */
const homes = {
  volumes: { below: "metadata", wrap: "metadata" },
  snapshots: { below: "metadata", wrap: "metadata" },
  types: { below: "extra_specs", wrap: "extra_specs" },
} as const;

export type MetadataHome = keyof typeof homes;

/** Adds these to what it has, or changes them. Source: Block Storage API v3, "Create or update metadata". */
export async function addMetadata(
  service: Service,
  home: MetadataHome,
  id: string,
  pairs: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<void> {
  const { below, wrap } = homes[home];
  await service.request({
    service: "block-storage",
    microversion: cinderMicroversion,
    method: "POST",
    path: `/${home}/${encodeURIComponent(id)}/${below}`,
    body: { [wrap]: pairs },
    action: `set ${below.replace("_", " ")} of ${home}/${id}`,
    schema: z.unknown(),
    ...(signal && { signal }),
  });
}

/** Takes one of them away; what is gone is gone. */
export async function removeMetadata(
  service: Service,
  home: MetadataHome,
  id: string,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const { below } = homes[home];
  try {
    await service.request({
      service: "block-storage",
      microversion: cinderMicroversion,
      method: "DELETE",
      path: `/${home}/${encodeURIComponent(id)}/${below}/${encodeURIComponent(name)}`,
      action: `remove ${below.replace("_", " ")} "${name}" of ${home}/${id}`,
      schema: z.unknown(),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!means(error, "NotFound")) throw error;
  }
}
