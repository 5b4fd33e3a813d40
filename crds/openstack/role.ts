import { z } from "zod";
import { externalKind, NameRef } from "./external.ts";
import { inDomainFilter, inDomainObserved, inDomainResource, keystoneIdPattern } from "./keystone.ts";
import { roles } from "./types.ts";

const Resource = z.object({
  ...inDomainResource,
  domainRef: NameRef.optional().describe("The Domain that it is for alone; it is for all of them when absent."),
});
const Filter = z.object(inDomainFilter);
const Observed = z.object(inDomainObserved);

export const roleKind = externalKind({
  type: roles,
  description: "A Keystone role.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { domainRef: "make another Role, and delete this one" },
  idPattern: keystoneIdPattern,
});
