import { z } from "zod";
import { externalKind, OpenStackName } from "./external.ts";
import { serverGroups } from "./types.ts";

const Resource = z.object({
  name: OpenStackName.optional().describe("Its name in the cloud; the object's when absent."),
  policy: z
    .enum(["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"])
    .describe("Whether its servers are to be on one host or on several; soft: as far as that can be."),
  rules: z
    .object({
      maxServerPerHost: z
        .int()
        .min(1)
        .max(2 ** 31 - 1)
        .optional()
        .describe("Of anti-affinity: how many a host may have."),
    })
    .optional(),
});

const Filter = z.object({ name: OpenStackName.optional() });

const text = z.string().max(1024).optional();

const Observed = z.object({
  name: text,
  policy: text,
  projectID: text,
  userID: text,
  rules: z.object({ maxServerPerHost: z.int().optional() }).optional(),
});

export type ServerGroupResource = z.infer<typeof Resource>;
export type ServerGroupFilter = z.infer<typeof Filter>;

const another = "Nova cannot change it; make another ServerGroup, and delete this one";

export const serverGroupKind = externalKind({
  type: serverGroups,
  description: "Servers that Nova keeps together or apart.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: { name: another, policy: another, rules: another },
  rules: [
    {
      rule: "has(self.rules) && has(self.rules.maxServerPerHost) ? self.policy == 'anti-affinity' : true",
      message: "maxServerPerHost can only be used with the anti-affinity policy",
    },
  ],
});
