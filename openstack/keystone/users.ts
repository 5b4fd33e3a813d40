import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

/**
 * Keystone keeps attributes that it does not know, and tells them like its own (additionalProperties in
 * keystone/identity/schema.py, ModelDictMixinWithExtras in keystone/identity/backends/sql_model.py): ours begin with
 * stowage. `password` is never told, and not read even if it were.
 */
const user = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    domainId: z.string().optional(),
    defaultProjectId: z.string().optional(),
    enabled: z.boolean().optional(),
    password: z.string().optional(),
    passwordExpiresAt: z.string().optional(),
    stowageUid: z.string().optional(),
    stowagePassword: z.string().optional(),
  },
  {},
  ["password"],
);

/** Source: Identity API v3, "Users". */
export type RemoteUser = Of<typeof user>;

export const usersOf = (service: Service) =>
  new Collection(service, {
    service: "identity",
    path: "/users",
    singular: "user",
    plural: "users",
    wire: user,
    updateMethod: "PATCH",
  });
