/**
 * What users of an OpenStack project may do: what their roles there say, in the namespaces that are bound to it, and
 * nothing anywhere else. Who binds a namespace has to be allowed to write Namespaces, which no role of a project is.
 */
import type { User } from "./authentication.ts";
import type { Attempt, Authorizer } from "./authorization.ts";
import { allows, rulesOf } from "./authorization.ts";

/** Of a user who signed in to the project; at most one at a time, as with Keystone's tokens. */
export const projectGroup = (id: string): string => `keystone:project:${id}`;

/** Of a user who has the role in what it signed in to. */
export const roleGroup = (name: string): string => `keystone:role:${name}`;

/** Keystone's default roles, and the cluster roles whose rules they give. Source: Keystone, "Service API Protection". */
const clusterRoles: readonly (readonly [role: string, clusterRole: string])[] = [
  ["admin", "admin"],
  ["member", "edit"],
  ["reader", "view"],
];

/** `base`, and beyond it what the roles of a user give in the namespaces of the user's project. */
export function projectAuthorizer(base: Authorizer, projectOf: (namespace: string) => string | undefined): Authorizer {
  const clusterRolesOf = ({ groups }: User, namespace: string | undefined): readonly (readonly [string, string])[] => {
    const project = namespace === undefined ? undefined : projectOf(namespace);
    if (project === undefined || project === "" || !groups.includes(projectGroup(project))) return [];
    return clusterRoles.filter(([role]) => groups.includes(roleGroup(role)));
  };
  const allowedBy = (user: User, attempt: Attempt): string | undefined => {
    const giving = clusterRolesOf(user, attempt.resource?.namespace);
    return giving.find(([, clusterRole]) => rulesOf(clusterRole).some((rule) => allows(rule, attempt)))?.[0];
  };
  return {
    decide(user, attempt) {
      const decision = base.decide(user, attempt);
      if (decision.allowed) return decision;
      const role = allowedBy(user, attempt);
      return role === undefined
        ? decision
        : { allowed: true, reason: `allowed by the Keystone role ${JSON.stringify(role)}` };
    },
    rulesFor: (user, namespace) => [
      ...base.rulesFor(user, namespace),
      ...clusterRolesOf(user, namespace).flatMap(([, clusterRole]) => rulesOf(clusterRole)),
    ],
  };
}
