/** What the kinds of Keystone have in common. */
import { z } from "zod";
import { NameRef } from "./external.ts";

/** Of a domain or a project. Source: keystone/resource/schema.py. */
export const ShortKeystoneName = z.string().min(1).max(64);

/** Of a user, a group or a role. Source: keystone/identity/schema.py, keystone/assignment/schema.py. */
export const KeystoneName = z.string().min(1).max(255);

export const KeystoneDescription = z.string().min(1).max(255);

/** Ids are UUIDs without dashes, but of users from LDAP or a federation, and of the domain that is called "default". */
export const keystoneIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

export const observedText = z.string().max(1024).optional();

export const domainRefField = {
  domainRef: NameRef.optional().describe("The Domain that it is in; that of the credentials when absent."),
};

/** What a name in Keystone is looked for by, where names are unique in a domain. */
export const domainFilterField = { domainRef: NameRef.optional().describe("The Domain that it is in.") };

/** What is a name in a domain, and no more: groups and roles. */
export const inDomainResource = {
  name: KeystoneName.optional().describe("Its name in the cloud; the object's when absent."),
  description: KeystoneDescription.optional(),
  ...domainRefField,
};

export const inDomainFilter = { name: KeystoneName.optional(), ...domainFilterField };

export const inDomainObserved = { name: observedText, description: observedText, domainID: observedText };

export interface InDomainResource {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly domainRef?: string | undefined;
}

export type InDomainFilter = Omit<InDomainResource, "description">;
