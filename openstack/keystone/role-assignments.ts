import { z } from "zod";
import { means } from "../errors.ts";
import type { Service } from "../service.ts";

/** Who has which role where. Keystone has no id for it: what it consists of is all that there is. */
export interface RoleAssignment {
  readonly roleId: string;
  readonly actor: { readonly kind: "user" | "group"; readonly id: string };
  /** The id of the system is "all". */
  readonly target: { readonly kind: "project" | "domain" | "system"; readonly id: string };
}

/** An id for what has none: `<role>:user:<user>:project:<project>`. */
export const roleAssignmentId = ({ roleId, actor, target }: RoleAssignment): string =>
  [roleId, actor.kind, actor.id, target.kind, target.id].join(":");

const idPattern = /^([^:]+):(user|group):([^:]+):(project|domain|system):([^:]+)$/;

/** Undefined for what {@link roleAssignmentId} never makes. */
export function roleAssignmentOfId(id: string): RoleAssignment | undefined {
  const [, roleId, actor, actorId, target, targetId] = idPattern.exec(id) ?? [];
  if (roleId === undefined || actorId === undefined || targetId === undefined) return undefined;
  return {
    roleId,
    actor: { kind: actor as RoleAssignment["actor"]["kind"], id: actorId },
    target: { kind: target as RoleAssignment["target"]["kind"], id: targetId },
  };
}

/** Where it is on the wire. Source: Identity API v3, "Roles" and "System Role Assignments". */
export function roleAssignmentPath({ roleId, actor, target }: RoleAssignment): string {
  const where = target.kind === "system" ? "/system" : `/${target.kind}s/${encodeURIComponent(target.id)}`;
  return `${where}/${actor.kind}s/${encodeURIComponent(actor.id)}/roles/${encodeURIComponent(roleId)}`;
}

type Verb = "GET" | "PUT" | "DELETE";

const words: Readonly<Record<Verb, string>> = { GET: "check", PUT: "assign", DELETE: "unassign" };

/** All three have no body, and may be asked again. False where it, or a part of it, is not there. */
async function ask(service: Service, verb: Verb, one: RoleAssignment, signal?: AbortSignal): Promise<boolean> {
  try {
    await service.request({
      service: "identity",
      method: verb,
      path: roleAssignmentPath(one),
      action: `${words[verb]} role ${one.roleId} of ${one.actor.kind} ${one.actor.id}`,
      schema: z.unknown(),
      ...(signal && { signal }),
    });
    return true;
  } catch (error) {
    if (verb !== "PUT" && means(error, "NotFound")) return false;
    throw error;
  }
}

export const isAssigned = (service: Service, one: RoleAssignment, signal?: AbortSignal): Promise<boolean> =>
  ask(service, "GET", one, signal);

/** Succeeds where it is so already. */
export async function assign(service: Service, one: RoleAssignment, signal?: AbortSignal): Promise<void> {
  await ask(service, "PUT", one, signal);
}

/** False where it was so already. */
export const unassign = (service: Service, one: RoleAssignment, signal?: AbortSignal): Promise<boolean> =>
  ask(service, "DELETE", one, signal);

export interface RoleAssignmentQuery {
  readonly roleId?: string | undefined;
  readonly userId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly projectId?: string | undefined;
  readonly domainId?: string | undefined;
  readonly system?: "all" | undefined;
}

const withId = z.object({ id: z.string() });

const listed = z.object({
  role: withId,
  user: withId.optional(),
  group: withId.optional(),
  scope: z.object({
    project: withId.optional(),
    domain: withId.optional(),
    system: z.object({ all: z.boolean() }).optional(),
    "OS-INHERIT:inherited_to": z.string().optional(),
  }),
});

/** All that match, as they were made; what only follows from being in a group or below a domain is none of them. */
export async function findRoleAssignments(
  service: Service,
  { roleId, userId, groupId, projectId, domainId, system }: RoleAssignmentQuery,
  signal?: AbortSignal,
): Promise<readonly RoleAssignment[]> {
  const found = await service.list({
    service: "identity",
    path: "/role_assignments",
    query: {
      "role.id": roleId,
      "user.id": userId,
      "group.id": groupId,
      "scope.project.id": projectId,
      "scope.domain.id": domainId,
      "scope.system": system,
    },
    action: "list role assignments",
    schema: z.object({ role_assignments: z.array(listed) }).transform((page) => page.role_assignments),
    ...(signal && { signal }),
  });
  return found.flatMap(({ role, user, group, scope }): readonly RoleAssignment[] => {
    if (scope["OS-INHERIT:inherited_to"] !== undefined) return [];
    const actor = user ? { kind: "user" as const, id: user.id } : group && { kind: "group" as const, id: group.id };
    const target =
      (scope.project && { kind: "project" as const, id: scope.project.id }) ??
      (scope.domain && { kind: "domain" as const, id: scope.domain.id }) ??
      (scope.system && { kind: "system" as const, id: "all" });
    return actor === undefined || target === undefined ? [] : [{ roleId: role.id, actor, target }];
  });
}
