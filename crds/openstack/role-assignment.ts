import { z } from "zod";
import { externalKind, NameRef } from "./external.ts";
import { observedText } from "./keystone.ts";
import { roleAssignments } from "./types.ts";

const parts = {
  userRef: NameRef.optional().describe("The User that has the role."),
  groupRef: NameRef.optional().describe("The Group whose users have the role."),
  projectRef: NameRef.optional().describe("The Project that it is for."),
  domainRef: NameRef.optional().describe("The Domain that it is for."),
  system: z.literal("all").optional().describe("all: it is for the cloud as a whole."),
};

const Resource = z.object({ roleRef: NameRef.describe("The Role that is given."), ...parts });

const Filter = z.object({ roleRef: NameRef.optional().describe("The Role that is given."), ...parts });

const Observed = z.object({
  roleID: observedText,
  userID: observedText,
  groupID: observedText,
  projectID: observedText,
  domainID: observedText,
  system: observedText,
});

export type RoleAssignmentResource = z.infer<typeof Resource>;
export type RoleAssignmentFilter = z.infer<typeof Filter>;

const instead = "make another RoleAssignment, and delete this one";

export const roleAssignmentKind = externalKind({
  type: roleAssignments,
  description:
    "A role of a user or a group, in a project, a domain or the whole cloud. One that is there already becomes the object's.",
  resource: Resource,
  filter: Filter,
  observed: Observed,
  immutable: {
    roleRef: instead,
    userRef: instead,
    groupRef: instead,
    projectRef: instead,
    domainRef: instead,
    system: instead,
  },
  rules: [
    { rule: "has(self.userRef) != has(self.groupRef)", message: "exactly one of userRef and groupRef is required" },
    {
      rule: "[has(self.projectRef), has(self.domainRef), has(self.system)].filter(given, given).size() == 1",
      message: "exactly one of projectRef, domainRef and system is required",
    },
  ],
  // Keystone has no ids for these: see openstack/keystone/role-assignments.ts.
  idPattern: /^[A-Za-z0-9_-]{1,64}:(user|group):[A-Za-z0-9_-]{1,64}:(project|domain|system):[A-Za-z0-9_-]{1,64}$/,
});
