import { z } from "zod";
import type { External } from "./external.ts";
import { externalKind, externalType } from "./external.ts";
import { inDomainFilter, inDomainObserved, inDomainResource, keystoneIdPattern } from "./keystone.ts";

const Resource = z.object(inDomainResource);
const Filter = z.object(inDomainFilter);
const Observed = z.object(inDomainObserved);

export type Group = External<z.infer<typeof Resource>, z.infer<typeof Filter>, z.infer<typeof Observed>>;

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
