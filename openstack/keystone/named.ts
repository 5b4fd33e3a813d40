import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

/** Keystone keeps `stowageUid` though it does not know it: see users.ts. */
const named = wire({
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  domainId: z.string().optional(),
  stowageUid: z.string().optional(),
});

/** A group or a role. Source: Identity API v3, "Groups" and "Roles". */
export type RemoteNamed = Of<typeof named>;

const namedOf = (service: Service, singular: string, plural: string) =>
  new Collection(service, {
    service: "identity",
    path: `/${plural}`,
    singular,
    plural,
    wire: named,
    updateMethod: "PATCH",
  });

export const groupsOf = (service: Service) => namedOf(service, "group", "groups");

/** Lists have the roles of one domain, or those of none. */
export const rolesOf = (service: Service) => namedOf(service, "role", "roles");
