import { z } from "zod";
import { externalKind } from "./external.ts";
import { domainFilterField, domainRefField, keystoneIdPattern, observedText, ShortKeystoneName } from "./keystone.ts";
import { projects } from "./types.ts";

/** Without slashes and commas. Source: keystone/resource/schema.py. */
const Tag = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^,/]+$/);

// Keystone keeps 80, and one of them is ours.
const tagSet = z.array(Tag).max(79).optional().meta({ "x-kubernetes-list-type": "set" });

const Resource = z.object({
  name: ShortKeystoneName.optional().describe("Its name in the cloud; the object's when absent."),
  description: z.string().min(1).max(65535).optional(),
  ...domainRefField,
  enabled: z.boolean().optional().describe("Whether its users can sign in to it; true when absent."),
  tags: tagSet.describe("Tags that it is to have; our own stowage.dev:uid is kept besides."),
});

const Filter = z.object({
  name: ShortKeystoneName.optional(),
  ...domainFilterField,
  tags: tagSet.describe("All of these."),
  tagsAny: tagSet.describe("One of these at least."),
  notTags: tagSet.describe("Not all of these."),
  notTagsAny: tagSet.describe("None of these."),
});

const Observed = z.object({
  name: observedText,
  description: z.string().max(65535).optional(),
  domainID: observedText,
  enabled: z.boolean().optional(),
  tags: z.array(z.string().max(1024)).max(80).optional().meta({ "x-kubernetes-list-type": "atomic" }),
});

export type ProjectResource = z.infer<typeof Resource>;
export type ProjectFilter = z.infer<typeof Filter>;

export const projectKind = externalKind({
  type: projects,
  description: "A Keystone project.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { domainRef: "make another Project, and delete this one" },
  idPattern: keystoneIdPattern,
});
