import type { ResourceType } from "../../../crds/meta.ts";
import type { ExternalSpec } from "../../../crds/openstack/external.ts";
import type { RoleAssignmentFilter, RoleAssignmentResource } from "../../../crds/openstack/role-assignment.ts";
import { domains, groups, projects, roleAssignments, roles, users } from "../../../crds/openstack/types.ts";
import type { RoleAssignment, RoleAssignmentQuery } from "../../../openstack/keystone/role-assignments.ts";
import {
  assign,
  findRoleAssignments,
  isAssigned,
  roleAssignmentId,
  roleAssignmentOfId,
  unassign,
} from "../../../openstack/keystone/role-assignments.ts";
import type { Actuator, Context, Reference } from "../actuator.ts";
import { InvalidError, ready } from "../actuator.ts";
import { given, idOfAny } from "../keystone.ts";

const referenceTypes = {
  roleRef: roles,
  userRef: users,
  groupRef: groups,
  projectRef: projects,
  domainRef: domains,
} as const satisfies Readonly<Record<string, ResourceType>>;

type Names = Partial<Record<keyof typeof referenceTypes, string | undefined>>;

const referencesIn = (where: string, names: Names = {}): readonly Reference[] =>
  given(
    ...Object.entries(referenceTypes).map(
      ([field, type]) => [`${where}.${field}`, type, names[field as keyof Names]] as const,
    ),
  );

/** The ids of what a spec names. */
const partsOf = (context: Context, named: RoleAssignmentFilter): RoleAssignmentQuery => ({
  roleId: idOfAny(context, roles, named.roleRef),
  userId: idOfAny(context, users, named.userRef),
  groupId: idOfAny(context, groups, named.groupRef),
  projectId: idOfAny(context, projects, named.projectRef),
  domainId: idOfAny(context, domains, named.domainRef),
  system: named.system,
});

/** Throws InvalidError where a part is missing, which admission lets nobody ask for. */
export function assignmentOf(parts: RoleAssignmentQuery): RoleAssignment {
  const { roleId, userId, groupId, projectId, domainId, system } = parts;
  const actor =
    userId === undefined
      ? groupId !== undefined && { kind: "group" as const, id: groupId }
      : { kind: "user" as const, id: userId };
  const target =
    projectId !== undefined
      ? { kind: "project" as const, id: projectId }
      : domainId !== undefined
        ? { kind: "domain" as const, id: domainId }
        : system !== undefined && { kind: "system" as const, id: system };
  if (roleId === undefined || actor === false || target === false)
    throw new InvalidError("a role assignment takes a role, a user or a group, and a project, a domain or the system");
  return { roleId, actor, target };
}

const wanted = (context: Context, resource: RoleAssignmentResource): RoleAssignment =>
  assignmentOf(partsOf(context, resource));

export const roleAssignmentActuator: Actuator<RoleAssignmentResource, RoleAssignmentFilter, RoleAssignment> = {
  type: roleAssignments,
  references: ({ resource, import: imported }: ExternalSpec<RoleAssignmentResource, RoleAssignmentFilter>) => [
    ...referencesIn("resource", resource),
    ...referencesIn("import.filter", imported?.filter),
  ],
  idOf: roleAssignmentId,
  async get({ cloud, signal }, id) {
    const one = roleAssignmentOfId(id);
    return one !== undefined && (await isAssigned(cloud, one, signal)) ? one : undefined;
  },
  find: (context, filter) => findRoleAssignments(context.cloud, partsOf(context, filter), context.signal),
  /** It has no mark, and needs none: whoever assigns the same role there means the same assignment. */
  async leftBehind(context, resource) {
    const one = wanted(context, resource);
    return (await isAssigned(context.cloud, one, context.signal)) ? [one] : [];
  },
  async create(context, resource) {
    const one = wanted(context, resource);
    await assign(context.cloud, one, context.signal);
    return one;
  },
  changes: () => [],
  async delete({ cloud, signal }, one) {
    await unassign(cloud, one, signal);
    return "gone";
  },
  stateOf: () => ready,
  observe: ({ roleId, actor, target }) => ({
    roleID: roleId,
    ...(actor.kind === "user" ? { userID: actor.id } : { groupID: actor.id }),
    ...(target.kind === "system"
      ? { system: target.id }
      : target.kind === "project"
        ? { projectID: target.id }
        : { domainID: target.id }),
  }),
};
