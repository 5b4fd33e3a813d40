import { z } from "zod";
import { externalKind } from "./external.ts";
import { inDomainFilter, inDomainObserved, inDomainResource, keystoneIdPattern } from "./keystone.ts";
import { groups } from "./types.ts";

const Resource = z.object(inDomainResource);
const Filter = z.object(inDomainFilter);
const Observed = z.object(inDomainObserved);

export const groupKind = externalKind({
  type: groups,
  description: "A Keystone group.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { domainRef: "make another Group, and delete this one" },
  idPattern: keystoneIdPattern,
});
