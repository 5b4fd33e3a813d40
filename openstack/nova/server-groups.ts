import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";
import { microversion } from "./microversion.ts";

const rules = wire({ maxServerPerHost: z.int().optional() });

const serverGroup = wire({
  id: z.string(),
  name: z.string(),
  policy: z.string().optional(),
  rules: rules.schema.optional(),
  projectId: z.string().optional(),
  userId: z.string().optional(),
});

/** Source: Compute API, "Server groups". */
export type RemoteServerGroup = Of<typeof serverGroup>;

export const serverGroupsOf = (service: Service) =>
  new Collection(service, {
    service: "compute",
    path: "/os-server-groups",
    singular: "server_group",
    plural: "server_groups",
    wire: serverGroup,
    microversion,
  });
