import { z } from "zod";
import { externalKind } from "./external.ts";
import { KeystoneDescription, keystoneIdPattern, observedText, ShortKeystoneName } from "./keystone.ts";
import { domains } from "./types.ts";

const Resource = z.object({
  name: ShortKeystoneName.optional().describe("Its name in the cloud; the object's when absent."),
  description: KeystoneDescription.optional(),
  enabled: z.boolean().optional().describe("Whether its users can sign in; true when absent."),
});

const Filter = z.object({ name: ShortKeystoneName.optional(), enabled: z.boolean().optional() });

const Observed = z.object({ name: observedText, description: observedText, enabled: z.boolean().optional() });

export type DomainResource = z.infer<typeof Resource>;
export type DomainFilter = z.infer<typeof Filter>;

export const domainKind = externalKind({
  type: domains,
  description: "A Keystone domain. It is disabled before it is deleted, and everything in it goes with it.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  idPattern: keystoneIdPattern,
});
