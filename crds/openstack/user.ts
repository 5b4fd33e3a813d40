import { z } from "zod";
import { externalKind, NameRef } from "./external.ts";
import {
  domainFilterField,
  domainRefField,
  KeystoneDescription,
  keystoneIdPattern,
  KeystoneName,
  observedText,
} from "./keystone.ts";
import { users } from "./types.ts";

const Resource = z.object({
  name: KeystoneName.optional().describe("Its name in the cloud; the object's when absent."),
  description: KeystoneDescription.optional(),
  ...domainRefField,
  defaultProjectRef: NameRef.optional().describe("The Project that it signs in to where it does not say which."),
  enabled: z.boolean().optional().describe("Whether it can sign in; true when absent."),
  passwordRef: NameRef.optional().describe(
    "Secret whose key password has its password. When that changes, so does the password. It has none when absent.",
  ),
});

const Filter = z.object({ name: KeystoneName.optional(), ...domainFilterField });

const Observed = z.object({
  name: observedText,
  description: observedText,
  domainID: observedText,
  defaultProjectID: observedText,
  enabled: z.boolean().optional(),
  passwordExpiresAt: observedText,
  appliedPasswordRef: observedText.describe("Name of the Secret that its password was taken from last."),
});

export type UserResource = z.infer<typeof Resource>;
export type UserFilter = z.infer<typeof Filter>;

export const userKind = externalKind({
  type: users,
  description: "A Keystone user.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { domainRef: "make another User, and delete this one" },
  rules: [
    {
      rule: "!has(oldSelf.passwordRef) || has(self.passwordRef)",
      message:
        "passwordRef cannot be removed: a password stays until there is another; to keep the user out, set enabled to false",
    },
  ],
  idPattern: keystoneIdPattern,
});
