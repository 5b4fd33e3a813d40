import { z } from "zod";
import { externalKind, NameRef } from "./external.ts";
import { KeystoneDescription, keystoneIdPattern, KeystoneName, observedText } from "./keystone.ts";
import { applicationCredentials } from "./types.ts";

const userRef = NameRef.optional().describe(
  "The User that it belongs to. Keystone has users make their own only: it has to be that of the credentials, as it is when absent.",
);

const Resource = z.object({
  name: KeystoneName.optional().describe("Its name in the cloud; the object's when absent."),
  description: KeystoneDescription.optional(),
  userRef,
  unrestricted: z
    .boolean()
    .optional()
    .describe("Whether other application credentials, and trusts, can be made with it; false when absent."),
  secretRef: NameRef.describe("Secret whose key value has its secret. Keystone cannot change that later."),
  roleRefs: z
    .array(NameRef)
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("Roles that it has; all that the credentials have when absent."),
  accessRules: z
    .array(
      z
        .object({
          path: z
            .string()
            .max(225)
            .regex(/^\//)
            .optional()
            .describe("Path that it may ask for; * is any part of it, ** any number of them: /v2.0/ports/*."),
          method: z.enum(["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]).optional(),
          service: z.string().min(1).max(255).optional().describe("Type of the service in the catalog: network."),
        })
        .meta({ minProperties: 1 }),
    )
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" })
    .describe("The only requests that can be made with it; any when absent."),
  expiresAt: z
    .string()
    .max(64)
    .meta({ format: "date-time" })
    .optional()
    .describe("Until when it can be used; for ever when absent."),
});

const Filter = z.object({ userRef, name: KeystoneName.optional(), description: z.string().max(1024).optional() });

const Observed = z.object({
  name: observedText,
  description: observedText,
  unrestricted: z.boolean().optional(),
  projectID: observedText,
  roles: z
    .array(z.object({ name: observedText, id: observedText, domainID: observedText }))
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
  expiresAt: observedText,
  accessRules: z
    .array(z.object({ id: observedText, path: observedText, method: observedText, service: observedText }))
    .max(256)
    .optional()
    .meta({ "x-kubernetes-list-type": "atomic" }),
});

export type ApplicationCredentialResource = z.infer<typeof Resource>;
export type ApplicationCredentialFilter = z.infer<typeof Filter>;

const instead = "make another ApplicationCredential, and delete this one";

export const applicationCredentialKind = externalKind({
  type: applicationCredentials,
  description: "A Keystone application credential of the credentials' user in their project.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: Object.fromEntries(Object.keys(Resource.shape).map((field) => [field, instead])),
  idPattern: keystoneIdPattern,
});
