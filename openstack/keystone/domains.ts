import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const domain = wire({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  enabled: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
});

/** Source: Identity API v3, "Domains"; tags come with their being projects too (keystone/resource/schema.py). */
export type RemoteDomain = Of<typeof domain>;

export const domainsOf = (service: Service) =>
  new Collection(service, {
    service: "identity",
    path: "/domains",
    singular: "domain",
    plural: "domains",
    wire: domain,
    updateMethod: "PATCH",
  });
