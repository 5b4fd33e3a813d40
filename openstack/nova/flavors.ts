import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { microversion } from "./microversion.ts";

const flavor = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    ram: z.int().optional(),
    vcpus: z.int().optional(),
    disk: z.int().optional(),
    swap: z.int().optional(),
    isPublic: z.boolean().optional(),
    ephemeral: z.int().optional(),
    extraSpecs: z.record(z.string(), z.string()).optional(),
  },
  { isPublic: "os-flavor-access:is_public", ephemeral: "OS-FLV-EXT-DATA:ephemeral" },
);

/** Source: Compute API, "Flavors". Extra specs are told to those who may see them. */
export type RemoteFlavor = Of<typeof flavor>;

export const flavorsOf = (service: Service) =>
  new Collection(service, {
    service: "compute",
    path: "/flavors",
    listPath: "/flavors/detail",
    singular: "flavor",
    plural: "flavors",
    wire: flavor,
    microversion,
  });

/** Query for public ones and others alike, for who may see those. */
export const publicOrNot = { is_public: "None" };

/** Adds these, or changes them; others stay. */
export async function setExtraSpecs(
  service: Service,
  id: string,
  extraSpecs: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<void> {
  await flavorsOf(service).act(id, {
    below: "/os-extra_specs",
    method: "POST",
    body: { extra_specs: extraSpecs },
    action: `set extra specs of flavor ${id}`,
    schema: z.unknown(),
    ...(signal && { signal }),
  });
}

/** Throws NotFound where it is gone already. */
export async function removeExtraSpec(service: Service, id: string, name: string, signal?: AbortSignal): Promise<void> {
  await flavorsOf(service).act(id, {
    below: `/os-extra_specs/${encodeURIComponent(name)}`,
    method: "DELETE",
    action: `remove extra spec ${name} of flavor ${id}`,
    schema: z.unknown(),
    ...(signal && { signal }),
  });
}
