import { z } from "zod";
import { Collection } from "../collection.ts";
import type { Service } from "../service.ts";
import type { Of } from "../wire.ts";
import { wire } from "../wire.ts";

const role = wire({ id: z.string().optional(), name: z.string().optional(), domainId: z.string().optional() });

const accessRule = wire({
  id: z.string().optional(),
  path: z.string().optional(),
  method: z.string().optional(),
  service: z.string().optional(),
});

/** The secret is told once, with the creation; it is not read then: we gave it. */
const applicationCredential = wire(
  {
    id: z.string(),
    name: z.string(),
    description: z.string().optional(),
    unrestricted: z.boolean().optional(),
    projectId: z.string().optional(),
    roles: z.array(role.schema).optional(),
    expiresAt: z.string().optional(),
    accessRules: z.array(accessRule.schema).optional(),
    secret: z.string().optional(),
  },
  {},
  ["secret"],
);

/** Source: Identity API v3, "Application Credentials". It cannot be changed. */
export type RemoteApplicationCredential = Of<typeof applicationCredential>;

export type AccessRule = Of<typeof accessRule>;

/**
 * What requests application credentials of the user may be for. Keystone has each once for a user, makes those that it has
 * not with the credential, and keeps them when that goes. It deletes none that a credential has. Source: keystone/
 * application_credential/backends/sql.py.
 */
export async function accessRulesOf(service: Service, signal?: AbortSignal) {
  const userId = await service.userId(signal);
  return new Collection(service, {
    service: "identity",
    path: `/users/${encodeURIComponent(userId)}/access_rules`,
    singular: "access_rule",
    plural: "access_rules",
    wire: accessRule,
  });
}

/** Those of the user that the session is for: nobody can make another's. Source: keystone/api/users.py. */
export async function applicationCredentialsOf(service: Service, signal?: AbortSignal) {
  const userId = await service.userId(signal);
  return new Collection(service, {
    service: "identity",
    path: `/users/${encodeURIComponent(userId)}/application_credentials`,
    singular: "application_credential",
    plural: "application_credentials",
    wire: applicationCredential,
  });
}
