import { z } from "zod";
import { externalKind, externalType } from "./external.ts";
import { inDomainFilter, inDomainObserved, inDomainResource, keystoneIdPattern } from "./keystone.ts";

const Resource = z.object(inDomainResource);
const Filter = z.object(inDomainFilter);
const Observed = z.object(inDomainObserved);

export const groups = externalType("Group", "groups");

export const groupKind = externalKind({
  kind: "Group",
  plural: "groups",
  description: "A Keystone group.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { domainRef: "make another Group, and delete this one" },
  idPattern: keystoneIdPattern,
});
